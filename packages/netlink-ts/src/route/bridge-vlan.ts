import { type AttributeCursor, Attributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { cursorOf, type Message, NLM_F } from '../message.ts'
import { u8, u16, u32 } from '../reader.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import { IFLA } from './link-constants.ts'
import { RTEXT_FILTER, RTM } from './rtnetlink.ts'

/** linux/if_bridge.h: inside IFLA_AF_SPEC of AF_BRIDGE. */
export const IFLA_BRIDGE = { FLAGS: 0, MODE: 1, VLAN_INFO: 2, VLAN_TUNNEL_INFO: 3 } as const
const IFLA_BRIDGE_VLAN_TUNNEL = { ID: 1, VID: 2, FLAGS: 3 } as const
const BRIDGE_FLAGS_SELF = 2

/** linux/if_bridge.h */
export const BRIDGE_VLAN_INFO = {
  MASTER: 1,
  PVID: 2,
  UNTAGGED: 4,
  RANGE_BEGIN: 8,
  RANGE_END: 16,
  BRENTRY: 32,
} as const

/** A range of VLANs of a bridge port, or of the bridge itself. */
export interface BridgeVlan {
  /** ifindex of the port or bridge. */
  index: number
  /** First and last VLAN id. */
  first: number
  last: number
  pvid: boolean
  untagged: boolean
  /** Tunnel (VXLAN network) id of the first VLAN, counting up with it. */
  tunnelId: number | undefined
}

/** struct ifinfomsg */
const HEADER_BYTES = 16

/** The VLAN ranges of one link, from an RTM_NEWLINK of AF_BRIDGE. */
export function decodeBridgeVlans(message: Message): BridgeVlan[] {
  const cursor = cursorOf(message, HEADER_BYTES)
  if (u8(message.bytes, message.start) !== AF.BRIDGE) return []
  const index = u32(message.bytes, message.start + 4)
  const vlans: BridgeVlan[] = []
  while (cursor.next()) {
    if (cursor.type === IFLA.AF_SPEC) readVlans(vlans, index, cursor.nested())
  }
  return vlans
}

/** A range is two attributes: the one that begins it, then the one that ends it. */
function readVlans(vlans: BridgeVlan[], index: number, cursor: AttributeCursor): void {
  let firstVlan: number | undefined
  let firstTunnel: Tunnel | undefined
  while (cursor.next()) {
    if (cursor.type === IFLA_BRIDGE.VLAN_INFO) firstVlan = readVlan(vlans, { index, begun: firstVlan }, cursor)
    else if (cursor.type === IFLA_BRIDGE.VLAN_TUNNEL_INFO) firstTunnel = readTunnel(vlans, firstTunnel, cursor)
  }
}

/** struct bridge_vlan_info. Gives the first VLAN of a range that has only begun. */
function readVlan(
  vlans: BridgeVlan[],
  { index, begun }: { readonly index: number; readonly begun: number | undefined },
  cursor: AttributeCursor,
): number | undefined {
  const at = cursor.at(4)
  const flags = u16(cursor.bytes, at)
  const last = u16(cursor.bytes, at + 2)
  if (flags & BRIDGE_VLAN_INFO.RANGE_BEGIN) return last
  vlans.push({
    index,
    first: flags & BRIDGE_VLAN_INFO.RANGE_END ? (begun ?? last) : last,
    last,
    pvid: (flags & BRIDGE_VLAN_INFO.PVID) !== 0,
    untagged: (flags & BRIDGE_VLAN_INFO.UNTAGGED) !== 0,
    tunnelId: undefined,
  })
  return undefined
}

interface Tunnel {
  readonly id: number
  readonly vlan: number
}

/** Gives the first tunnel of a range that has only begun. */
function readTunnel(vlans: BridgeVlan[], begun: Tunnel | undefined, cursor: AttributeCursor): Tunnel | undefined {
  const attributes = new Attributes(cursor.bytes, cursor.start, cursor.end)
  const flags = attributes.u16(IFLA_BRIDGE_VLAN_TUNNEL.FLAGS) ?? 0
  const tunnel = {
    id: attributes.u32(IFLA_BRIDGE_VLAN_TUNNEL.ID) ?? 0,
    vlan: attributes.u16(IFLA_BRIDGE_VLAN_TUNNEL.VID) ?? 0,
  }
  if (flags & BRIDGE_VLAN_INFO.RANGE_BEGIN) return tunnel
  addTunnel(vlans, flags & BRIDGE_VLAN_INFO.RANGE_END ? (begun ?? tunnel) : tunnel)
  return undefined
}

/** The tunnel ids come after the VLANs that they belong to. */
function addTunnel(vlans: BridgeVlan[], tunnel: Tunnel): void {
  const vlan = vlans.find(({ first, last }) => first <= tunnel.vlan && tunnel.vlan <= last)
  if (vlan) vlan.tunnelId = tunnel.id - (tunnel.vlan - vlan.first)
}

/** The VLANs of every bridge port and bridge of the socket's namespace. */
export function dumpBridgeVlans(socket: NetlinkSocket): BridgeVlan[] {
  const request: Request = {
    type: RTM.GETLINK,
    fill: (writer) =>
      writer
        .u8(AF.BRIDGE)
        .zeros(HEADER_BYTES - 1)
        .u32Attribute(IFLA.EXT_MASK, RTEXT_FILTER.BRVLAN_COMPRESSED),
  }
  return socket.dump(request, decodeBridgeVlans).flat()
}

export interface BridgeVlanSpec {
  /** ifindex of the port, or of the bridge with `self`. */
  readonly index: number
  readonly first: number
  /** Default: `first`. */
  readonly last?: number | undefined
  readonly pvid?: boolean | undefined
  readonly untagged?: boolean | undefined
  /** On the bridge itself. */
  readonly self?: boolean | undefined
}

function vlanRequest(type: number, flags: number, spec: BridgeVlanSpec): Request {
  const { first, last = first } = spec
  const bits = (spec.pvid ? BRIDGE_VLAN_INFO.PVID : 0) | (spec.untagged ? BRIDGE_VLAN_INFO.UNTAGGED : 0)
  const [begin, end] = last === first ? [0, 0] : [BRIDGE_VLAN_INFO.RANGE_BEGIN, BRIDGE_VLAN_INFO.RANGE_END]
  return {
    type,
    flags,
    fill: (writer) => {
      writer.u8(AF.BRIDGE).zeros(3).u32(spec.index).zeros(8)
      writer.nested(IFLA.AF_SPEC, (nest) => {
        if (spec.self) nest.u16Attribute(IFLA_BRIDGE.FLAGS, BRIDGE_FLAGS_SELF)
        nest.attribute(IFLA_BRIDGE.VLAN_INFO, (info) => info.u16(bits | begin).u16(first))
        if (last !== first) nest.attribute(IFLA_BRIDGE.VLAN_INFO, (info) => info.u16(bits | end).u16(last))
      })
    },
  }
}

export function addBridgeVlan(spec: BridgeVlanSpec): Request {
  return vlanRequest(RTM.SETLINK, NLM_F.CREATE, spec)
}

export function deleteBridgeVlan(spec: BridgeVlanSpec): Request {
  return vlanRequest(RTM.DELLINK, 0, spec)
}
