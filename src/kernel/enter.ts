import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { TsnetError } from '../errors.ts'
import { namedFilesFolders } from '../model/lab-files.ts'
import type { NamespaceIdentity } from '../model/snapshot.ts'
import { requireCapabilities } from './capabilities.ts'
import { discoverNamespaces, inodeOfPid } from './namespaces.ts'
import { readFileBelow } from './resolv-conf.ts'

/** What a program needs to see of its surroundings to resolve names as the container does. */
const FILES = ['resolv.conf', 'hosts', 'nsswitch.conf']

/**
 * Runs in a private mount namespace: lays the copies in `$1` over the files of the same name in /etc, then becomes
 * the command. It is the same text for everyone; what differs comes as arguments.
 */
const WITH_FILES = `for file in "$1"/*; do
  [ -f "/etc/\${file##*/}" ] && mount --bind "$file" "/etc/\${file##*/}"
done
shift
exec "$@"`

export interface EnterOptions {
  /** All namespaces of the first process in it, not its network alone. */
  readonly all: boolean
  /** Only the status counts. Default false: it has this terminal. */
  readonly quiet?: boolean
}

/**
 * Runs a command inside a namespace with this terminal. Resolves with its exit status.
 *
 * @throws TsnetError `usage` for `all` without a process, `privilege`, `vanished`, or `unsupported` without nsenter
 */
export async function enterNamespace(
  namespace: NamespaceIdentity,
  command: readonly string[],
  { all, quiet = false }: EnterOptions,
): Promise<number> {
  // setns(2) wants it also for our own namespace, and nsenter's failure has the exit status of a command that failed
  requireCapabilities(`enter ${namespace.owner.name}`, ['CAP_SYS_ADMIN'])
  if (all) return run(namespace, argumentsForAll(namespace, command), quiet)
  const path = discoverNamespaces().namespaces.find(({ inode }) => inode === namespace.inode)?.paths[0]
  if (path === undefined) throw gone(namespace)
  const folder = copyFiles(namespace)
  if (folder === undefined) return run(namespace, [`--net=${path}`, '--', ...command], quiet)
  const wrapper = ['unshare', '--mount', '--', 'sh', '-c', WITH_FILES, 'enter', folder, ...command]
  try {
    return await run(namespace, [`--net=${path}`, '--', ...wrapper], quiet)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function argumentsForAll(namespace: NamespaceIdentity, command: readonly string[]): string[] {
  const [pid] = namespace.pids
  if (pid === undefined) {
    throw new TsnetError('usage', `enter ${namespace.owner.name}: no process lives in it`, {
      hint: 'there is nothing but its network to enter: leave --all out',
    })
  }
  // the number may belong to another process by now
  if (inodeOfPid(pid) !== namespace.inode) throw gone(namespace)
  return ['--target', String(pid), '--all', '--', ...command]
}

function gone({ owner }: NamespaceIdentity): TsnetError {
  return new TsnetError('vanished', `enter ${owner.name}: it went away`)
}

/**
 * A folder with the namespace's own name resolution, if it has any: copies, for a file of another mount namespace
 * cannot be bound (mount(2), EINVAL), and what a container links to must not be followed into our own files.
 */
function copyFiles({ inode, owner, names, pids }: NamespaceIdentity): string | undefined {
  const [pid] = pids
  const copies = FILES.flatMap((name) => {
    const text =
      owner.containerId !== undefined && pid !== undefined && inodeOfPid(pid) === inode
        ? readFileBelow(`/proc/${pid}/root`, `/etc/${name}`)
        : firstOf(
            names
              .filter((each) => !each.includes('/'))
              .flatMap(namedFilesFolders)
              .map((folder) => readFileBelow('', `${folder}/${name}`)),
          )
    return text === undefined ? [] : [{ name, text }]
  })
  if (copies.length === 0) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'tsnet-enter-'))
  for (const { name, text } of copies) writeFileSync(join(folder, name), text, { mode: 0o644 })
  return folder
}

function firstOf(texts: readonly (string | undefined)[]): string | undefined {
  return texts.find((text) => text !== undefined)
}

/** Meant for us, but the command decides what becomes of it. */
const PASSED_ON = ['SIGTERM', 'SIGHUP'] as const

function run({ owner }: NamespaceIdentity, args: readonly string[], quiet: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', args, { stdio: quiet ? 'ignore' : 'inherit' })
    // the terminal sends ctrl-C to the command as well
    const ignore = (): void => undefined
    const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
    process.on('SIGINT', ignore)
    for (const signal of PASSED_ON) process.on(signal, pass)
    const settle = (): void => {
      process.off('SIGINT', ignore)
      for (const signal of PASSED_ON) process.off(signal, pass)
    }
    child.once('error', (cause) => {
      settle()
      reject(
        new TsnetError('unsupported', `enter ${owner.name}: ${cause.message}`, {
          cause,
          hint: 'install the package util-linux',
        }),
      )
    })
    child.once('exit', (status, signal) => {
      settle()
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}
