import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { buildBusyboxArchive } from './docker-image.ts'
import {
  cgroupFolders,
  commandOf,
  descendants,
  kill,
  listPids,
  mountNamespaceOf,
  removeCgroup,
  textOf,
} from './docker-leftovers.ts'

const run = promisify(execFile)

/** The only image there is: static busybox, so nothing has to be pulled. */
export const IMAGE = 'ts-busybox'

export interface DockerEngine {
  /** Process id of dockerd, as we see it. */
  readonly pid: number
  /** A process in the engine's network and mount namespaces that outlives a restart of it. */
  readonly keeperPid: number
  /** Its socket, through its own mount namespace. */
  readonly socket: string
  /** The cgroup below which all is that it starts. */
  readonly cgroup: string
  /** A folder with the root file system of {@link IMAGE}. */
  readonly rootfs: string
  /** Runs the docker client and gives what it printed, trimmed. */
  docker(...words: string[]): Promise<string>
  /** Runs a program in the network and mount namespaces of the engine. */
  inside(...words: string[]): Promise<string>
  /** Starts a detached container of {@link IMAGE} that sleeps, and gives its id. */
  runContainer(name: string, ...options: string[]): Promise<string>
  /** Ends dockerd alone, by SIGTERM unless said otherwise, and starts it again in its namespaces. */
  restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Ends the engine and all it started, and removes what it wrote. */
  stop(): Promise<void>
}

export interface DockerEngineOptions {
  /** Give it a pid namespace of its own too: the process ids that it tells are then none of ours. */
  readonly ownPids?: boolean
  /** More words for dockerd. */
  readonly daemonOptions?: readonly string[]
}

/**
 * A real dockerd in network and mount namespaces of its own, with a private /run and /etc: the machine's rules, bridges and
 * sockets, and any engine that runs already, stay as they are.
 */
export async function startDockerEngine({
  ownPids = false,
  daemonOptions = [],
}: DockerEngineOptions = {}): Promise<DockerEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'ts-docker-'))
  const log = openSync(join(folder, 'log'), 'w')
  const namespaces = ['--net', '--mount', '--propagation', 'private']
  const pids = ownPids ? ['--pid', '--fork', '--kill-child', '--mount-proc'] : []
  const shell = ['sh', '-euc', ENTER_AND_START, 'sh', folder, cgroupOf(folder), ...daemonOptions]
  const child = spawn('unshare', [...namespaces, ...pids, ...shell], { stdio: ['ignore', log, log] })
  closeSync(log)
  const engine = new RunningEngine(child, folder)
  try {
    await engine.ready()
    return engine
  } catch (error) {
    const tail = readFileSync(join(folder, 'log'), 'utf8').split('\n').slice(-15).join('\n')
    await engine.stop()
    throw new Error(`dockerd did not start:\n${tail}`, { cause: error })
  }
}

/**
 * Arguments: folder, cgroup parent, options. The shell stays, as the parent that reaps what the engine leaves; a file
 * `again` has it start dockerd once more. Its containerd dies with a dockerd that is killed, but stays a zombie, and so
 * seems to run, where the machine's first process reaps none.
 */
const ENTER_AND_START = `
mount -t tmpfs ts-run /run
cp -a /etc "$1/etc"
rm -rf "$1/etc/docker"
mount --bind "$1/etc" /etc
ip link set lo up
folder=$1 group=$2
shift 2
while true; do
  dockerd --data-root "$folder/data" --storage-driver vfs --cgroup-parent "$group/docker" --shutdown-timeout 1 "$@" &
  echo $! > "$folder/dockerd.pid"
  trap 'kill $!' TERM
  wait || wait || true
  [ -e "$folder/again" ] || break
  rm "$folder/again" && rm -f /run/docker/containerd/containerd.pid
done
`

function cgroupOf(folder: string): string {
  return `/${basename(folder)}`
}

const START_DEADLINE_MS = 60_000
const STOP_DEADLINE_MS = 30_000

class RunningEngine implements DockerEngine {
  readonly #child: ChildProcess
  readonly #folder: string
  #pid = 0
  #cgroups: string[] = []

  constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
  }

  get pid(): number {
    return this.#pid
  }

  get keeperPid(): number {
    return this.#child.pid ?? 0
  }

  get socket(): string {
    return `/proc/${this.#pid}/root/run/docker.sock`
  }

  get cgroup(): string {
    return cgroupOf(this.#folder)
  }

  get rootfs(): string {
    return join(this.#folder, 'image')
  }

  async ready(): Promise<void> {
    await until('dockerd runs', START_DEADLINE_MS, () => {
      if (this.#child.exitCode !== null) throw new Error(`unshare ended with ${this.#child.exitCode}`)
      this.#pid = findDaemon(this.#child.pid ?? 0)
      return this.#pid !== 0
    })
    await until('the engine answers', START_DEADLINE_MS, () => {
      if (this.#child.exitCode !== null) throw new Error(`dockerd ended with ${this.#child.exitCode}`)
      return answersPing(this.socket)
    })
    await this.docker('import', buildBusyboxArchive(this.#folder), IMAGE)
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const before = this.#pid
    writeFileSync(join(this.#folder, 'again'), '')
    kill(before, signal)
    await until('dockerd runs again', START_DEADLINE_MS, () => {
      this.#pid = descendants(this.#child.pid ?? 0).find((pid) => pid !== before && commandOf(pid) === 'dockerd') ?? 0
      return this.#pid !== 0
    })
    await until('the engine answers again', START_DEADLINE_MS, () => answersPing(this.socket))
  }

  async docker(...words: string[]): Promise<string> {
    const { stdout } = await run('docker', ['--host', `unix://${this.socket}`, ...words], {
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout.trim()
  }

  async inside(...words: string[]): Promise<string> {
    const { stdout } = await run('nsenter', ['--target', String(this.#pid), '--net', '--mount', '--', ...words])
    return stdout.trim()
  }

  runContainer(name: string, ...options: string[]): Promise<string> {
    return this.docker('run', '--detach', '--name', name, ...options, IMAGE, 'sleep', '86400')
  }

  async stop(): Promise<void> {
    await this.#removeContainers()
    const started = [...new Set([...descendants(this.#child.pid ?? 0), ...this.#orphans()])]
    this.#cgroups = cgroupFolders(this.#folder)
    for (const pid of started.filter((pid) => pid === this.#pid)) kill(pid, 'SIGTERM')
    await until('the engine ends', STOP_DEADLINE_MS, () => ended(this.#child)).catch(() => undefined)
    for (const pid of [...started, this.#child.pid ?? 0]) kill(pid, 'SIGKILL')
    await until('nothing is left', STOP_DEADLINE_MS, () => started.every((pid) => !existsSync(`/proc/${pid}/exe`)))
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
    await until('its cgroups are empty', STOP_DEADLINE_MS, () => this.#cgroups.every(removeCgroup))
  }

  /** Shims and containers whose parent is PID 1: told by the engine's mount namespace and cgroup. */
  #orphans(): number[] {
    const own = this.#pid === 0 ? undefined : mountNamespaceOf(this.#pid)
    const name = `/${basename(this.#folder)}/`
    return listPids().filter((pid) => {
      if (own !== undefined && mountNamespaceOf(pid) === own) return true
      return textOf(`/proc/${pid}/cgroup`).includes(name)
    })
  }

  async #removeContainers(): Promise<void> {
    try {
      await this.docker('swarm', 'leave', '--force').catch(() => '')
      const ids = (await this.docker('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '')
      if (ids.length > 0) await this.docker('rm', '--force', ...ids)
    } catch {
      // it never came up: there are none
    }
  }
}

/** Polls until the condition holds; rejects when it throws or the deadline passes. */
export async function until(
  what: string,
  deadlineMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function answersPing(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    ping.on('error', () => resolve(false))
    ping.on('timeout', () => ping.destroy())
    ping.end()
  })
}

function findDaemon(root: number): number {
  return descendants(root).find((pid) => commandOf(pid) === 'dockerd') ?? 0
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
