import type { Attributes } from '../attribute.ts'
import { ipProtocolName } from '../diag/ip-protocol.ts'
import { malformed } from '../error.ts'
import { attributesOf, type Message } from '../message.ts'
import { u8, u16, u32, u32be } from '../reader.ts'
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

/** struct xfrm_userpolicy_info, struct xfrm_user_tmpl (linux/xfrm.h). */
const POLICY_BYTES = 168
const TEMPLATE_BYTES = 64

/** By number; those above 2 belong to sockets of their own (IP_XFRM_POLICY). */
const DIRECTIONS = ['in', 'out', 'fwd', 'socket in', 'socket out', 'socket fwd'] as const
const ACTIONS = ['allow', 'block'] as const

/** What must be done to the packets of a policy: a template that a security association must fit. */
export interface XfrmTemplate {
  readonly family: number
  /** Outer addresses; `0.0.0.0` or `::` = any, as in transport mode. */
  readonly source: string
  readonly destination: string
  /** `esp`, `ah`, `comp`, or the number. */
  readonly protocol: string
  /** 0 = any. */
  readonly spi: number
  readonly reqid: number
  readonly mode: string
  /** A packet that was not transformed is accepted as well. */
  readonly optional: boolean
}

export interface XfrmPolicyRule {
  readonly selector: XfrmSelector
  /** `in`, `out`, `fwd`, or `socket in`… */
  readonly direction: string
  /** `allow` or `block`. */
  readonly action: string
  /** Lower ones first. */
  readonly priority: number
  /** The kernel's own number of the policy. */
  readonly index: number
  /** `main` or `sub`. */
  readonly type: string
  readonly limits: XfrmLimits
  readonly use: XfrmUse
  readonly templates: readonly XfrmTemplate[]
  readonly mark: XfrmMark | undefined
  readonly interfaceId: number | undefined
}

/** XFRM_MSG_NEWPOLICY: struct xfrm_userpolicy_info and attributes. */
export function decodeXfrmPolicy(message: Message): XfrmPolicyRule {
  const attributes = attributesOf(message, POLICY_BYTES)
  const { bytes, start } = message
  const direction = u8(bytes, start + 160)
  const action = u8(bytes, start + 161)
  return {
    selector: decodeXfrmSelector(bytes, start),
    direction: DIRECTIONS[direction] ?? String(direction),
    action: ACTIONS[action] ?? String(action),
    priority: u32(bytes, start + 152),
    index: u32(bytes, start + 156),
    type: attributes.u8(XFRMA.POLICY_TYPE) === 1 ? 'sub' : 'main',
    limits: decodeXfrmLimits(bytes, start + 56),
    use: decodeXfrmUse(bytes, start + 120),
    templates: decodeTemplates(attributes),
    mark: decodeXfrmMark(attributes),
    interfaceId: attributes.u32(XFRMA.IF_ID),
  }
}

/** XFRMA_TMPL: an array. */
function decodeTemplates(attributes: Attributes): XfrmTemplate[] {
  const at = attributes.offset(XFRMA.TMPL)
  if (at === undefined) return []
  const length = attributes.length(XFRMA.TMPL) as number
  if (length % TEMPLATE_BYTES !== 0)
    throw malformed(`xfrm templates: ${length} bytes, not a multiple of ${TEMPLATE_BYTES}`)
  return Array.from({ length: length / TEMPLATE_BYTES }, (_, position) =>
    decodeTemplate(attributes.bytes, at + position * TEMPLATE_BYTES),
  )
}

function decodeTemplate(bytes: Uint8Array, at: number): XfrmTemplate {
  const family = u16(bytes, at + 24)
  return {
    family,
    source: xfrmAddress(bytes, at + 28, family),
    destination: xfrmAddress(bytes, at, family),
    protocol: ipProtocolName(u8(bytes, at + 20)),
    spi: u32be(bytes, at + 16),
    reqid: u32(bytes, at + 44),
    mode: xfrmModeName(u8(bytes, at + 48)),
    optional: u8(bytes, at + 50) !== 0,
  }
}

/** The policies of the socket's namespace (NETLINK_XFRM). Needs CAP_NET_ADMIN. */
export function dumpXfrmPolicies(socket: NetlinkSocket): XfrmPolicyRule[] {
  return socket.dump({ type: XFRM_MSG.GETPOLICY }, decodeXfrmPolicy)
}
