import { readdirSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  changeLink,
  createNamedNamespace,
  deleteNamedNamespace,
  getLink,
  NETLINK,
  NetlinkSocket,
  nameNamespace,
} from 'netlink-ts'
import { askKernel } from '../kernel-failure.ts'
import { linkAlias, linkOwner } from '../link-alias.ts'
import type { NetworkHost } from '../network-host.ts'
import { writeSandboxSysctls } from './sandbox-sysctls.ts'

/** linux/magic.h */
const NSFS_MAGIC = 0x6e736673
/** The kernel makes it first in every namespace. */
const LOOPBACK_INDEX = 1

export interface NamespaceRequest {
  readonly path: string
  readonly sysctls: Readonly<Record<string, string>>
  /** What its lo is marked with. */
  readonly alias: string
}

/**
 * The mark of a sandbox's lo. It names the host as well: the controllers of a lab's hosts share a tag and a folder of
 * namespaces, and must not take away each other's.
 */
export function sandboxAlias(tag: string, sandboxId: string, hostInode: number): string {
  return linkAlias(tag, { kind: 'sandbox', id: `${sandboxId}@${hostInode}` })
}

/**
 * Makes a namespace as Docker has them for containers: lo up, IPv6 off, nothing else in it.
 *
 * @returns its inode
 */
export function makeSandboxNamespace({ path, sysctls, alias }: NamespaceRequest): number {
  askKernel('make namespace', () =>
    createNamedNamespace(path, () => {
      writeSandboxSysctls(sysctls)
      const socket = new NetlinkSocket(NETLINK.ROUTE)
      try {
        socket.request(changeLink(LOOPBACK_INDEX, { up: true, alias }))
      } finally {
        socket.close()
      }
    }),
  )
  return statSync(path).ino
}

/** Gives the host's own namespace the path of a sandbox. @returns its inode */
export function shareHostNamespace(path: string, host: NetworkHost): number {
  askKernel('share namespace', () => nameNamespace(path, { fd: host.fd }))
  return host.inode
}

/** No error when there is none. */
export function removeSandboxNamespace(path: string): void {
  askKernel('remove namespace', () => deleteNamedNamespace(path))
}

/** Whether the namespace that was made there is there still. */
export function isNamespaceAt(path: string, inode: number): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC && statSync(path).ino === inode
  } catch {
    return false
  }
}

/** Whether there is the file that a namespace was going to be bound to. */
export function isEmptyFileAt(path: string): boolean {
  try {
    const { type } = statfsSync(path)
    const found = statSync(path)
    return type !== NSFS_MAGIC && found.isFile() && found.size === 0
  } catch {
    return false
  }
}

/** The alias of lo in the namespace at a path; undefined = none there, or none. */
export function markOf(path: string): string | undefined {
  try {
    if (statfsSync(path).type !== NSFS_MAGIC) return undefined
    const socket = new NetlinkSocket(NETLINK.ROUTE, { namespace: { path } })
    try {
      return getLink(socket, { index: LOOPBACK_INDEX }).alias
    } finally {
      socket.close()
    }
  } catch {
    // it went while we looked
    return undefined
  }
}

export interface Maker {
  readonly tag: string
  /** Of the host's namespace. */
  readonly hostInode: number
}

/** Paths of the namespaces in a folder that a controller made, whatever its state says. */
export function namespacesMadeBy({ tag, hostInode }: Maker, folder: string): string[] {
  const candidates = listFolder(folder).filter((name) => name.startsWith(tag))
  return candidates
    .map((name) => join(folder, name))
    .filter((path) => {
      const owner = linkOwner(tag, markOf(path))
      return owner?.kind === 'sandbox' && owner.id.endsWith(`@${hostInode}`)
    })
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
