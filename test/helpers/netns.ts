import { readdir, readlink } from 'node:fs/promises'
import { type CommandOptions, run, tryRun } from './netns-command.ts'

/** Namespaces (`ip netns`) of one test file: named after it, removed after it, and looked for afterwards. */
export interface TestNamespaces {
  /** Makes a namespace with lo up; gives its full name, `ts-PREFIX-PID-LABEL`. */
  add(label: string): Promise<string>
  /** Runs a program inside a namespace and gives its stdout; throws when it fails. */
  run(name: string, command: string, commandArguments: readonly string[], options?: CommandOptions): Promise<string>
  /** `ip -n NAME …`, the words separated by spaces: `ip(a, 'link add br0 type bridge')`. */
  ip(name: string, words: string): Promise<string>
  /** One line a command of `ip -batch`. */
  ipBatch(name: string, lines: readonly string[]): Promise<void>
  inode(name: string): Promise<number>
  /** Ends every process inside and removes every namespace: for afterAll. */
  removeAll(): Promise<void>
  /** What of ours is left on the machine: namespaces, links, processes. Empty after {@link removeAll}. */
  leaks(): Promise<string[]>
}

/** @param prefix short and of your own; links that a test makes outside of its namespaces begin with it too */
export function testNamespaces(prefix: string): TestNamespaces {
  const names: string[] = []
  const stem = `ts-${prefix}-${process.pid}`
  const runInside = (name: string, command: string, words: readonly string[], options: CommandOptions = {}) =>
    run('ip', ['netns', 'exec', name, command, ...words], options)
  return {
    add: async (label) => {
      const name = `${stem}-${label}`
      await run('ip', ['netns', 'add', name])
      names.push(name)
      await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
      return name
    },
    run: runInside,
    ip: (name, words) => run('ip', ['-n', name, ...words.split(' ').filter((word) => word !== '')]),
    ipBatch: async (name, lines) => {
      await run('ip', ['-n', name, '-batch', '-'], { input: `${lines.join('\n')}\n` })
    },
    inode: inodeOf,
    removeAll: async () => {
      for (const name of names.splice(0)) {
        for (const pid of await processesIn(name)) endProcess(pid)
        await run('ip', ['netns', 'delete', name])
      }
    },
    leaks: () => leaksOf(stem),
  }
}

/** Inode of the nsfs file of an `ip netns` name. */
export async function inodeOf(name: string): Promise<number> {
  return Number((await run('stat', ['-L', '-c', '%i', `/run/netns/${name}`])).trim())
}

async function processesIn(name: string): Promise<number[]> {
  const { stdout } = await tryRun('ip', ['netns', 'pids', name])
  return stdout.split('\n').filter(Boolean).map(Number)
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it ended by itself
  }
}

async function leaksOf(stem: string): Promise<string[]> {
  const namespaces = (await readdir('/run/netns').catch(() => [])).filter((name) => name.startsWith(stem))
  const links = (await readdir('/sys/class/net')).filter((name) => name.startsWith(stem))
  const processes = await childProcesses()
  return [
    ...namespaces.map((name) => `namespace ${name}`),
    ...links.map((name) => `link ${name}`),
    ...processes.map((pid) => `process ${pid} in a namespace of its own`),
  ]
}

/** Descendants of this process whose network namespace is not ours. */
async function childProcesses(): Promise<number[]> {
  const own = await readlink('/proc/self/ns/net')
  const { stdout } = await tryRun('ps', ['--no-headers', '-o', 'pid', '--ppid', String(process.pid)])
  const children = stdout.split('\n').map(Number).filter(Boolean)
  const elsewhere = await Promise.all(
    children.map(async (pid) => ((await readlink(`/proc/${pid}/ns/net`).catch(() => own)) === own ? 0 : pid)),
  )
  return elsewhere.filter(Boolean)
}
