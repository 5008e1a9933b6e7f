import type { Attributes } from '../attribute.ts'
import { ipProtocolName } from '../diag/ip-protocol.ts'
import { attributesOf, type Message } from '../message.ts'
import { text, u8, u16, u16be, u32, u32be } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import {
  decodeXfrmLimits,
  decodeXfrmMark,
  decodeXfrmSelector,
  decodeXfrmUse,
  XFRM_MSG,
  XFRMA,
  type XfrmLimits,
  type XfrmMark,
  type XfrmSelector,
  type XfrmUse,
  xfrmAddress,
  xfrmModeName,
} from './xfrm.ts'

/** struct xfrm_usersa_info (linux/xfrm.h). */
const SA_BYTES = 224
const ALGORITHM_NAME_BYTES = 64

/** An algorithm. Its key, which the kernel also sends, is never read. */
export interface XfrmAlgorithm {
  /** `hmac(sha1)`, `rfc4106(gcm(aes))`… */
  readonly name: string
  readonly keyBits: number
  /** Length of the integrity value. */
  readonly truncatedBits: number | undefined
}

/** A security association. */
export interface XfrmSa {
  /** AF_INET or AF_INET6, of the outer addresses. */
  readonly family: number
  readonly source: string
  readonly destination: string
  /** `esp`, `ah`, `comp`, or the number. */
  readonly protocol: string
  readonly spi: number
  readonly reqid: number
  /** `transport`, `tunnel`… */
  readonly mode: string
  /** XFRM_STATE_* */
  readonly flags: number
  readonly selector: XfrmSelector
  readonly limits: XfrmLimits
  readonly use: XfrmUse
  /** Packets refused since it was made. */
  readonly replayWindowErrors: number
  readonly replayErrors: number
  readonly integrityErrors: number
  readonly replay: XfrmReplay
  readonly authentication: XfrmAlgorithm | undefined
  readonly encryption: XfrmAlgorithm | undefined
  readonly aead: XfrmAlgorithm | undefined
  readonly compression: XfrmAlgorithm | undefined
  /** UDP encapsulation; type 2 = RFC 3948. */
  readonly encapsulation:
    | { readonly type: number; readonly sourcePort: number; readonly destinationPort: number }
    | undefined
  readonly mark: XfrmMark | undefined
  /** Mark that a packet gets when it comes out. */
  readonly outputMark: XfrmMark | undefined
  /** Of an xfrm interface. */
  readonly interfaceId: number | undefined
  readonly lastUsedS: number | undefined
}

/** Sequence numbers; exact up to 2^53. */
export interface XfrmReplay {
  readonly window: number
  readonly outgoing: number
  readonly incoming: number
  /** Extended (64-bit) sequence numbers. */
  readonly extended: boolean
}

/** XFRM_MSG_NEWSA: struct xfrm_usersa_info and attributes. */
export function decodeXfrmSa(message: Message): XfrmSa {
  const attributes = attributesOf(message, SA_BYTES)
  const { bytes, start } = message
  const family = u16(bytes, start + 212)
  return {
    family,
    source: xfrmAddress(bytes, start + 80, family),
    destination: xfrmAddress(bytes, start + 56, family),
    protocol: ipProtocolName(u8(bytes, start + 76)),
    spi: u32be(bytes, start + 72),
    reqid: u32(bytes, start + 208),
    mode: xfrmModeName(u8(bytes, start + 214)),
    flags: u8(bytes, start + 216),
    selector: decodeXfrmSelector(bytes, start),
    limits: decodeXfrmLimits(bytes, start + 96),
    use: decodeXfrmUse(bytes, start + 160),
    replayWindowErrors: u32(bytes, start + 192),
    replayErrors: u32(bytes, start + 196),
    integrityErrors: u32(bytes, start + 200),
    replay: decodeReplay(attributes, u8(bytes, start + 215)),
    ...decodeAlgorithms(attributes),
    encapsulation: decodeEncapsulation(attributes),
    mark: decodeXfrmMark(attributes),
    outputMark: decodeOutputMark(attributes),
    interfaceId: attributes.u32(XFRMA.IF_ID),
    lastUsedS: attributes.u64(XFRMA.LASTUSED),
  }
}

function decodeAlgorithms(attributes: Attributes) {
  return {
    authentication:
      decodeAlgorithm(attributes, XFRMA.ALG_AUTH_TRUNC, true) ?? decodeAlgorithm(attributes, XFRMA.ALG_AUTH, false),
    encryption: decodeAlgorithm(attributes, XFRMA.ALG_CRYPT, false),
    aead: decodeAlgorithm(attributes, XFRMA.ALG_AEAD, true),
    compression: decodeAlgorithm(attributes, XFRMA.ALG_COMP, false),
  }
}

/** struct xfrm_algo, or with a truncation length xfrm_algo_auth and xfrm_algo_aead. */
function decodeAlgorithm(attributes: Attributes, type: number, hasTruncation: boolean): XfrmAlgorithm | undefined {
  const at = attributes.offset(type, ALGORITHM_NAME_BYTES + (hasTruncation ? 8 : 4))
  if (at === undefined) return undefined
  const { bytes } = attributes
  return {
    name: text(bytes, at, ALGORITHM_NAME_BYTES),
    keyBits: u32(bytes, at + ALGORITHM_NAME_BYTES),
    truncatedBits: hasTruncation ? u32(bytes, at + ALGORITHM_NAME_BYTES + 4) : undefined,
  }
}

/** struct xfrm_replay_state_esn, or xfrm_replay_state. */
function decodeReplay(attributes: Attributes, window: number): XfrmReplay {
  const { bytes } = attributes
  const extended = attributes.offset(XFRMA.REPLAY_ESN_VAL, 24)
  if (extended !== undefined) {
    return {
      window: u32(bytes, extended + 20),
      outgoing: u32(bytes, extended + 12) * 0x1_0000_0000 + u32(bytes, extended + 4),
      incoming: u32(bytes, extended + 16) * 0x1_0000_0000 + u32(bytes, extended + 8),
      extended: true,
    }
  }
  const at = attributes.offset(XFRMA.REPLAY_VAL, 12)
  const [outgoing, incoming] = at === undefined ? [0, 0] : [u32(bytes, at), u32(bytes, at + 4)]
  return { window, outgoing, incoming, extended: false }
}

/** struct xfrm_encap_tmpl. */
function decodeEncapsulation(attributes: Attributes): XfrmSa['encapsulation'] {
  const at = attributes.offset(XFRMA.ENCAP, 6)
  if (at === undefined) return undefined
  const { bytes } = attributes
  return { type: u16(bytes, at), sourcePort: u16be(bytes, at + 2), destinationPort: u16be(bytes, at + 4) }
}

function decodeOutputMark(attributes: Attributes): XfrmMark | undefined {
  const value = attributes.u32(XFRMA.SET_MARK)
  return value === undefined ? undefined : { value, mask: attributes.u32(XFRMA.SET_MARK_MASK) ?? 0xffff_ffff }
}

/** The security associations of the socket's namespace (NETLINK_XFRM). Needs CAP_NET_ADMIN. */
export function dumpXfrmSas(socket: NetlinkSocket): XfrmSa[] {
  return socket.dump({ type: XFRM_MSG.GETSA }, decodeXfrmSa)
}
