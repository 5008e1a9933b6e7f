import { type ChildProcess, spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { messageOf } from '../../errors.ts'
import type { Namespace } from '../../model/snapshot.ts'

/** Files that lead into a namespace: of a process in it, of who holds it, or where it is mounted. */
function pathsInto({ pids, names, owner }: Namespace): readonly string[] {
  const holder = owner.process
  return [
    ...pids.slice(0, 10).map((pid) => `/proc/${pid}/ns/net`),
    ...(holder?.fd === undefined ? [] : [`/proc/${holder.pid}/fd/${holder.fd}`]),
    ...(holder === undefined ? [] : [`/proc/${holder.pid}/ns/net`]),
    ...names.map((name) => (name.startsWith('/') ? name : `/run/netns/${name}`)),
  ]
}

/** One of them that still is this namespace: a pid may belong to another process by now. */
export function enterablePath(namespace: Namespace): string | undefined {
  return pathsInto(namespace).find((path) => inodeOf(path) === namespace.inode)
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    // gone meanwhile, or not ours to see: another path may do
    return undefined
  }
}

/** nsenter(1) with the person's own shell. Nothing here is parsed by a shell. */
export function shellCommand(path: string, environment: NodeJS.ProcessEnv): readonly [string, ...string[]] {
  const { SHELL } = environment
  return ['nsenter', `--net=${path}`, '--', SHELL === undefined || SHELL === '' ? '/bin/sh' : SHELL]
}

/** Runs it on this terminal until it is left. Resolves with one line when it could not be started. */
export function runShell(
  [program, ...args]: readonly [string, ...string[]],
  prompt: string,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child: ChildProcess = spawn(program, args, {
      stdio: 'inherit',
      env: { ...process.env, TSNET_NAMESPACE: prompt },
    })
    child.on('error', (error) => resolve(`${program}: ${messageOf(error)}`))
    child.on('close', (status) => resolve(status === null ? `${program}: ended by a signal` : undefined))
  })
}
