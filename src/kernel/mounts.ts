import { readFileSync } from 'node:fs'

/** A network namespace bound to a file: what `ip netns add` and Docker leave so that it outlives its processes. */
export interface NamespaceMount {
  readonly inode: number
  /** As seen in the mount namespace it was read from. */
  readonly path: string
}

/**
 * The network namespaces mounted in a process's mount namespace (proc_pid_mountinfo(5)).
 * The root field of an nsfs mount is `net:[INODE]`, so none of them has to be stat'ed.
 *
 * @throws the errno of opening `/proc/PID/mountinfo`
 */
export function readNamespaceMounts(pid: number | 'self'): NamespaceMount[] {
  return parseNamespaceMounts(readFileSync(`/proc/${pid}/mountinfo`, 'latin1'))
}

const ROOT = ' net:['

/** `text` is mountinfo read as latin1, one character a byte, for the kernel promises no encoding of paths. */
export function parseNamespaceMounts(text: string): NamespaceMount[] {
  const mounts: NamespaceMount[] = []
  for (let at = text.indexOf(ROOT); at >= 0; at = text.indexOf(ROOT, at + 1)) {
    const close = text.indexOf('] ', at)
    const end = text.indexOf(' ', close + 2)
    const inode = Number(text.slice(at + ROOT.length, close))
    if (close < 0 || end < 0 || !Number.isSafeInteger(inode) || inode <= 0) continue
    mounts.push({ inode, path: unescapeMountPath(text.slice(close + 2, end)) })
  }
  return mounts
}

/** The kernel writes space, tab, newline and backslash as three octal digits (fs/proc_namespace.c, mangle()). */
function unescapeMountPath(path: string): string {
  const bytes = path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  return /[\x80-\xff]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes
}
