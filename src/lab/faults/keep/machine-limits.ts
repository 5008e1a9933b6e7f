import { accessSync, constants, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TsnetError } from '../../../errors.ts'
import { stateFolder } from '../../build/lab-paths.ts'

/** Setting → how it was. */
type Kept = Readonly<Record<string, string>>

/** True where this process may change a limit that the first namespace of the machine has for all, or why not. */
export function canLimit(sysctl: string): true | string {
  const path = sysctlFile(sysctl)
  if (!existsSync(path)) return `this machine has no ${sysctl} yet`
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return `${sysctl} belongs to the first network namespace of the machine`
  }
}

/** Changes a limit of the machine; how it was is on disk before. */
export function changeLimit(lab: string, sysctl: string, value: string): void {
  const path = keptFile(lab)
  const kept: Kept = { [sysctl]: readFileSync(sysctlFile(sysctl), 'utf8').trim(), ...readKept(path) }
  writeFileSync(`${path}.new`, JSON.stringify(kept), { mode: 0o600 })
  renameSync(`${path}.new`, path)
  write(sysctl, value)
}

/** Puts back what a fault of the lab has changed of the machine. No error when it has changed nothing. */
export function restoreLimits(lab: string): void {
  const path = keptFile(lab)
  for (const [sysctl, value] of Object.entries(readKept(path))) write(sysctl, value)
  rmSync(path, { force: true })
}

function readKept(path: string): Kept {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Kept) : {}
}

function keptFile(lab: string): string {
  return join(stateFolder(lab), 'machine.json')
}

function write(sysctl: string, value: string): void {
  try {
    writeFileSync(sysctlFile(sysctl), value)
  } catch (cause) {
    throw new TsnetError('failed', `${sysctl} = ${value}: ${messageOf(cause)}`, {
      cause,
      hint: `in the first network namespace of the machine: sysctl -w ${sysctl}=${value}`,
    })
  }
}

function sysctlFile(sysctl: string): string {
  return `/proc/sys/${sysctl.replaceAll('.', '/')}`
}
