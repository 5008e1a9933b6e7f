import { formatIpv4, formatIpv6 } from '../address.ts'
import type { Attributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { s32, u8, u16, u16be, u32, u64 } from '../reader.ts'

/** linux/xfrm.h: message types. */
export const XFRM_MSG = {
  NEWSA: 0x10,
  DELSA: 0x11,
  GETSA: 0x12,
  NEWPOLICY: 0x13,
  DELPOLICY: 0x14,
  GETPOLICY: 0x15,
  UPDPOLICY: 0x19,
} as const

/** linux/xfrm.h: attributes. */
export const XFRMA = {
  ALG_AUTH: 1,
  ALG_CRYPT: 2,
  ALG_COMP: 3,
  ENCAP: 4,
  TMPL: 5,
  REPLAY_VAL: 10,
  LASTUSED: 15,
  POLICY_TYPE: 16,
  ALG_AEAD: 18,
  ALG_AUTH_TRUNC: 20,
  MARK: 21,
  REPLAY_ESN_VAL: 23,
  OFFLOAD_DEV: 28,
  SET_MARK: 29,
  SET_MARK_MASK: 30,
  IF_ID: 31,
} as const

/** linux/xfrm.h: multicast groups. */
export const XFRMNLGRP = { ACQUIRE: 1, EXPIRE: 2, SA: 3, POLICY: 4, AEVENTS: 5, REPORT: 6 } as const

const MODES = ['transport', 'tunnel', 'ro', 'in_trigger', 'beet', 'iptfs'] as const

/** `transport`, `tunnel`… */
export function xfrmModeName(mode: number): string {
  return MODES[mode] ?? String(mode)
}

/** xfrm_address_t: 16 bytes, of which IPv4 uses the first 4. */
export function xfrmAddress(bytes: Uint8Array, at: number, family: number): string {
  return family === AF.INET6 ? formatIpv6(bytes, at) : formatIpv4(bytes, at)
}

/** Which packets: struct xfrm_selector. Zero ports, protocol and index mean any. */
export interface XfrmSelector {
  /** AF_INET, AF_INET6, or 0 for both. */
  readonly family: number
  /** CIDR. */
  readonly source: string
  readonly destination: string
  readonly sourcePort: number
  readonly sourcePortMask: number
  readonly destinationPort: number
  readonly destinationPortMask: number
  /** IPPROTO_* */
  readonly protocol: number
  readonly index: number
  readonly uid: number
}

export function decodeXfrmSelector(bytes: Uint8Array, at: number): XfrmSelector {
  const family = u16(bytes, at + 40)
  return {
    family,
    source: `${xfrmAddress(bytes, at + 16, family)}/${u8(bytes, at + 43)}`,
    destination: `${xfrmAddress(bytes, at, family)}/${u8(bytes, at + 42)}`,
    sourcePort: u16be(bytes, at + 36),
    sourcePortMask: u16be(bytes, at + 38),
    destinationPort: u16be(bytes, at + 32),
    destinationPortMask: u16be(bytes, at + 34),
    protocol: u8(bytes, at + 44),
    index: s32(bytes, at + 48),
    uid: u32(bytes, at + 52),
  }
}

/** struct xfrm_lifetime_cur. */
export interface XfrmUse {
  readonly bytes: number
  readonly packets: number
  /** Seconds since 1970; 0 = never used. */
  readonly addedS: number
  readonly usedS: number
}

export function decodeXfrmUse(bytes: Uint8Array, at: number): XfrmUse {
  return {
    bytes: u64(bytes, at),
    packets: u64(bytes, at + 8),
    addedS: u64(bytes, at + 16),
    usedS: u64(bytes, at + 24),
  }
}

/** struct xfrm_lifetime_cfg; absent = no limit. */
export interface XfrmLimits {
  readonly softBytes: number | undefined
  readonly hardBytes: number | undefined
  readonly softPackets: number | undefined
  readonly hardPackets: number | undefined
  /** Seconds after it was made, and after its first use. */
  readonly softAddS: number | undefined
  readonly hardAddS: number | undefined
  readonly softUseS: number | undefined
  readonly hardUseS: number | undefined
}

export function decodeXfrmLimits(bytes: Uint8Array, at: number): XfrmLimits {
  return {
    softBytes: limit(bytes, at),
    hardBytes: limit(bytes, at + 8),
    softPackets: limit(bytes, at + 16),
    hardPackets: limit(bytes, at + 24),
    softAddS: seconds(bytes, at + 32),
    hardAddS: seconds(bytes, at + 40),
    softUseS: seconds(bytes, at + 48),
    hardUseS: seconds(bytes, at + 56),
  }
}

/** XFRM_INF: all bits set. */
function limit(bytes: Uint8Array, at: number): number | undefined {
  return u32(bytes, at) === 0xffff_ffff && u32(bytes, at + 4) === 0xffff_ffff ? undefined : u64(bytes, at)
}

function seconds(bytes: Uint8Array, at: number): number | undefined {
  return u64(bytes, at) === 0 ? undefined : u64(bytes, at)
}

export interface XfrmMark {
  readonly value: number
  readonly mask: number
}

/** XFRMA_MARK: struct xfrm_mark. */
export function decodeXfrmMark(attributes: Attributes): XfrmMark | undefined {
  const at = attributes.offset(XFRMA.MARK, 8)
  return at === undefined ? undefined : { value: u32(attributes.bytes, at), mask: u32(attributes.bytes, at + 4) }
}
