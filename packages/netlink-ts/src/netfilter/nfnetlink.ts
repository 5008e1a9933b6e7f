import type { Attributes } from '../attribute.ts'
import { malformed } from '../error.ts'
import { attributesOf, type Message } from '../message.ts'
import { u16be } from '../reader.ts'
import type { Writer } from '../writer.ts'

/** linux/netfilter/nfnetlink.h: subsystems, the high byte of a message type. */
export const NFNL_SUBSYS = {
  CTNETLINK: 1,
  CTNETLINK_EXP: 2,
  QUEUE: 3,
  OSF: 5,
  IPSET: 6,
  ACCT: 7,
  CTNETLINK_TIMEOUT: 8,
  CTHELPER: 9,
  NFTABLES: 10,
  NFT_COMPAT: 11,
  HOOK: 12,
} as const

/** linux/netfilter/nfnetlink.h: multicast groups. */
export const NFNLGRP = {
  CONNTRACK_NEW: 1,
  CONNTRACK_UPDATE: 2,
  CONNTRACK_DESTROY: 3,
  CONNTRACK_EXP_NEW: 4,
  CONNTRACK_EXP_UPDATE: 5,
  CONNTRACK_EXP_DESTROY: 6,
  NFTABLES: 7,
  ACCT_QUOTA: 8,
  NFTRACE: 9,
} as const

/** linux/netfilter.h: the family byte of nfgenmsg. */
export const NFPROTO = { UNSPEC: 0, INET: 1, IPV4: 2, ARP: 3, NETDEV: 5, BRIDGE: 7, IPV6: 10 } as const

const FAMILY_NAMES: Readonly<Record<number, string>> = {
  [NFPROTO.UNSPEC]: 'unspec',
  [NFPROTO.INET]: 'inet',
  [NFPROTO.IPV4]: 'ip',
  [NFPROTO.ARP]: 'arp',
  [NFPROTO.NETDEV]: 'netdev',
  [NFPROTO.BRIDGE]: 'bridge',
  [NFPROTO.IPV6]: 'ip6',
}

/** `ip`, `inet`, `bridge`… as nft(8) names an address family; the number as text when it has no name. */
export function netfilterFamilyName(family: number): string {
  return FAMILY_NAMES[family] ?? String(family)
}

/** struct nfgenmsg: family, version, resource id. */
const NFGENMSG_BYTES = 4

export interface NetfilterHeader {
  /** NFPROTO_* */
  readonly family: number
  readonly version: number
  /** Subsystem of a batch, low 16 bits of the generation in answers of nf_tables. */
  readonly resourceId: number
}

export function netfilterHeader(message: Message): NetfilterHeader {
  const { bytes, start, end } = message
  if (end - start < NFGENMSG_BYTES) throw malformed(`nfnetlink message: ${end - start} bytes, needs ${NFGENMSG_BYTES}`)
  return { family: bytes[start] as number, version: bytes[start + 1] as number, resourceId: u16be(bytes, start + 2) }
}

/** The attributes behind nfgenmsg. */
export function netfilterAttributes(message: Message): Attributes {
  return attributesOf(message, NFGENMSG_BYTES)
}

/** Message type of `operation` in `subsystem`. */
export function netfilterType(subsystem: number, operation: number): number {
  return (subsystem << 8) | operation
}

/** struct nfgenmsg. */
export function writeNetfilterHeader(writer: Writer, family: number, resourceId = 0): Writer {
  return writer.u8(family).u8(0).u16be(resourceId)
}
