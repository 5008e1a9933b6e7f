import { compareIp, type Ip, ip, ipOfWords, masksOf } from '../address.ts'
import { type Connection, invert, type Tuple } from '../connection.ts'
import { endpoint, type Packet, PROTOCOL } from '../packet.ts'
import { addressesOn, selectSource } from '../routing/source-address.ts'
import type { NatAction, RuleContext } from './rule.ts'
import { translated } from './tracking.ts'

/** Which end of a connection a hook rewrites (HOOK2MANIP). */
export type Manip = 'source' | 'destination'

export function manipOf(hook: RuleContext['hook']): Manip {
  return hook === 'prerouting' || hook === 'output' ? 'destination' : 'source'
}

/** Writes what a rule wants into a new connection (nf_nat_setup_info). False when there is no address to use. */
export function setUpNat(context: RuleContext, nat: NatAction, connection: Connection): boolean {
  const manip = manipOf(context.hook)
  const target = natTarget(context, nat, manip)
  if (target === undefined) return false
  // what the destination became is already in the reply; the source is its destination there
  const { reply } = connection
  if (manip === 'destination') {
    connection.reply = { ...reply, source: target.address, sourcePort: target.port ?? reply.sourcePort }
    connection.destinationNat = differs(reply.source, reply.sourcePort, target)
  } else {
    connection.reply = { ...reply, destination: target.address, destinationPort: target.port ?? reply.destinationPort }
    connection.sourceNat = differs(reply.destination, reply.destinationPort, target)
  }
  return true
}

interface Target {
  readonly address: Ip
  readonly port: number | undefined
}

function differs(address: Ip, port: number | undefined, target: Target): boolean {
  return address.text !== target.address.text || (target.port !== undefined && target.port !== port)
}

function natTarget(context: RuleContext, nat: NatAction, manip: Manip): Target | undefined {
  const { packet } = context
  const own = manip === 'destination' ? packet.destination : packet.source
  const address = natAddress(context, nat, own)
  if (address === undefined) return undefined
  return { address, port: natPort(packet, nat, manip) }
}

function natAddress(context: RuleContext, nat: NatAction, own: Ip): Ip | undefined {
  switch (nat.kind) {
    case 'masquerade':
      return masqueradeAddress(context)
    case 'redirect':
      return redirectAddress(context)
    case 'netmap':
      return netmapped(own, nat)
    default:
      return nat.addresses === undefined ? own : oneOf(context, nat.addresses)
  }
}

/** The kernel spreads connections over a range by a hash of their addresses. */
function oneOf({ run }: RuleContext, [from, to]: readonly [Ip, Ip]): Ip {
  const count = Math.min(MOST_ADDRESSES, (to.words.at(-1) ?? 0) - (from.words.at(-1) ?? 0) + 1)
  if (compareIp(from, to) >= 0 || count < 2) return from
  const choices = Array.from({ length: count }, (_, at) => withLastWord(from, (from.words.at(-1) ?? 0) + at))
  const words = choices.map(({ text }) => text)
  return choices[run.choose({ what: `which address of ${from.text}-${to.text} is used` }, words)] ?? from
}

const MOST_ADDRESSES = 8

function withLastWord({ family, words }: Ip, last: number): Ip {
  return ipOfWords(family, [...words.slice(0, -1), last >>> 0])
}

/** nf_nat_masquerade_ipv4: the address of the link it leaves by, chosen as for a packet of our own. */
function masqueradeAddress({ space, out, packet }: RuleContext): Ip | undefined {
  if (out === undefined) return undefined
  return selectSource(space, out, { destination: packet.destination, gateway: packet.gateway, scope: 'global' })
}

function redirectAddress({ hook, space, in: incoming, packet }: RuleContext): Ip | undefined {
  if (hook === 'output') return ip(packet.family === 4 ? '127.0.0.1' : '::1')
  const first = incoming === undefined ? undefined : addressesOn(space, incoming, packet.family)[0]
  return first && ip(first.address)
}

function netmapped(own: Ip, { addresses, prefixLength = 32 }: NatAction): Ip | undefined {
  const network = addresses?.[0]
  if (network === undefined) return undefined
  const masks = masksOf(own.family, prefixLength)
  const words = own.words.map((word, at) => {
    const mask = masks[at] ?? 0
    return (((network.words[at] ?? 0) & mask) | (word & ~mask)) >>> 0
  })
  return ipOfWords(own.family, words)
}

/** Undefined leaves the port: NAT keeps a source port that is free. */
function natPort(packet: Packet, { ports, kind }: NatAction, manip: Manip): number | undefined {
  if (ports === undefined) return undefined
  if (![PROTOCOL.TCP, PROTOCOL.UDP, PROTOCOL.SCTP].some((each) => each === packet.protocol)) return undefined
  const own = manip === 'destination' ? packet.destinationPort : packet.sourcePort
  const isFree = kind !== 'dnat' && kind !== 'redirect' && own !== undefined && own >= ports[0] && own <= ports[1]
  return isFree ? own : ports[0]
}

/** Rewrites the packet as its connection was set up; tells what changed. */
export function translate(packet: Packet, manip: Manip): string | undefined {
  const target = translated(packet, manip)
  if (target === undefined) return undefined
  if (packet.inner !== undefined && packet.icmp !== undefined) return translateError(packet, target, manip)
  return manip === 'destination' ? rewriteDestination(packet, target) : rewriteSource(packet, target)
}

function rewriteDestination(packet: Packet, { destination, destinationPort }: Tuple): string | undefined {
  const before = endpoint(packet.destination, packet.destinationPort)
  packet.destination = destination
  if (packet.destinationPort !== undefined && destinationPort !== undefined) packet.destinationPort = destinationPort
  const after = endpoint(packet.destination, packet.destinationPort)
  return before === after ? undefined : `destination ${before} → ${after}`
}

function rewriteSource(packet: Packet, { source, sourcePort }: Tuple): string | undefined {
  const before = endpoint(packet.source, packet.sourcePort)
  packet.source = source
  if (packet.sourcePort !== undefined && sourcePort !== undefined) packet.sourcePort = sourcePort
  const after = endpoint(packet.source, packet.sourcePort)
  return before === after ? undefined : `source ${before} → ${after}`
}

/** nf_nat_icmp_reply_translation: the packet inside is turned back the other way, and the error looks like an answer. */
function translateError(packet: Packet, target: Tuple, manip: Manip): string | undefined {
  const inner = packet.inner === undefined ? undefined : { ...packet.inner }
  if (inner === undefined) return undefined
  const inside = invert(target)
  if (manip === 'destination') rewriteSource(inner, inside)
  else rewriteDestination(inner, inside)
  packet.inner = inner
  const end = manip === 'destination' ? 'destination' : 'source'
  const before = packet[end].text
  packet[end] = target[end]
  return before === packet[end].text ? undefined : `${end} ${before} → ${packet[end].text}`
}
