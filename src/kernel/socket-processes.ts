import { readdirSync, readlinkSync } from 'node:fs'
import { listProcesses, readCommand } from './processes.ts'

export interface SocketProcess {
  readonly pid: number
  readonly command: string
}

/**
 * Which processes hold each socket, by the socket's inode, from the links `socket:[INODE]` in /proc/PID/fd
 * (proc_pid_fd(5)): some 7 µs for every open descriptor of the machine. Processes that may not be read are left out.
 */
export function readSocketProcesses(): ReadonlyMap<number, readonly SocketProcess[]> {
  const holders = new Map<number, SocketProcess[]>()
  for (const pid of listProcesses()) {
    const inodes = socketsOf(pid)
    if (inodes.size === 0) continue
    const holder = { pid, command: readCommand(pid) ?? '' }
    for (const inode of inodes) {
      const known = holders.get(inode)
      if (known) known.push(holder)
      else holders.set(inode, [holder])
    }
  }
  return holders
}

function socketsOf(pid: number): ReadonlySet<number> {
  const inodes = new Set<number>()
  for (const fd of list(`/proc/${pid}/fd`)) {
    const target = linkTarget(`/proc/${pid}/fd/${fd}`)
    if (target.startsWith('socket:[')) inodes.add(Number(target.slice(8, -1)))
  }
  return inodes
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // gone, or another user's
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
