import { statSync } from 'node:fs'
import { listProcesses, readArguments, readNamespaceLink } from '../../kernel/processes.ts'
import { namespacesOf } from './lab-paths.ts'

/** How long a process may take to go after SIGTERM, and after SIGKILL. */
const GRACE_MS = 1000
const POLL_MS = 10

/**
 * Ends what keeps the namespaces of a lab alive: programs inside, and its agent when it does not answer any more. Only
 * processes that could do nothing useful afterwards are ended. @returns how many there were
 */
export function endLabProcesses(lab: string): Promise<number> {
  const inodes = inodesOf(namespacesOf(lab))
  return endAll(() => listProcesses().filter((pid) => isInside(pid, inodes) || isAgent(pid, lab)))
}

/** Ends what runs in namespaces that have lost their names. */
export async function endProcessesIn(inodes: ReadonlySet<number>): Promise<void> {
  if (inodes.size > 0) await endAll(() => listProcesses().filter((pid) => isInside(pid, inodes)))
}

export function inodesOf(paths: readonly string[]): ReadonlySet<number> {
  return new Set(paths.flatMap((path) => inodeOf(path) ?? []))
}

async function endAll(find: () => readonly number[]): Promise<number> {
  const pids = find()
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const left = find()
    if (left.length === 0) break
    for (const pid of left) send(pid, signal)
    await gone(() => find().length === 0)
  }
  return pids.length
}

/** A name of the lab may have been given to the namespace of the machine itself: nothing of that is ended. */
function isInside(pid: number, inodes: ReadonlySet<number>): boolean {
  const inode = readNamespaceLink(`/proc/${pid}/ns/net`)
  return typeof inode === 'number' && inodes.has(inode) && inode !== readNamespaceLink('/proc/self/ns/net')
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}

/** `node …/tsnet-shoot.js lab agent LAB [--when-told]` */
function isAgent(pid: number, lab: string): boolean {
  const words = readArguments(pid).slice(2)
  return pid !== process.pid && words.slice(0, 3).join(' ') === `lab agent ${lab}`
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it ended by itself
  }
}

async function gone(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + GRACE_MS
  while (!condition() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
}
