import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { messageOf, TsnetError } from '../../errors.ts'
import type { ResolvedLab } from '../resolve/lab-object.ts'
import { hasJournal } from './journal.ts'
import { namespacePath, namespacesOf, presentLabs, stateFolder } from './lab-paths.ts'

/** A lab that is built, as it is kept on disk. */
export interface BuiltLab {
  readonly format: 1
  readonly resolved: ResolvedLab
  /** The lab file that it is of, for people. */
  readonly file: string
  /** ISO 8601. */
  readonly builtAt: string
}

/**
 * `unfinished` = lab up died in the middle, `interrupted` = lab apply did; `remains` = something that no state knows
 * of.
 */
export type LabCondition = 'absent' | 'up' | 'unfinished' | 'interrupted' | 'remains'

export function labCondition(lab: string): LabCondition {
  // only its owner may know more of a lab than that it is there
  if (isHidden(lab)) return 'up'
  const isBuilt = existsSync(pathOf(lab))
  if (hasJournal(lab)) return isBuilt ? 'interrupted' : 'unfinished'
  if (isBuilt) return 'up'
  return namespacesOf(lab).length > 0 || existsSync(stateFolder(lab)) ? 'remains' : 'absent'
}

function isHidden(lab: string): boolean {
  try {
    accessSync(stateFolder(lab), constants.R_OK | constants.X_OK)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' && namespacesOf(lab).length > 0
  }
}

/** The labs of this machine and how they are. */
export function listLabs(): readonly { readonly name: string; readonly condition: LabCondition }[] {
  return presentLabs().map((name) => ({ name, condition: labCondition(name) }))
}

export function makeStateFolder(lab: string): void {
  mkdirSync(stateFolder(lab), { recursive: true, mode: 0o700 })
}

export function writeBuiltLab(lab: BuiltLab): void {
  const path = pathOf(lab.resolved.name)
  writeFileSync(`${path}.new`, JSON.stringify(lab), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/**
 * @throws TsnetError `usage` when there is no such lab, `privilege` when it is somebody else's, `input` when its state is
 * unreadable
 */
export function readBuiltLab(lab: string): BuiltLab {
  const path = pathOf(lab)
  if (isHidden(lab)) {
    throw new TsnetError('privilege', `lab ${lab}: its state is for its owner alone`, { hint: 'run as root' })
  }
  if (!existsSync(path)) throw notUp(lab)
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as BuiltLab
  } catch (cause) {
    throw new TsnetError('input', `${path}: ${messageOf(cause)}`, {
      cause,
      hint: `remove what there is: tsnet-shoot lab down ${lab}`,
    })
  }
}

function notUp(lab: string): TsnetError {
  const condition = labCondition(lab)
  if (condition !== 'absent') {
    return new TsnetError('usage', `lab ${lab}: it was left unfinished`, { hint: `tsnet-shoot lab down ${lab}` })
  }
  const up = listLabs().map(({ name }) => name)
  const hint = up.length === 0 ? 'no lab is up' : `Labs: ${up.join(' ')}`
  return new TsnetError('usage', `lab ${lab}: it is not up`, { hint })
}

function pathOf(lab: string): string {
  return join(stateFolder(lab), 'lab.json')
}

/** linux/magic.h */
const NSFS_MAGIC = 0x6e736673

/** What is there of a built lab: whatever is, or is in, a namespace that was deleted from under it is left out. */
export function presentPart(lab: ResolvedLab): ResolvedLab {
  const gone = new Set<string>()
  const objects = lab.objects.filter((object) => {
    const isNamespace = 'name' in object && NAMESPACE_KINDS.has(object.kind)
    const lost = isNamespace && !isNamespaceFile(namespacePath(lab.name, object.name))
    if (lost || object.needs.some((id) => gone.has(id))) gone.add(object.id)
    return !gone.has(object.id)
  })
  return { ...lab, objects }
}

/** Objects with a namespace of their own name. */
export const NAMESPACE_KINDS: ReadonlySet<string> = new Set(['segment', 'host', 'router', 'container'])

function isNamespaceFile(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC
  } catch {
    return false
  }
}
