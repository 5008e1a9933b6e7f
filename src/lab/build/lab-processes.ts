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
export async function endLabProcesses(lab: string): Promise<number> {
  const pids = labProcesses(lab)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const left = labProcesses(lab)
    if (left.length === 0) break
    for (const pid of left) send(pid, signal)
    await gone(() => labProcesses(lab).length === 0)
  }
  return pids.length
}

function labProcesses(lab: string): readonly number[] {
  const own = readNamespaceLink('/proc/self/ns/net')
  const inodes = new Set(namespacesOf(lab).flatMap((path) => inodeOf(path) ?? []))
  const isInside = (pid: number): boolean => {
    const inode = readNamespaceLink(`/proc/${pid}/ns/net`)
    // a name of the lab may have been given to the namespace of the machine itself
    return typeof inode === 'number' && inodes.has(inode) && inode !== own
  }
  return listProcesses().filter((pid) => pid !== process.pid && (isInside(pid) || isAgent(pid, lab)))
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}

/** `node …/tsnet-shoot.js lab agent LAB` */
function isAgent(pid: number, lab: string): boolean {
  return readArguments(pid).slice(-3).join(' ') === `lab agent ${lab}`
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
