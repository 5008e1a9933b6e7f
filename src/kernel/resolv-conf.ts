import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { namedFilesFolders } from '../model/lab-files.ts'
import type { DnsConfiguration } from '../model/snapshot.ts'

/** resolv.conf(5) files are tiny; more than this is not one. */
const MAX_BYTES = 64 * 1024
const MAX_SYMLINKS = 8

/**
 * What a namespace's programs use to resolve names: the file that its first process sees, else
 * /etc/netns/NAME/resolv.conf as `ip netns exec` mounts it, that of a lab's container, else the host's. A process that
 * came in with `nsenter --net` alone sees our own files, which says nothing of the namespace: then its files by name lead.
 * Undefined when there is none, or it may not be read.
 */
export function readResolvConf(names: readonly string[], pids: readonly number[]): DnsConfiguration | undefined {
  const [pid] = pids
  if (pid !== undefined && !seesOurFiles(pid)) return readAt(`/proc/${pid}/root`, '/etc/resolv.conf')
  for (const folder of names.filter((name) => !name.includes('/')).flatMap(namedFilesFolders)) {
    const own = readAt('', `${folder}/resolv.conf`)
    if (own) return own
  }
  return readAt(pid === undefined ? '' : `/proc/${pid}/root`, '/etc/resolv.conf')
}

function seesOurFiles(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt')
  } catch {
    return false // it ended, or may not be looked at
  }
}

function readAt(root: string, file: string): DnsConfiguration | undefined {
  try {
    const path = followLinks(root, file)
    return { path, ...parseResolvConf(readBounded(path)) }
  } catch {
    return undefined
  }
}

/**
 * A small text file as processes below `root` see it; undefined when there is none, or it may not be read.
 * @param root `/proc/PID/root`, or nothing for our own
 */
export function readFileBelow(root: string, file: string): string | undefined {
  try {
    return readBounded(followLinks(root, file))
  } catch {
    return undefined
  }
}

/**
 * The file behind symbolic links as a process below `root` sees it: through /proc/PID/root an absolute link
 * would lead into our own root, so it is followed by hand.
 */
function followLinks(root: string, file: string): string {
  let path = file
  for (let step = 0; step < MAX_SYMLINKS; step++) {
    try {
      path = resolve(dirname(path), readlinkSync(root + path))
    } catch {
      return root + path
    }
  }
  return root + path
}

/** O_NONBLOCK and a regular file only: a container may have put a FIFO or a device there. */
function readBounded(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (!fstatSync(fd).isFile()) return ''
    const buffer = Buffer.alloc(MAX_BYTES)
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, MAX_BYTES, 0))
  } finally {
    closeSync(fd)
  }
}

/** resolv.conf(5): the last `search` or `domain` line counts, options add up. */
export function parseResolvConf(text: string): Omit<DnsConfiguration, 'path'> {
  const servers: string[] = []
  const options: string[] = []
  let search: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver' && words[0]) servers.push(words[0])
    else if (keyword === 'search' || keyword === 'domain') search = words
    else if (keyword === 'options') options.push(...words)
  }
  return { servers, search, options }
}
