import { shapeChecker } from '../model/file/check-shape.ts'
import { parseYamlFile } from '../model/file/document.ts'
import { type Complaint, Complaints, type Path, type Problem } from '../model/file/problem.ts'
import { checkTopology } from './check-file/check-topology.ts'
import type { LabFile } from './file/lab-file.ts'
import { prune } from './file/prune.ts'
import { labValidator } from './schema/lab-validator.ts'
import { readTopology } from './topology/read-topology.ts'
import type { LabTopology } from './topology/topology.ts'

const checkShape = shapeChecker(labValidator)

export interface LabReading {
  /** Where something that is complained about later stands. */
  readonly locate: (complaint: Complaint) => Problem
  /** Absent when there is an error among the problems. */
  readonly topology?: LabTopology
  /** In the order of the file. */
  readonly problems: readonly Problem[]
}

/**
 * Reads a lab file and finds all that is wrong with it at once: what is of the wrong shape does not keep the rest from
 * being looked at.
 *
 * @param file shown in problems
 */
export function readLab(file: string, text: string): LabReading {
  const { document, problems } = parseYamlFile(file, text)
  const locate = ({ severity, path, atKey, message }: Complaint): Problem => {
    const { line, column } = document?.positionOf(path, atKey) ?? { line: 1, column: 1 }
    return { severity, file, line, column, message }
  }
  if (document === undefined) return { problems, locate }
  const shape = checkShape(document.value)
  const complaints = new Complaints()
  const placeOf = (path: Path) => ({ file, ...document.positionOf(path, typeof path.at(-1) === 'string') })
  const pruned = shape.length === 0 ? document.value : pruneUntilValid(document.value, shape)
  const topology = pruned === undefined ? undefined : readTopology(pruned as LabFile, complaints, placeOf)
  if (topology !== undefined) checkTopology(topology, complaints)
  const followUps = (each: Complaint) => shape.some(({ path }) => path.length > 1 && isBelow(each.path, path))
  const found = [...shape, ...complaints.list.filter((each) => !followUps(each))].map(locate)
  const hasError = found.some(({ severity }) => severity === 'error')
  return { locate, problems: inOrder(found), ...(topology === undefined || hasError ? {} : { topology }) }
}

/** What is taken away may leave its surroundings without something that they need. */
function pruneUntilValid(value: unknown, first: readonly Complaint[]): unknown {
  let [left, complaints] = [value, first]
  for (let round = 0; round < MAX_ROUNDS && complaints.length > 0; round++) {
    left = prune(left, complaints)
    if (left === undefined) return undefined
    complaints = checkShape(left).filter(({ path }) => !isHole(left, path))
  }
  return complaints.length === 0 ? left : undefined
}

const MAX_ROUNDS = 8

/** What was taken away lacks things for that reason alone. */
function isBelow(path: Path, above: Path): boolean {
  return above.every((step, position) => path[position] === step)
}

/** An item of a list that was taken away is of no shape, and is passed over by all who read on. */
function isHole(root: unknown, path: Complaint['path']): boolean {
  return path.length > 0 && path.reduce<unknown>((value, step) => (value as never)?.[step], root) === undefined
}

/** Each once: what is wrong in two ways may be told in the same words. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const distinct = new Map(problems.map((problem) => [JSON.stringify(problem), problem]))
  return [...distinct.values()].toSorted((a, b) => a.line - b.line || a.column - b.column)
}
