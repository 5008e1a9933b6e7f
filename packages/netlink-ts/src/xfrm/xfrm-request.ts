import { parseAddress } from '../address.ts'
import { NetlinkError } from '../error.ts'
import { AF } from '../libc.ts'
import { NLM_F } from '../message.ts'
import type { Request } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { XFRM_MSG, XFRMA, type XfrmMark } from './xfrm.ts'

/** linux/in.h */
const IPPROTO_ESP = 50
/** linux/xfrm.h: XFRM_MODE_TRANSPORT, XFRM_MODE_TUNNEL. */
const MODES = { transport: 0, tunnel: 1 } as const
/** linux/xfrm.h: XFRM_POLICY_*. */
const DIRECTIONS = { in: 0, out: 1, fwd: 2 } as const
const ADDRESS_BYTES = 16
const ALGORITHM_NAME_BYTES = 64
const ANY_ALGORITHM = 0xffff_ffff

/** Which ESP association: what the kernel looks incoming packets up by. */
export interface XfrmStateId {
  readonly destination: string
  readonly spi: number
  readonly mark?: XfrmMark | undefined
}

/** An ESP association with an AEAD, without limits and replay window. */
export interface XfrmStateSpec extends XfrmStateId {
  readonly source: string
  readonly reqid: number
  readonly mode: keyof typeof MODES
  readonly aead: {
    /** `rfc4106(gcm(aes))` */
    readonly name: string
    /** With the salt that belongs to it. */
    readonly key: Uint8Array
    /** Length of the integrity value. */
    readonly truncatedBits: number
  }
}

/** Which packets a policy is for. */
export interface XfrmPolicyId {
  readonly direction: keyof typeof DIRECTIONS
  /** CIDRs. */
  readonly source: string
  readonly destination: string
  /** IPPROTO_*; absent = any. */
  readonly protocol?: number | undefined
  readonly destinationPort?: number | undefined
  readonly mark?: XfrmMark | undefined
}

/** A policy that demands one ESP association. */
export interface XfrmPolicySpec extends XfrmPolicyId {
  readonly template: Pick<XfrmStateSpec, 'source' | 'destination' | 'spi' | 'reqid' | 'mode'>
}

/** Adds a security association; throws EEXIST when there is one of that destination and SPI. */
export function addXfrmState(spec: XfrmStateSpec): Request {
  return {
    type: XFRM_MSG.NEWSA,
    flags: NLM_F.CREATE | NLM_F.EXCL,
    fill: (writer) => {
      encodeSelector(writer, undefined)
      encodeId(writer, spec)
      encodeAddress(writer, spec.source)
      encodeNoLimits(writer)
      // struct xfrm_lifetime_cur, struct xfrm_stats, seq
      writer.zeros(32 + 12 + 4)
      writer.u32(spec.reqid).u16(familyOf(spec.source)).u8(MODES[spec.mode])
      // replay window, flags, padding
      writer.zeros(2 + 7)
      writer.attribute(XFRMA.ALG_AEAD, (nest) => encodeAead(nest, spec.aead))
      encodeMark(writer, spec.mark)
    },
  }
}

export function deleteXfrmState({ destination, spi, mark }: XfrmStateId): Request {
  return {
    type: XFRM_MSG.DELSA,
    fill: (writer) => {
      encodeAddress(writer, destination)
      writer.u32be(spi).u16(familyOf(destination)).u8(IPPROTO_ESP).u8(0)
      encodeMark(writer, mark)
    },
  }
}

/** Adds a policy; throws EEXIST when there is one for the same packets. */
export function addXfrmPolicy(spec: XfrmPolicySpec): Request {
  return policyRequest(XFRM_MSG.NEWPOLICY, spec)
}

/** Puts a policy in the place of that for the same packets, or adds it. */
export function updateXfrmPolicy(spec: XfrmPolicySpec): Request {
  return policyRequest(XFRM_MSG.UPDPOLICY, spec)
}

function policyRequest(type: number, spec: XfrmPolicySpec): Request {
  return {
    type,
    flags: NLM_F.CREATE | NLM_F.EXCL,
    fill: (writer) => {
      encodeSelector(writer, spec)
      encodeNoLimits(writer)
      // struct xfrm_lifetime_cur, priority, index
      writer.zeros(32 + 4 + 4)
      // direction, action (allow), flags, share, padding
      writer.u8(DIRECTIONS[spec.direction]).zeros(3 + 4)
      writer.attribute(XFRMA.TMPL, (nest) => encodeTemplate(nest, spec.template))
      encodeMark(writer, spec.mark)
    },
  }
}

export function deleteXfrmPolicy(id: XfrmPolicyId): Request {
  return {
    type: XFRM_MSG.DELPOLICY,
    fill: (writer) => {
      encodeSelector(writer, id)
      writer.u32(0).u8(DIRECTIONS[id.direction]).zeros(3)
      encodeMark(writer, id.mark)
    },
  }
}

/** struct xfrm_selector, 56 bytes. */
function encodeSelector(writer: Writer, id: XfrmPolicyId | undefined): void {
  if (id === undefined) {
    writer.zeros(56)
    return
  }
  const [source, sourceLength] = splitCidr(id.source)
  const [destination, destinationLength] = splitCidr(id.destination)
  const port = id.destinationPort
  encodeAddress(writer, destination)
  encodeAddress(writer, source)
  writer.u16be(port ?? 0).u16be(port === undefined ? 0 : 0xffff)
  writer.zeros(4)
  writer.u16(familyOf(source)).u8(destinationLength).u8(sourceLength)
  writer.u8(id.protocol ?? 0).zeros(3)
  // ifindex, uid
  writer.zeros(8)
}

/** struct xfrm_id, 24 bytes. */
function encodeId(writer: Writer, { destination, spi }: XfrmStateId): void {
  encodeAddress(writer, destination)
  writer.u32be(spi).u8(IPPROTO_ESP).zeros(3)
}

/** struct xfrm_user_tmpl, 64 bytes. */
function encodeTemplate(writer: Writer, template: XfrmPolicySpec['template']): void {
  encodeId(writer, template)
  writer.u16(familyOf(template.source)).zeros(2)
  encodeAddress(writer, template.source)
  // share, optional, padding
  writer.u32(template.reqid).u8(MODES[template.mode]).zeros(3)
  writer.u32(ANY_ALGORITHM).u32(ANY_ALGORITHM).u32(ANY_ALGORITHM)
}

/** struct xfrm_algo_aead. */
function encodeAead(writer: Writer, { name, key, truncatedBits }: XfrmStateSpec['aead']): void {
  const bytes = new TextEncoder().encode(name)
  if (bytes.length >= ALGORITHM_NAME_BYTES) throw new NetlinkError('usage', `xfrm: ${name}: too long a name`)
  writer.raw(bytes).zeros(ALGORITHM_NAME_BYTES - bytes.length)
  writer
    .u32(key.length * 8)
    .u32(truncatedBits)
    .raw(key)
}

/** struct xfrm_lifetime_cfg, 64 bytes: XFRM_INF for bytes and packets, no times. */
function encodeNoLimits(writer: Writer): void {
  for (let field = 0; field < 4; field++) writer.u64(0xffff_ffff_ffff_ffffn)
  writer.zeros(32)
}

function encodeMark(writer: Writer, mark: XfrmMark | undefined): void {
  if (mark !== undefined) writer.attribute(XFRMA.MARK, (nest) => nest.u32(mark.value).u32(mark.mask))
}

/** xfrm_address_t: 16 bytes, of which IPv4 uses the first 4. */
function encodeAddress(writer: Writer, address: string): void {
  const bytes = parseAddress(address)
  writer.raw(bytes).zeros(ADDRESS_BYTES - bytes.length)
}

function familyOf(address: string): number {
  return address.includes(':') ? AF.INET6 : AF.INET
}

function splitCidr(cidr: string): readonly [string, number] {
  const [address = '', length] = cidr.split('/')
  return [address, length === undefined ? (address.includes(':') ? 128 : 32) : Number(length)]
}
