import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { TsnetError } from '../../errors.ts'
import { didYouMean } from '../../model/nearest.ts'
import type { NamespaceIdentity } from '../../model/snapshot.ts'
import { namespacePath, namespacesOf } from './lab-paths.ts'
import { readBuiltLab } from './lab-state.ts'

/** Names of everything in a lab that is a namespace. @throws TsnetError `usage` when it is not up */
export function machinesOf(lab: string): readonly string[] {
  readBuiltLab(lab)
  return machineNames(lab)
}

/** The same, whatever the state of the lab says. */
export function machineNames(lab: string): readonly string[] {
  return namespacesOf(lab).map((path) => basename(path).split(':')[2] ?? '')
}

/**
 * A machine, segment or container of a lab, to be entered.
 *
 * @throws TsnetError `usage` when the lab is not up or has none of that name
 */
export function labMachine(lab: string, name: string): NamespaceIdentity {
  const names = machinesOf(lab)
  if (!names.includes(name)) {
    throw new TsnetError('usage', `lab ${lab}: there is no ${name} in it${didYouMean(name, names)}`, {
      hint: `In it: ${names.join(' ')}`,
    })
  }
  const path = namespacePath(lab, name)
  return { inode: statSync(path).ino, names: [basename(path)], owner: { kind: 'lab', name, lab }, pids: [] }
}
