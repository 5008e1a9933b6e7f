import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { NetlinkError } from './error.ts'
import * as libc from './libc.ts'
import { inNamespace, inNewNamespace, type NamespaceTarget } from './namespace.ts'

const OWN_NAMESPACE = '/proc/thread-self/ns/net'

/**
 * Makes a network namespace that lives on under a path, as `ip netns add` does: a file with the namespace bound over
 * it. The folder is made where it lacks, and becomes a shared mount, so that namespaces made and deleted in it are
 * seen by those who have a mount namespace of their own. Needs CAP_SYS_ADMIN.
 *
 * `inside` runs with this thread in the new namespace before that has its name, so whoever finds the name finds what
 * `inside` did. When it throws, nothing is left.
 * Throws `system`: EEXIST when there is a file of that name.
 */
export function createNamedNamespace(path: string, inside: () => void = () => {}): void {
  withName(path, () =>
    inNewNamespace(() => {
      inside()
      bindOwn(path)
    }),
  )
}

/** Gives a namespace that exists a further path. Throws as {@link createNamedNamespace}. */
export function nameNamespace(path: string, target: NamespaceTarget): void {
  withName(path, () => inNamespace(target, () => bindOwn(path)))
}

/**
 * Takes the name away. The namespace goes with the last that holds it: a process, a socket, a descriptor, another
 * name. No error when there is none.
 */
export function deleteNamedNamespace(path: string): void {
  // a file without a namespace over it is what a maker left that died in between
  const nothingThere: number[] = [libc.ERRNO.EINVAL, libc.ERRNO.ENOENT]
  if (libc.detach(path) !== 0 && !nothingThere.includes(libc.errno())) libc.checked(`unmount ${path}`, -1)
  asSystemError(`remove ${path}`, () => rmSync(path, { force: true }))
}

function withName(path: string, bind: () => void): void {
  shareFolder(dirname(path))
  asSystemError(`create ${path}`, () => closeSync(openSync(path, 'wx', 0)))
  try {
    bind()
  } catch (error) {
    deleteNamedNamespace(path)
    throw error
  }
}

function bindOwn(path: string): void {
  libc.checked(`bind a namespace to ${path}`, libc.mount(OWN_NAMESPACE, path, libc.MS.BIND))
}

/** Only a mount can be shared: a folder that is none is mounted over itself. */
function shareFolder(folder: string): void {
  asSystemError(`create ${folder}`, () => mkdirSync(folder, { recursive: true, mode: 0o755 }))
  const share = () => libc.mount('', folder, libc.MS.SHARED | libc.MS.REC)
  if (share() === 0) return
  if (libc.errno() !== libc.ERRNO.EINVAL) libc.checked(`share ${folder}`, -1)
  libc.checked(`mount ${folder} over itself`, libc.mount(folder, folder, libc.MS.BIND | libc.MS.REC))
  libc.checked(`share ${folder}`, share())
}

function asSystemError(operation: string, action: () => void): void {
  try {
    action()
  } catch (cause) {
    const { errno = 0, message } = cause as NodeJS.ErrnoException
    throw new NetlinkError('system', `${operation}: ${message}`, { errno: Math.abs(errno), cause })
  }
}
