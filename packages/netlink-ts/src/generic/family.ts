import { malformed, NetlinkError } from '../error.ts'
import type { Message } from '../message.ts'
import type { NetlinkSocket } from '../socket.ts'
import { genericAttributes, genericRequest } from './genetlink.ts'

/** linux/genetlink.h */
export const GENL_ID_CTRL = 0x10
export const CTRL_CMD = { NEWFAMILY: 1, DELFAMILY: 2, GETFAMILY: 3, NEWMCAST_GRP: 7, DELMCAST_GRP: 8 } as const
const CTRL_VERSION = 2
const CTRL_ATTR = { FAMILY_ID: 1, FAMILY_NAME: 2, VERSION: 3, HDRSIZE: 4, MAXATTR: 5, MCAST_GROUPS: 7 } as const
const CTRL_ATTR_MCAST_GRP = { NAME: 1, ID: 2 } as const
const ENOENT = 2

/** A generic netlink family. Its number is chosen when its module is loaded and the same in every namespace. */
export interface GenericFamily {
  readonly id: number
  readonly name: string
  readonly version: number
  /** Bytes of the family's own header behind genlmsghdr. */
  readonly headerBytes: number
  readonly maxAttribute: number
  /** Number of each multicast group by its name. */
  readonly groups: ReadonlyMap<string, number>
}

/** CTRL_CMD_NEWFAMILY. */
export function decodeGenericFamily(message: Message): GenericFamily {
  const attributes = genericAttributes(message)
  const [id, name] = [attributes.u16(CTRL_ATTR.FAMILY_ID), attributes.string(CTRL_ATTR.FAMILY_NAME)]
  if (id === undefined || name === undefined) throw malformed('generic netlink family: number or name is missing')
  const groups = new Map<string, number>()
  for (const group of attributes.nested(CTRL_ATTR.MCAST_GROUPS)?.nests() ?? []) {
    groups.set(group.string(CTRL_ATTR_MCAST_GRP.NAME) ?? '', group.u32(CTRL_ATTR_MCAST_GRP.ID) ?? 0)
  }
  return {
    id,
    name,
    version: attributes.u32(CTRL_ATTR.VERSION) ?? 0,
    headerBytes: attributes.u32(CTRL_ATTR.HDRSIZE) ?? 0,
    maxAttribute: attributes.u32(CTRL_ATTR.MAXATTR) ?? 0,
    groups,
  }
}

/** The families that are loaded and can be used in the socket's namespace. */
export function dumpGenericFamilies(socket: NetlinkSocket): GenericFamily[] {
  return socket.dump(
    genericRequest(GENL_ID_CTRL, { command: CTRL_CMD.GETFAMILY, version: CTRL_VERSION }),
    decodeGenericFamily,
  )
}

const known = new WeakMap<NetlinkSocket, Map<string, GenericFamily>>()

/**
 * The family, if it is loaded; undefined otherwise. Unlike {@link getGenericFamily} this never makes the kernel
 * load a module. What was found is remembered with the socket.
 */
export function findGenericFamily(socket: NetlinkSocket, name: string): GenericFamily | undefined {
  const families = known.get(socket) ?? new Map<string, GenericFamily>()
  if (!families.has(name)) {
    for (const family of dumpGenericFamilies(socket)) families.set(family.name, family)
    known.set(socket, families)
  }
  return families.get(name)
}

/** The family by its name; the kernel may load its module. Throws `unsupported` when there is none. */
export function getGenericFamily(socket: NetlinkSocket, name: string): GenericFamily {
  const request = genericRequest(GENL_ID_CTRL, {
    command: CTRL_CMD.GETFAMILY,
    version: CTRL_VERSION,
    fill: (writer) => writer.stringAttribute(CTRL_ATTR.FAMILY_NAME, name),
  })
  try {
    const [family] = socket.request(request, decodeGenericFamily)
    if (family) return family
  } catch (cause) {
    if (!(cause instanceof NetlinkError) || cause.errno !== ENOENT) throw cause
    throw new NetlinkError('unsupported', `this kernel has no generic netlink family ${name}`, { errno: ENOENT, cause })
  }
  throw malformed(`generic netlink family ${name}: no answer`)
}
