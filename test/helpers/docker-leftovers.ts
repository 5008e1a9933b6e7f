import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs'
import { basename, join } from 'node:path'

export function commandOf(pid: number): string {
  return textOf(`/proc/${pid}/comm`).trim()
}

export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export function mountNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`)
  } catch {
    return undefined
  }
}

export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
}

/** Ids of all children of a process and theirs, itself left out; orphans that went to PID 1 are not among them. */
export function descendants(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const pid of listPids()) {
    const parent = parentOf(pid)
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const found: number[] = []
  for (const queue = [root]; queue.length > 0; ) {
    const next = children.get(queue.pop() ?? 0) ?? []
    found.push(...next)
    queue.push(...next)
  }
  return found
}

function parentOf(pid: number): number {
  const stat = textOf(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    if (pid > 1) process.kill(pid, signal)
  } catch {
    // it has ended already
  }
}

/** The cgroup of an engine in each hierarchy that has it. */
export function cgroupFolders(folder: string): string[] {
  const roots = ['/sys/fs/cgroup', ...foldersIn('/sys/fs/cgroup')]
  return roots.map((root) => join(root, basename(folder))).filter((path) => existsSync(path))
}

export function removeCgroup(path: string): boolean {
  try {
    if (existsSync(path)) {
      for (const inner of foldersIn(path)) removeCgroup(inner)
      rmdirSync(path)
    }
    return true
  } catch {
    return false
  }
}

function foldersIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(path, name))
}
