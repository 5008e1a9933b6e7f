import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { basename } from 'node:path'
import { TsnetError } from '../../errors.ts'
import { namedFilesFolders } from '../../model/lab-files.ts'
import { BoundedLog } from './bounded-log.ts'
import type { RunningWorkload, StartWorkload, WorkloadContext, WorkloadState } from './running-workload.ts'

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Where the child finds its namespace (after stdin, stdout, stderr). */
const NAMESPACE_FD = 3
/** Between asking a program to end and ending it. */
const GRACE_MS = 2000

/**
 * Whoever dies between the agent's fork and the death signal being set would leave an orphan: a parent that is not the
 * agent any more is one. `$1` is the agent's pid.
 */
const WITH_PARENT = '[ "$PPID" = "$1" ] || exit 1; shift; exec "$@"'

/**
 * First process of a pid namespace: its end is that of every process that the program started, wherever they went. Lays
 * the files of `$1` over those in /etc, runs the rest, and passes a request to end on to all.
 */
const AS_INIT = `for file in "$1"/*; do
  [ -f "/etc/\${file##*/}" ] && mount --bind "$file" "/etc/\${file##*/}"
done
shift
trap 'kill -TERM -1' TERM
"$@" &
while wait $!; status=$?; kill -0 $! 2>/dev/null; do :; done
exit $status`

/**
 * Runs any program in the container's network namespace, with the container's resolv.conf and hosts. It is not
 * restarted. All that it starts lives in a pid namespace of its own and ends with it, and with the agent, even a
 * killed one.
 */
export const startCommand: StartWorkload = async (context) => {
  const { command = [] } = context
  if (command.length === 0) throw new TsnetError('usage', `workload ${context.name}: no command`)
  const fd = openSync(context.sandbox.path, 'r')
  try {
    return await begun(new RunningCommand(context, launch(context, command, fd)))
  } finally {
    closeSync(fd)
  }
}

function launch(context: WorkloadContext, command: readonly string[], fd: number): ChildProcess {
  const args = [
    ...['--pdeathsig', 'KILL', 'sh', '-c', WITH_PARENT, 'workload', String(process.pid)],
    ...['nsenter', `--net=/proc/self/fd/${NAMESPACE_FD}`, '--'],
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
    ...['sh', '-c', AS_INIT, 'workload', filesFolder(context), ...command],
  ]
  return spawn('setpriv', args, {
    stdio: ['ignore', 'pipe', 'pipe', fd],
    // a process group of its own, which a signal reaches as a whole
    detached: true,
    cwd: '/',
    env: { PATH, LC_ALL: 'C.UTF-8', HOSTNAME: context.name, ...context.environment },
  })
}

/** Where the lab wrote what this container resolves names with; an empty word finds no file. */
function filesFolder({ sandbox }: WorkloadContext): string {
  return namedFilesFolders(basename(sandbox.path)).find((folder) => existsSync(folder)) ?? ''
}

/** Once the program is a process; what becomes of that is told by `describe`. */
function begun(running: RunningCommand): Promise<RunningWorkload> {
  const { child } = running
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(running))
    child.once('error', (cause) => {
      const hint = 'install the package util-linux'
      reject(new TsnetError('unsupported', `setpriv: ${cause.message}`, { cause, hint }))
    })
  })
}

class RunningCommand implements RunningWorkload {
  readonly child: ChildProcess
  readonly #log: BoundedLog
  readonly #ended: Promise<void>
  #end: string | undefined

  constructor({ logFile }: WorkloadContext, child: ChildProcess) {
    this.child = child
    this.#log = new BoundedLog(logFile)
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => this.#log.write(piece))
    this.#ended = new Promise((resolve) => {
      child.once('close', (status, signal) => {
        this.#end = signal === null ? `exit status ${status}` : `ended by ${signal}`
        this.#log.close()
        resolve()
      })
    })
  }

  describe(): WorkloadState {
    return this.#end === undefined
      ? { state: 'serving', detail: `pid ${this.child.pid}` }
      : { state: 'ended', detail: this.#end }
  }

  async close(): Promise<void> {
    const { pid } = this.child
    if (pid === undefined || this.#end !== undefined) return
    signalGroup(pid, 'SIGTERM')
    const kill = setTimeout(() => signalGroup(pid, 'SIGKILL'), GRACE_MS)
    await this.#ended
    clearTimeout(kill)
  }
}

/** While its leader is our child that nobody has waited for, the number cannot be another group's. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // it has just ended
  }
}
