import { closeSync, openSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { NetlinkError } from './error.ts'
import { CLONE_NEWNET, checked, setns, unshare } from './libc.ts'

/** A network namespace by an open descriptor, by the path of its nsfs file, or by a process in it. */
export type NamespaceTarget = { readonly fd: number } | { readonly path: string } | { readonly pid: number }

let home: number | undefined

/** Descriptor of the namespace that this thread started in. */
function homeNamespace(): number {
  home ??= openSync('/proc/thread-self/ns/net', 'r')
  return home
}

/**
 * Runs `action` with this thread in `target`, then goes back (setns(2)). Needs CAP_SYS_ADMIN.
 *
 * `action` must be synchronous and short: open sockets, read a file of /proc/thread-self/net. A socket
 * stays in the namespace it was opened in. A thread that cannot go back would mix up namespaces from then
 * on, so the process is aborted.
 */
export function inNamespace<T>(target: NamespaceTarget, action: () => T): T {
  const back = homeNamespace()
  enter(target)
  try {
    const result = action()
    if (result instanceof Promise) throw new NetlinkError('usage', 'inNamespace: the action must be synchronous')
    return result
  } finally {
    goBack(back)
  }
}

/**
 * Makes a namespace and runs `action` in it. The namespace lives as long as something holds it: a socket, or
 * a descriptor of /proc/thread-self/ns/net that `action` opened.
 */
export function inNewNamespace<T>(action: () => T): T {
  const back = homeNamespace()
  checked('unshare network namespace', unshare(CLONE_NEWNET))
  try {
    return action()
  } finally {
    goBack(back)
  }
}

function enter(target: NamespaceTarget): void {
  if ('fd' in target) {
    checked(`enter namespace fd ${target.fd}`, setns(target.fd, CLONE_NEWNET))
    return
  }
  const path = 'path' in target ? target.path : `/proc/${target.pid}/ns/net`
  const fd = openNamespace(path)
  try {
    checked(`enter namespace ${path}`, setns(fd, CLONE_NEWNET))
  } finally {
    closeSync(fd)
  }
}

function openNamespace(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    const errno = Math.abs((cause as NodeJS.ErrnoException).errno ?? 0)
    throw new NetlinkError('system', `open namespace ${path}: ${(cause as Error).message}`, { errno, cause })
  }
}

function goBack(fd: number): void {
  if (setns(fd, CLONE_NEWNET) === 0) return
  process.stderr.write(`netlink-ts: cannot return to the first namespace${isMainThread ? '' : ' of this worker'}\n`)
  process.abort()
}
