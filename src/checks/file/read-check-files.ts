import { dirname, join, normalize } from 'node:path/posix'
import { messageOf, TsnetError } from '../../errors.ts'
import type { CheckPlace } from '../../model/check.ts'
import { shapeChecker } from '../../model/file/check-shape.ts'
import { parseYamlFile, type YamlDocument } from '../../model/file/document.ts'
import { type Complaint, Complaints, type Path, type Problem } from '../../model/file/problem.ts'
import type { Check } from './check.ts'
import { checkFileValidator } from './check-file-validator.ts'
import { type CheckDefaults, type CheckEntry, readCheck } from './read-check.ts'
import { substitute, type Variables } from './template.ts'

export interface CheckFilesReading {
  /** Absent when there is an error among the problems. */
  readonly checks?: readonly Check[]
  /** Of all files, file by file, in the order of their lines. */
  readonly problems: readonly Problem[]
  /** Every file that was read, included ones too. */
  readonly files: readonly string[]
}

export interface CheckFilesOptions {
  /** The text of a file. @throws TsnetError `input` */
  readonly read: (path: string) => string
  /** Before what files say. */
  readonly variables?: Variables
}

interface CheckFile {
  readonly include?: readonly string[]
  readonly vars?: Variables
  readonly defaults?: CheckDefaults
  readonly checks?: readonly CheckEntry[]
}

const MAX_FILES = 100
export const MAX_CHECKS = 10_000

/**
 * Reads check files and those that they include, and finds all that is wrong with them at once.
 *
 * @throws TsnetError `input` when a file that was named cannot be read
 */
export function readCheckFiles(files: readonly string[], options: CheckFilesOptions): CheckFilesReading {
  const reader = new Reader(options.read)
  for (const file of files) reader.readNamed(file, options.variables ?? {})
  const hasError = reader.problems.some(({ severity }) => severity === 'error')
  return {
    problems: reader.problems,
    files: [...reader.seen],
    ...(hasError ? {} : { checks: reader.checks }),
  }
}

const checkShape = shapeChecker(checkFileValidator)

class Reader {
  readonly checks: Check[] = []
  readonly problems: Problem[] = []
  readonly seen = new Set<string>()
  readonly #read: CheckFilesOptions['read']

  constructor(read: CheckFilesOptions['read']) {
    this.#read = read
  }

  readNamed(file: string, variables: Variables): void {
    if (this.seen.has(file)) return
    this.#readText(file, this.#read(file), variables, [file])
  }

  #readText(file: string, text: string, given: Variables, chain: readonly string[]): void {
    this.seen.add(file)
    const { document, problems } = parseYamlFile(file, text)
    if (document === undefined) {
      this.problems.push(...problems)
      return
    }
    const own = new OneFile(document, given)
    for (const [position, name] of own.includes.entries()) this.#include(own, { name, position, chain })
    this.checks.push(...own.readChecks(MAX_CHECKS - this.checks.length))
    this.problems.push(...own.problems())
  }

  #include(from: OneFile, { name, position, chain }: Inclusion): void {
    const path = normalize(join(dirname(from.file), name))
    const target = name.startsWith('/') ? normalize(name) : path
    const at: Path = ['include', position]
    if (chain.includes(target)) {
      from.complaints.error(at, `it includes itself: ${[...chain.slice(chain.indexOf(target)), target].join(' → ')}`)
      return
    }
    if (this.seen.has(target)) return
    if (this.seen.size >= MAX_FILES) {
      from.complaints.error(at, `more than ${MAX_FILES} files`)
      return
    }
    try {
      this.#readText(target, this.#read(target), from.variables, [...chain, target])
    } catch (error) {
      if (!(error instanceof TsnetError)) throw error
      from.complaints.error(at, messageOf(error))
    }
  }
}

interface Inclusion {
  readonly name: string
  readonly position: number
  /** The files that lead here. */
  readonly chain: readonly string[]
}

/** What one file says, with its variables filled in. */
class OneFile {
  readonly complaints = new Complaints()
  readonly variables: Variables
  readonly #document: YamlDocument
  readonly #shape: readonly Complaint[]
  readonly #content: CheckFile

  constructor(document: YamlDocument, given: Variables) {
    this.#document = document
    const written = (isMap(document.value) ? document.value : {}) as CheckFile
    this.variables = { ...(isMap(written.vars) ? written.vars : {}), ...given }
    const filled = isMap(document.value) ? this.#fill(written) : (document.value ?? {})
    this.#shape = checkShape(filled)
    this.#content = (isMap(filled) ? filled : {}) as CheckFile
  }

  get file(): string {
    return this.#document.file
  }

  get includes(): readonly string[] {
    const { include } = this.#content
    return Array.isArray(include) ? include.filter((name) => typeof name === 'string') : []
  }

  /** Those that are of the right shape. */
  readChecks(most: number): readonly Check[] {
    const { checks, defaults } = this.#content
    if (!Array.isArray(checks)) return []
    if (checks.length > most) {
      this.complaints.error(['checks', most], `more than ${MAX_CHECKS} checks`)
      return []
    }
    const areDefaultsGood = !this.#shape.some(({ path }) => path[0] === 'defaults')
    const wrong = new Set(this.#shape.flatMap((complaint) => (spoils(complaint) ? [complaint.path[1]] : [])))
    return (checks as readonly CheckEntry[]).flatMap((entry, position) => {
      if (wrong.has(position)) return []
      const read = readCheck(entry, {
        at: ['checks', position],
        complaints: this.complaints,
        placeOf: (path) => this.#placeOf(path),
        ...(areDefaultsGood && defaults !== undefined ? { defaults } : {}),
      })
      return read === undefined ? [] : [read]
    })
  }

  /** In the order of the lines, each once. */
  problems(): readonly Problem[] {
    const found = [...this.#shape, ...this.complaints.list].map(({ severity, path, atKey, message }): Problem => {
      return { severity, file: this.file, ...this.#document.positionOf(path, atKey), message }
    })
    const distinct = new Map(found.map((problem) => [JSON.stringify(problem), problem]))
    return [...distinct.values()].toSorted((a, b) => a.line - b.line || a.column - b.column)
  }

  #placeOf(path: Path): CheckPlace {
    return { file: this.file, ...this.#document.positionOf(path, typeof path.at(-1) === 'string') }
  }

  #fill({ checks, defaults, ...rest }: CheckFile): unknown {
    const substitution = { variables: this.variables, complaints: this.complaints, later: 'each' }
    const fill = (value: unknown, at: Path): unknown =>
      value === undefined ? undefined : substitute(value, at, substitution)
    return {
      ...rest,
      ...(defaults === undefined ? {} : { defaults: fill(defaults, ['defaults']) }),
      ...(checks === undefined ? {} : { checks: fill(checks, ['checks']) }),
    }
  }
}

/** An unknown key inside of what a check says does not keep the rest of it from being read. */
function spoils({ path, message }: Complaint): boolean {
  return path[0] === 'checks' && !(path.length > 3 && message.startsWith('unknown key'))
}

function isMap(value: unknown): value is Readonly<Record<string, never>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
