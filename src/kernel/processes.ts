import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs'

/** What can be read of a process that may end at any moment or belong to somebody else. */
export type Readable<T> = T | 'gone' | 'denied'

/** Every process id of this procfs, ascending. */
export function listProcesses(): number[] {
  const pids: number[] = []
  for (const name of readdirSync('/proc')) if (isNumber(name)) pids.push(Number(name))
  return pids.sort((a, b) => a - b)
}

/** Inode of a namespace link such as `/proc/7/ns/net`, whose text is `net:[4026531840]` (namespaces(7)). */
export function readNamespaceLink(path: string): Readable<number> {
  try {
    const link = readlinkSync(path)
    return Number(link.slice(link.indexOf('[') + 1, -1))
  } catch (error) {
    return absence(error)
  }
}

/** Threads other than the main one; empty for most processes, which costs one stat. */
export function listThreads(pid: number): number[] {
  try {
    // a directory has two links and one more for each subdirectory: here, for each thread
    if (statSync(`/proc/${pid}/task`).nlink <= 3) return []
    return readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .filter((tid) => tid !== pid)
  } catch {
    return []
  }
}

/** The network namespaces that a process keeps alive by an open file descriptor. */
export function listHeldNamespaces(pid: number): Readable<{ fd: number; inode: number }[]> {
  let names: string[]
  try {
    names = readdirSync(`/proc/${pid}/fd`)
  } catch (error) {
    return absence(error)
  }
  const held: { fd: number; inode: number }[] = []
  for (const name of names) {
    const target = linkTarget(`/proc/${pid}/fd/${name}`)
    if (target?.startsWith('net:[')) held.push({ fd: Number(name), inode: Number(target.slice(5, -1)) })
  }
  return held
}

/** Command name as the kernel keeps it (`comm`, at most 15 bytes); undefined once the process is gone. */
export function readCommand(pid: number): string | undefined {
  return readSmallFile(`/proc/${pid}/comm`)?.replace(/\n$/, '')
}

/** Arguments; empty for a kernel thread, a zombie and a process that is gone. Bounded to 64 KiB. */
export function readArguments(pid: number): string[] {
  return (readSmallFile(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1)
}

/** `/proc/PID/cgroup`: one line a hierarchy, `0::/path` for the unified one (cgroups(7)). */
export function readCgroup(pid: number): string {
  return readSmallFile(`/proc/${pid}/cgroup`) ?? ''
}

export function readParent(pid: number): number | undefined {
  const stat = readSmallFile(`/proc/${pid}/stat`)
  // the command in parentheses may hold anything, so fields count from the last closing one
  const parent = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  return parent > 0 ? parent : undefined
}

/** Clock ticks between the boot and its start (proc_pid_stat(5) field 22): a number used again has another. */
export function readStartTime(pid: number): number | undefined {
  const stat = readSmallFile(`/proc/${pid}/stat`)
  const [, ...fields] = stat?.slice(stat.lastIndexOf(')') + 1).split(' ') ?? []
  // a zombie has ended, though its number is still taken
  return fields[0] === undefined || fields[0] === 'Z' ? undefined : Number(fields[19])
}

/** Path of the executable; undefined for kernel threads and for what we may not look at. */
export function readExecutable(pid: number): string | undefined {
  return linkTarget(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '')
}

const SMALL_FILE_BYTES = 65_536

function readSmallFile(path: string): string | undefined {
  try {
    return path.endsWith('/cmdline') ? readBounded(path) : readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function readBounded(path: string): string {
  const fd = openSync(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(SMALL_FILE_BYTES)
    return buffer.toString('utf8', 0, readSync(fd, buffer))
  } finally {
    closeSync(fd)
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function absence(error: unknown): 'gone' | 'denied' {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'gone'
}

function isNumber(name: string): boolean {
  const first = name.charCodeAt(0)
  return first >= 48 && first <= 57
}
