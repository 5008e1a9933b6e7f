import { parseAddress } from '../address.ts'
import { AF } from '../libc.ts'
import { NLM_F } from '../message.ts'
import type { Request } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { numberNamed, ROUTE_PROTOCOLS } from './names.ts'
import { NDA, NTF, NUD } from './neighbour.ts'
import { RTM } from './rtnetlink.ts'

/** What can be set of a neighbour; a decoded {@link Neighbour} fits. */
export interface NeighbourSpec {
  readonly index: number
  readonly address: string
  readonly mac?: string | undefined
  /** NUD_*; default PERMANENT. */
  readonly state?: number | undefined
  readonly proxy?: boolean | undefined
  readonly router?: boolean | undefined
  readonly externLearn?: boolean | undefined
  readonly protocol?: string | undefined
}

export function encodeNeighbour(writer: Writer, spec: NeighbourSpec): void {
  const address = parseAddress(spec.address)
  const flags = (spec.proxy ? NTF.PROXY : 0) | (spec.router ? NTF.ROUTER : 0) | (spec.externLearn ? NTF.EXT_LEARNED : 0)
  encodeHeader(writer, {
    family: address.length === 4 ? AF.INET : AF.INET6,
    index: spec.index,
    state: spec.state ?? NUD.PERMANENT,
    flags,
  })
  writer.bytesAttribute(NDA.DST, address)
  if (spec.mac !== undefined) writer.macAttribute(NDA.LLADDR, spec.mac)
  if (spec.protocol !== undefined) writer.u8Attribute(NDA.PROTOCOL, numberNamed(ROUTE_PROTOCOLS, spec.protocol))
}

/** struct ndmsg */
function encodeHeader(
  writer: Writer,
  { family, index, state, flags }: { family: number; index: number; state: number; flags: number },
): void {
  writer.u8(family).zeros(3).u32(index).u16(state).u8(flags).u8(0)
}

/** Adds a neighbour; throws EEXIST when there is one. */
export function addNeighbour(spec: NeighbourSpec): Request {
  return { type: RTM.NEWNEIGH, flags: NLM_F.CREATE | NLM_F.EXCL, fill: (writer) => encodeNeighbour(writer, spec) }
}

export function replaceNeighbour(spec: NeighbourSpec): Request {
  return { type: RTM.NEWNEIGH, flags: NLM_F.CREATE | NLM_F.REPLACE, fill: (writer) => encodeNeighbour(writer, spec) }
}

export function deleteNeighbour(spec: NeighbourSpec): Request {
  return { type: RTM.DELNEIGH, fill: (writer) => encodeNeighbour(writer, spec) }
}

/** What can be set of an FDB entry; a decoded {@link FdbEntry} fits. */
export interface FdbSpec {
  /** ifindex of the bridge port, the bridge, or the device with a table of its own. */
  readonly index: number
  readonly mac: string
  readonly vlan?: number | undefined
  readonly destination?: string | undefined
  /** UDP port. */
  readonly port?: number | undefined
  readonly vni?: number | undefined
  readonly sourceVni?: number | undefined
  readonly viaIndex?: number | undefined
  readonly nexthopId?: number | undefined
  /** NUD_*: PERMANENT (default), NOARP (static), REACHABLE (dynamic). */
  readonly state?: number | undefined
  /** NTF_*: SELF (the device's own table), MASTER (the bridge's), EXT_LEARNED, STICKY… Default SELF. */
  readonly flags?: number | undefined
}

export function encodeFdbEntry(writer: Writer, spec: FdbSpec): void {
  encodeHeader(writer, {
    family: AF.BRIDGE,
    index: spec.index,
    state: spec.state ?? NUD.PERMANENT,
    flags: fdbFlags(spec),
  })
  writer.macAttribute(NDA.LLADDR, spec.mac)
  if (spec.destination !== undefined) writer.addressAttribute(NDA.DST, spec.destination)
  if (spec.vlan !== undefined) writer.u16Attribute(NDA.VLAN, spec.vlan)
  if (spec.port !== undefined) writer.u16beAttribute(NDA.PORT, spec.port)
  if (spec.vni !== undefined) writer.u32Attribute(NDA.VNI, spec.vni)
  if (spec.sourceVni !== undefined) writer.u32Attribute(NDA.SRC_VNI, spec.sourceVni)
  if (spec.viaIndex !== undefined) writer.u32Attribute(NDA.IFINDEX, spec.viaIndex)
  if (spec.nexthopId !== undefined) writer.u32Attribute(NDA.NH_ID, spec.nexthopId)
}

/** A decoded entry of a bridge's table has neither flag, but belongs to the master. */
function fdbFlags(spec: FdbSpec & { readonly master?: number | undefined }): number {
  const flags = spec.flags ?? 0
  if (flags & (NTF.SELF | NTF.MASTER)) return flags
  return flags | (spec.master === undefined ? NTF.SELF : NTF.MASTER)
}

/** Adds an entry; throws EEXIST when there is one. */
export function addFdbEntry(spec: FdbSpec): Request {
  return { type: RTM.NEWNEIGH, flags: NLM_F.CREATE | NLM_F.EXCL, fill: (writer) => encodeFdbEntry(writer, spec) }
}

/** A further destination of the same MAC, for head-end replication of 00:00:00:00:00:00. */
export function appendFdbEntry(spec: FdbSpec): Request {
  return { type: RTM.NEWNEIGH, flags: NLM_F.CREATE | NLM_F.APPEND, fill: (writer) => encodeFdbEntry(writer, spec) }
}

export function replaceFdbEntry(spec: FdbSpec): Request {
  return { type: RTM.NEWNEIGH, flags: NLM_F.CREATE | NLM_F.REPLACE, fill: (writer) => encodeFdbEntry(writer, spec) }
}

export function deleteFdbEntry(spec: FdbSpec): Request {
  return { type: RTM.DELNEIGH, fill: (writer) => encodeFdbEntry(writer, spec) }
}
