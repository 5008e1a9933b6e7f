import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { type CommandOptions, type CommandResult, run, tryRun } from './netns-command.ts'

/**
 * A machine of its own for one test: private network, mount, process and host name namespaces. Nobody else's
 * namespace, link, rule or engine is seen in it, /run is empty, and the kernel removes all of it with its first
 * process, which ends when we do.
 */
export interface World {
  /** First process, as seen from outside. */
  readonly pid: number
  /** Runs a program inside and gives its stdout; throws when it fails. */
  run(command: string, commandArguments: readonly string[], options?: WorldCommandOptions): Promise<string>
  tryRun(command: string, commandArguments: readonly string[], options?: WorldCommandOptions): Promise<CommandResult>
  /** Starts a program inside that goes on; ended with the world at the latest. */
  start(command: string, commandArguments: readonly string[], options?: WorldStartOptions): ChildProcess
  close(): Promise<void>
}

export interface WorldCommandOptions extends CommandOptions {
  /** `ip netns` name; absent = the world's host. */
  readonly namespace?: string
}

export interface WorldStartOptions {
  readonly namespace?: string
  readonly stdio?: 'ignore' | 'pipe'
}

/** What the first process does: a /run and a /sys of its own, then say what we say until we close its input. */
const FIRST_PROCESS = [
  'set -e',
  'mount -t tmpfs -o mode=755 tsnet-test /run',
  'mkdir /run/netns /run/lock',
  'mount -t sysfs tsnet-test /sys',
  'hostname tsnet-test',
  'ip link set lo up',
  'cat',
].join('\n')

const UNSHARE = ['--net', '--mount', '--pid', '--uts', '--fork', '--kill-child', '--mount-proc']

export async function openWorld(): Promise<World> {
  const outer = spawn('unshare', [...UNSHARE, 'sh', '-c', FIRST_PROCESS], { stdio: ['pipe', 'pipe', 'inherit'] })
  await ready(outer)
  const pid = await onlyChild(outer.pid ?? 0)
  const enter = ['-t', String(pid), '--net', '--mount', '--pid', '--uts', '--']
  const words = (namespace: string | undefined, command: string, rest: readonly string[]) => [
    ...enter,
    ...(namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${namespace}`, '--']),
    command,
    ...rest,
  ]
  return {
    pid,
    run: (command, rest, options = {}) => run('nsenter', words(options.namespace, command, rest), options),
    tryRun: (command, rest, options = {}) => tryRun('nsenter', words(options.namespace, command, rest), options),
    start: (command, rest, options = {}) =>
      spawn('nsenter', words(options.namespace, command, rest), { stdio: options.stdio ?? 'ignore' }),
    close: () => end(outer),
  }
}

/** Once its last process answers: what runs in it is the same from then on. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdin?.on('error', () => undefined).write('ready\n')
    child.stdout?.once('data', () => resolve())
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`unshare: exit ${code} before the world was ready`)))
  })
}

async function onlyChild(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean)
  if (children.length !== 1) throw new Error(`unshare: ${children.length} children where one was expected`)
  return Number(children[0])
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.stdin?.end()
  })
}
