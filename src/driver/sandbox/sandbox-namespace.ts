import { readdirSync, statfsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
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
import { linkAlias } from '../link-alias.ts'
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

/** Paths of the namespaces that a controller with this tag and host made, whatever its state says. */
export function namespacesMadeBy({
  tag,
  hostInode,
  folderOf,
}: {
  tag: string
  hostInode: number
  /** A path in the folder that they are in. */
  folderOf: string
}): string[] {
  const folder = dirname(folderOf)
  return listFolder(folder)
    .filter((name) => name.startsWith(tag))
    .map((name) => join(folder, name))
    .filter((path) => isMarked(path, tag, hostInode))
}

function isMarked(path: string, tag: string, hostInode: number): boolean {
  try {
    if (statfsSync(path).type !== NSFS_MAGIC) return false
    const socket = new NetlinkSocket(NETLINK.ROUTE, { namespace: { path } })
    try {
      const { alias = '' } = getLink(socket, { index: LOOPBACK_INDEX })
      return alias.startsWith(linkAlias(tag, { kind: 'sandbox', id: '' })) && alias.endsWith(`@${hostInode}`)
    } finally {
      socket.close()
    }
  } catch {
    // it went while we looked, and that is what we want of it
    return false
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => basename(name))
  } catch {
    return []
  }
}
