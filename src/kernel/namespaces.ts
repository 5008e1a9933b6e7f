import { readFileSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Hidden } from '../model/snapshot.ts'
import { type NamespaceMount, readNamespaceMounts } from './mounts.ts'
import { listHeldNamespaces, listProcesses, listThreads, type Readable, readNamespaceLink } from './processes.ts'

/** A network namespace and every way to it. */
export interface DiscoveredNamespace {
  readonly inode: number
  /** That of PID 1; where PID 1 cannot be read, our own. */
  readonly host: boolean
  /** The one we are in ourselves: it needs no capability. */
  readonly isOwn: boolean
  /** `ip netns` names, then paths of other bind mounts. */
  readonly names: readonly string[]
  /** Processes whose main thread is in it, ascending. */
  readonly pids: readonly number[]
  /** Threads in it whose process is elsewhere. */
  readonly tasks: readonly { readonly pid: number; readonly tid: number }[]
  readonly mounts: readonly DiscoveredMount[]
  readonly heldBy: readonly { readonly pid: number; readonly fd: number }[]
  /** Files to open or give to setns(2), best first: the longest-lived one leads. */
  readonly paths: readonly string[]
}

export interface DiscoveredMount extends NamespaceMount {
  /** The process in whose mount namespace `path` is; absent for our own. */
  readonly pid?: number
  /** How we reach it: `path`, or through `/proc/PID/root`. */
  readonly reachableAs: string
}

export interface DiscoverOptions {
  /** Look through the open files of every process, about 10 µs each (default true). */
  readonly heldFds?: boolean
}

export interface Discovery {
  /** The host first, then as they were found: by process, by mount, by descriptor. */
  readonly namespaces: readonly DiscoveredNamespace[]
  readonly hidden: readonly Hidden[]
}

/**
 * Every network namespace that exists, one entry an inode: those of processes and of single threads, those bound to a
 * file in any mount namespace, and those that only an open descriptor keeps alive. What is reachable only as the other
 * side of a link is for the inspector to add. Reads nothing but procfs; whatever vanishes meanwhile is left out.
 */
export function discoverNamespaces({ heldFds = true }: DiscoverOptions = {}): Discovery {
  const found = new Registry()
  const { readable, denied } = addProcesses(found)
  addMounts(found, readable)
  if (heldFds) addHeldDescriptors(found, readable)
  return { namespaces: found.result(), hidden: denied === 0 ? [] : [unreadable(denied)] }
}

/** Inode of the network namespace of any task, main thread or not. */
export function inodeOfPid(pid: number): number | undefined {
  const inode = readNamespaceLink(`/proc/${pid}/ns/net`)
  return typeof inode === 'number' ? inode : undefined
}

/**
 * Inode of a file that is a namespace; of which type is known only once it is entered. An ordinary file has none:
 * nsfs, like every file system without a device, has major number 0, and its files have no permission to write.
 */
export function inodeOfPath(path: string): number | undefined {
  try {
    const { dev, ino, mode } = statSync(path)
    return dev === nsfsDevice() && (mode & 0o777) === 0o444 ? ino : undefined
  } catch {
    return undefined
  }
}

function nsfsDevice(): number {
  return statSync('/proc/self/ns/net').dev
}

/** include/linux/kthread.h: the parent of kernel threads, which live in the first namespace. */
const KTHREADD = 2
/** include/linux/sched.h */
const PF_KTHREAD = 0x0020_0000

/** The process whose namespace is the host's: the first one, a kernel thread where that is hidden from us, else we. */
function hostProcess(): number {
  if (inodeOfPid(1) !== undefined) return 1
  return isKernelThread(KTHREADD) && inodeOfPid(KTHREADD) !== undefined ? KTHREADD : process.pid
}

/** In another pid namespace the number may be anybody's. proc_pid_stat(5): `pid (comm) state ppid … flags`. */
function isKernelThread(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6])
    return (flags & PF_KTHREAD) !== 0
  } catch {
    return false
  }
}

function addProcesses(found: Registry): { readable: number[]; denied: number } {
  const host = hostProcess()
  const readable: number[] = []
  let denied = 0
  for (const pid of [host, ...listProcesses()]) {
    const inode: Readable<number> = readNamespaceLink(`/proc/${pid}/ns/net`)
    if (inode === 'denied') denied++
    if (typeof inode !== 'number') continue
    const namespace = found.at(inode)
    if (namespace.pids.at(-1) === pid || (pid === host && readable.length > 0)) continue
    if (readable.length === 0) namespace.host = true
    namespace.pids.push(pid)
    readable.push(pid)
    addThreads(found, pid, inode)
  }
  return { readable, denied }
}

function addThreads(found: Registry, pid: number, ofProcess: number): void {
  for (const tid of listThreads(pid)) {
    const inode = readNamespaceLink(`/proc/${pid}/task/${tid}/ns/net`)
    if (typeof inode === 'number' && inode !== ofProcess) found.at(inode).tasks.push({ pid, tid })
  }
}

/** One process of each mount namespace shows its mounts: a daemon may keep its namespaces in one of its own. */
function addMounts(found: Registry, pids: readonly number[]): void {
  const own = readNamespaceLink('/proc/self/ns/mnt')
  for (const mount of mountsOf('self')) found.addMount({ ...mount, reachableAs: mount.path })
  const seen = new Set([own])
  for (const pid of pids) {
    const mountNamespace = readNamespaceLink(`/proc/${pid}/ns/mnt`)
    if (typeof mountNamespace !== 'number' || seen.has(mountNamespace)) continue
    seen.add(mountNamespace)
    for (const mount of mountsOf(pid)) found.addMount({ ...mount, pid, reachableAs: `/proc/${pid}/root${mount.path}` })
  }
}

function mountsOf(pid: number | 'self'): NamespaceMount[] {
  try {
    return readNamespaceMounts(pid)
  } catch {
    return []
  }
}

/** Ours are left out: what only we hold has ended for everybody else. */
function addHeldDescriptors(found: Registry, pids: readonly number[]): void {
  for (const pid of pids) {
    if (pid === process.pid) continue
    const held = listHeldNamespaces(pid)
    if (typeof held === 'string') continue
    for (const { fd, inode } of held) found.at(inode).heldBy.push({ pid, fd })
  }
}

function unreadable(processes: number): Hidden {
  return {
    subject: 'namespaces of other users',
    reason: `the namespaces of ${processes} ${processes === 1 ? 'process' : 'processes'} may not be read`,
    hint: 'run as root of the host, or with CAP_SYS_PTRACE',
  }
}

interface Entry {
  host: boolean
  readonly pids: number[]
  readonly tasks: { pid: number; tid: number }[]
  readonly mounts: DiscoveredMount[]
  readonly heldBy: { pid: number; fd: number }[]
}

class Registry {
  readonly #entries = new Map<number, Entry>()

  at(inode: number): Entry {
    const known = this.#entries.get(inode)
    if (known !== undefined) return known
    const entry: Entry = { host: false, pids: [], tasks: [], mounts: [], heldBy: [] }
    this.#entries.set(inode, entry)
    return entry
  }

  /** Mount namespaces inherit mounts and exchange them: the same path again is the same mount. */
  addMount(mount: DiscoveredMount): void {
    const { mounts } = this.at(mount.inode)
    if (!mounts.some(({ path }) => path === mount.path)) mounts.push(mount)
  }

  result(): DiscoveredNamespace[] {
    const own = readNamespaceLink('/proc/self/ns/net')
    return Array.from(this.#entries, ([inode, entry]) => {
      entry.pids.sort((a, b) => a - b)
      return { inode, isOwn: inode === own, ...entry, names: namesOf(entry), paths: pathsOf(inode, entry) }
    })
  }
}

const NETNS_FOLDERS: ReadonlySet<string> = new Set(['/run/netns', '/var/run/netns'])

/** `ip netns` name of a mount (ip-netns(8)), undefined for any other place. */
export function netnsNameOf(path: string): string | undefined {
  return NETNS_FOLDERS.has(dirname(path)) ? basename(path) : undefined
}

function namesOf({ mounts }: Entry): string[] {
  const netns: string[] = []
  const others: string[] = []
  for (const { path } of mounts) {
    const name = netnsNameOf(path)
    if (name === undefined) others.push(path)
    else if (!netns.includes(name)) netns.push(name)
  }
  return [...netns, ...others]
}

function pathsOf(inode: number, { pids, tasks, mounts, heldBy }: Entry): string[] {
  const paths = mounts.filter(({ pid }) => pid === undefined).map(({ path }) => path)
  for (const pid of pids.slice(0, ENTRIES_BY_PROCESS)) paths.push(`/proc/${pid}/ns/net`)
  for (const { reachableAs, pid } of mounts) if (pid !== undefined) paths.push(reachableAs)
  for (const { pid, tid } of tasks) paths.push(`/proc/${pid}/task/${tid}/ns/net`)
  for (const { pid, fd } of heldBy) paths.push(`/proc/${pid}/fd/${fd}`)
  return inode === 0 ? [] : paths
}

/** A namespace with thousands of processes needs no thousand ways in. */
const ENTRIES_BY_PROCESS = 4
