import { readFileSync, statSync } from 'node:fs'
import { messageOf } from '../../errors.ts'
import { readArguments, readExecutable } from '../../kernel/processes.ts'
import type { Hidden } from '../../model/snapshot.ts'
import { asObject, asTexts } from '../untrusted.ts'

export interface DockerSockets {
  /** Paths that can be connected to from here, each engine once. */
  readonly paths: readonly string[]
  readonly hidden: readonly Hidden[]
}

const DEFAULT_SOCKETS = ['/run/docker.sock', '/var/run/docker.sock']

/**
 * Where Docker Engines of this host may be asked: what the person named, DOCKER_HOST, the usual places, and what each
 * running dockerd says itself. A daemon in a mount namespace of its own is reached through `/proc/PID/root`.
 */
export function findDockerSockets(
  named: readonly string[],
  dockerHost: string | undefined,
  pids: Iterable<number>,
): DockerSockets {
  const found = new Sockets()
  for (const path of named) found.add(stripScheme(path), 'wanted')
  if (dockerHost?.startsWith('unix://')) found.add(stripScheme(dockerHost), 'wanted')
  else if (dockerHost) found.hide(dockerHost, 'DOCKER_HOST is not a unix socket: its containers are of another host')
  for (const path of DEFAULT_SOCKETS) found.add(path, 'possible')
  for (const pid of pids) {
    if (readExecutable(pid)?.endsWith('/dockerd') !== true) continue
    for (const path of listeningPaths(pid)) found.add(`/proc/${pid}/root${path}`, 'possible')
  }
  return found
}

class Sockets implements DockerSockets {
  readonly paths: string[] = []
  readonly hidden: Hidden[] = []
  readonly #seen = new Set<string>()

  add(path: string, expected: 'wanted' | 'possible'): void {
    try {
      const stat = statSync(path)
      const file = `${stat.dev}:${stat.ino}`
      if (this.#seen.has(file)) return
      this.#seen.add(file)
      if (!stat.isSocket()) this.hide(path, 'not a socket')
      else if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) this.hide(path, 'its path is too long to connect to')
      else this.paths.push(path)
    } catch (error) {
      if (expected === 'wanted' || !isAbsent(error)) this.hide(path, messageOf(error))
    }
  }

  hide(path: string, reason: string): void {
    this.hidden.push({ subject: `docker (${path})`, reason })
  }
}

/** sizeof(sun_path) less the terminating zero, unix(7). */
const LONGEST_SOCKET_PATH = 107

function isAbsent(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH'
}

/** Unix sockets of a dockerd: its `-H` arguments and its configuration file, else the default one. */
function listeningPaths(pid: number): string[] {
  const words = readArguments(pid)
  const hosts = [...valuesOf(words, ['-H', '--host']), ...configuredHosts(pid, words)]
  const unix = hosts.filter((host) => host.startsWith('unix://')).map(stripScheme)
  return unix.length > 0 ? unix : ['/run/docker.sock']
}

function configuredHosts(pid: number, words: readonly string[]): string[] {
  const file = valuesOf(words, ['--config-file'])[0] ?? '/etc/docker/daemon.json'
  try {
    return asTexts(asObject(JSON.parse(readFileSync(`/proc/${pid}/root${file}`, 'utf8')))['hosts'])
  } catch {
    return []
  }
}

/** Values of a flag written as `-H V`, `--host V` or `--host=V`. */
function valuesOf(words: readonly string[], flags: readonly string[]): string[] {
  const values: string[] = []
  for (const [position, word] of words.entries()) {
    const next = words[position + 1]
    if (flags.includes(word) && next !== undefined) values.push(next)
    for (const flag of flags) if (word.startsWith(`${flag}=`)) values.push(word.slice(flag.length + 1))
  }
  return values
}

function stripScheme(path: string): string {
  return path.replace(/^unix:\/\//, '')
}
