import type { Message } from '../message.ts'
import type { NetlinkSocket } from '../socket.ts'
import { netfilterAttributes, netfilterFamilyName, netfilterHeader, writeNetfilterHeader } from './nfnetlink.ts'
import { NFT_MSG, nftType } from './nft.ts'
import { decodeNftDevices } from './nft-chain.ts'
import { required } from './required.ts'

/** linux/netfilter/nf_tables.h: enum nft_object_attributes, nft_flowtable_attributes. */
const NFTA_OBJ = { TABLE: 1, NAME: 2, TYPE: 3, USE: 5, HANDLE: 6 } as const
const NFTA_FLOWTABLE = { TABLE: 1, NAME: 2, HOOK: 3, USE: 4, HANDLE: 5 } as const
const NFTA_FLOWTABLE_HOOK_DEVS = 3

/** NFT_OBJECT_*, by number. */
const OBJECT_TYPES = [
  'unspec',
  'counter',
  'quota',
  'ct helper',
  'limit',
  'connlimit',
  'tunnel',
  'ct timeout',
  'secmark',
  'ct expectation',
  'synproxy',
] as const

/** A named stateful object: counter, quota, limit, conntrack helper… */
export interface NftObject {
  /** NFPROTO_* */
  readonly family: number
  readonly familyName: string
  readonly table: string
  readonly name: string
  readonly type: string
  readonly handle: number
  /** Rules that refer to it. */
  readonly use: number
}

/** NFT_MSG_NEWOBJ (and NFT_MSG_DELOBJ of a notification). */
export function decodeNftObject(message: Message): NftObject {
  const { family } = netfilterHeader(message)
  const attributes = netfilterAttributes(message)
  const type = attributes.u32be(NFTA_OBJ.TYPE) ?? 0
  return {
    family,
    familyName: netfilterFamilyName(family),
    table: required(attributes.string(NFTA_OBJ.TABLE), 'object table'),
    name: required(attributes.string(NFTA_OBJ.NAME), 'object name'),
    type: OBJECT_TYPES[type] ?? String(type),
    handle: attributes.u64be(NFTA_OBJ.HANDLE) ?? 0,
    use: attributes.u32be(NFTA_OBJ.USE) ?? 0,
  }
}

/** Every named object of the socket's namespace. */
export function dumpNftObjects(socket: NetlinkSocket, family = 0): NftObject[] {
  return socket.dump(
    { type: nftType(NFT_MSG.GETOBJ), fill: (writer) => writeNetfilterHeader(writer, family) },
    decodeNftObject,
  )
}

/** Connections in it bypass the rules. */
export interface NftFlowtable {
  /** NFPROTO_* */
  readonly family: number
  readonly familyName: string
  readonly table: string
  readonly name: string
  readonly handle: number
  readonly devices: readonly string[]
}

/** NFT_MSG_NEWFLOWTABLE (and NFT_MSG_DELFLOWTABLE of a notification). */
export function decodeNftFlowtable(message: Message): NftFlowtable {
  const { family } = netfilterHeader(message)
  const attributes = netfilterAttributes(message)
  return {
    family,
    familyName: netfilterFamilyName(family),
    table: required(attributes.string(NFTA_FLOWTABLE.TABLE), 'flowtable table'),
    name: required(attributes.string(NFTA_FLOWTABLE.NAME), 'flowtable name'),
    handle: attributes.u64be(NFTA_FLOWTABLE.HANDLE) ?? 0,
    devices: decodeNftDevices(attributes.nested(NFTA_FLOWTABLE.HOOK)?.nested(NFTA_FLOWTABLE_HOOK_DEVS)),
  }
}

/** Every flowtable of the socket's namespace. */
export function dumpNftFlowtables(socket: NetlinkSocket, family = 0): NftFlowtable[] {
  return socket.dump(
    { type: nftType(NFT_MSG.GETFLOWTABLE), fill: (writer) => writeNetfilterHeader(writer, family) },
    decodeNftFlowtable,
  )
}
