import { type Ip, ip, isUnspecified, toIp } from './address.ts'
import { explore } from './explore.ts'
import { Engine } from './ip/engine.ts'
import { sendPacket } from './ip/output.ts'
import type { Flow, Journey } from './journey.ts'
import { UNKNOWN_MAC } from './link/frame.ts'
import { outsideLink } from './outside.ts'
import { ICMP_TYPE, ICMP6_TYPE, type Packet, PROTOCOL, protocolNumber, TCP_FLAG } from './packet.ts'
import type { Answer, Outcome, Run } from './run.ts'
import { linkNamed, placeIn, type Space, sysctlOf, type World } from './world.ts'

/** One packet's way in one run, and that of what it is answered with. */
export interface Leg {
  readonly flow: Flow
  readonly outcome: Outcome
  readonly hops: Run['hops']
  readonly reply?: Leg
}

export interface RunResult extends Leg {
  readonly run: Run
}

export interface PredictOptions {
  /** Inode: of several ways that the facts leave open, only those that are delivered there. */
  readonly endsIn?: number
}

/** Says where a packet goes, hop by hop, and why it does not arrive if it does not. Nothing is sent. */
export function predict(world: World, flow: Flow, { endsIn }: PredictOptions = {}): Journey {
  const isMeant = ({ outcome }: RunResult) =>
    endsIn === undefined || (outcome.kind === 'delivered' && outcome.at.namespace.inode === endsIn)
  return explore(flow, (run) => runFlow(world, flow, run), isMeant)
}

function runFlow(world: World, flow: Flow, run: Run): RunResult {
  const engine = new Engine(run)
  const space = world.space(flow.source.host ?? 0, flow.source.namespace)
  if (space === undefined) {
    const reason = `namespace ${flow.source.name} is not in the facts`
    return { run, flow, outcome: { kind: 'unknown', reason }, hops: [] }
  }
  const outcome = start(engine, space, flow)
  const { hops } = run
  if (outcome.kind !== 'delivered' || outcome.answer === undefined) return { run, flow, outcome, hops }
  return { run, flow, outcome, hops, reply: answerLeg(engine, outcome.answer) }
}

/** What comes back; for a connection, what the first sender then says as well. */
function answerLeg(engine: Engine, { space, packet }: Answer): Leg {
  const { run } = engine
  const waiting = run.expected
  // as the one that answers knows it, before NAT on the way rewrites it
  const answered = { space, packet: { ...packet } }
  const leg = sendLeg(engine, { space, packet })
  if (leg.outcome.kind !== 'delivered' || !isSynAck(answered.packet) || waiting === undefined) return leg
  run.expected = answered
  const packetBack = { ...waiting.packet, tcpFlags: TCP_FLAG.ACK, size: waiting.packet.size - 8 }
  delete packetBack.tracking
  return { ...leg, reply: sendLeg(engine, { space: waiting.space, packet: packetBack }) }
}

function isSynAck({ tcpFlags = 0 }: Packet): boolean {
  return (tcpFlags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) === (TCP_FLAG.SYN | TCP_FLAG.ACK)
}

function sendLeg(engine: Engine, { space, packet }: Answer): Leg {
  const { run } = engine
  run.hops = []
  run.seen.clear()
  run.loop = undefined
  const flow = flowBack(space, packet)
  run.hop(space, packet, { stage: 'socket', subject: space.name, text: sentText(packet) })
  const outcome = engine.send(space, packet)
  return { flow, outcome, hops: run.hops }
}

function sentText({ tcpFlags, icmp }: Packet): string {
  if (tcpFlags === TCP_FLAG.ACK) return 'acknowledges (ACK)'
  if (tcpFlags !== undefined) return 'answers (SYN, ACK)'
  return icmp === undefined ? 'answers' : 'answers (echo reply)'
}

function flowBack(space: Space, packet: Packet): Flow {
  const { host, namespace, name } = space
  return {
    source: { namespace: namespace.inode, host, name, address: packet.source.text },
    destination: packet.destination.text,
    protocol: protocolText(packet),
    ...(packet.sourcePort === undefined ? {} : { sourcePort: packet.sourcePort }),
    ...(packet.destinationPort === undefined ? {} : { destinationPort: packet.destinationPort }),
  }
}

function protocolText({ protocol, family }: Packet): string {
  if (protocol === PROTOCOL.TCP) return 'tcp'
  if (protocol === PROTOCOL.UDP) return 'udp'
  if (protocol === PROTOCOL.ICMP || protocol === PROTOCOL.ICMPV6) return family === 4 ? 'icmp' : 'icmpv6'
  return String(protocol)
}

function start(engine: Engine, space: Space, flow: Flow): Outcome {
  const { run } = engine
  const packet = packetOf(space, flow)
  if (flow.source.outside === true) return fromOutside(engine, space, flow, packet)
  run.hop(space, packet, { stage: 'socket', subject: space.name, text: `sends to ${flow.destination}` })
  const bound = flow.source.link === undefined ? undefined : linkNamed(space, flow.source.link)
  if (flow.source.link !== undefined && bound === undefined) {
    const text = `${space.name} has no link ${flow.source.link}`
    return run.unknown(space, packet, {
      stage: 'socket',
      subject: flow.source.link,
      text,
      place: placeIn(space, 'snapshot', text),
    })
  }
  return sendPacket(engine, space, packet, { oif: bound?.index })
}

function fromOutside(engine: Engine, space: Space, flow: Flow, packet: Packet): Outcome {
  const { run } = engine
  const entry = outsideLink(run, space, flow)
  if (entry === undefined) {
    const text = `no link of ${space.name} leads outside`
    return run.unknown(space, packet, {
      stage: 'outside',
      subject: space.name,
      text,
      place: placeIn(space, 'snapshot', text),
    })
  }
  if (isUnspecified(packet.source)) packet.source = entry.source
  delete packet.owner
  run.outside = { address: packet.source, space, link: entry.link }
  run.hop(space, packet, {
    stage: 'outside',
    subject: entry.link.name,
    text: `comes in by ${entry.link.name} from outside`,
  })
  const frame = { source: UNKNOWN_MAC, destination: entry.link.mac ?? UNKNOWN_MAC, body: packet }
  return engine.receive({ space, link: entry.link }, frame)
}

/** Of an unspecified source port: one of ip_local_port_range that nothing else here uses. */
const SOME_PORT = 51_234
/** Bytes of a SYN with the usual options, of a short datagram, and what ping sends, over IPv4. */
const DEFAULT_SIZES: Readonly<Record<number, number>> = { [PROTOCOL.TCP]: 60, [PROTOCOL.UDP]: 40 }
const PING_SIZE = 84

function packetOf(space: Space, flow: Flow): Packet {
  const destination: Ip = ip(flow.destination)
  const { family } = destination
  const protocol = numberOf(flow.protocol, family)
  const isTcp = protocol === PROTOCOL.TCP
  return {
    family,
    source: toIp(flow.source.address ?? '') ?? ip(family === 4 ? '0.0.0.0' : '::'),
    destination,
    protocol,
    ...transportOf(flow, protocol, family),
    ttl: flow.ttl ?? sysctlOf(space, 'net.ipv4.ip_default_ttl') ?? 64,
    size: flow.size ?? defaultSize(protocol, family),
    df: flow.df ?? isTcp,
    tos: 0,
    mark: flow.mark ?? 0,
    owner: { uid: flow.uid },
  }
}

function defaultSize(protocol: number, family: 4 | 6): number {
  return (DEFAULT_SIZES[protocol] ?? PING_SIZE) + (family === 6 ? 20 : 0)
}

function transportOf({ sourcePort, destinationPort }: Flow, protocol: number, family: 4 | 6): Partial<Packet> {
  if (protocol === PROTOCOL.ICMP || protocol === PROTOCOL.ICMPV6) {
    return { icmp: { type: family === 4 ? ICMP_TYPE.ECHO : ICMP6_TYPE.ECHO, code: 0, id: 1 } }
  }
  const ports = { sourcePort: sourcePort ?? SOME_PORT, destinationPort: destinationPort ?? 0 }
  return protocol === PROTOCOL.TCP ? { ...ports, tcpFlags: TCP_FLAG.SYN, mss: 1460 } : ports
}

/** `icmp` means the ICMP of the address's family. */
export function numberOf(protocol: string, family: 4 | 6): number {
  if (protocol === 'icmp' || protocol === 'icmpv6') return family === 4 ? PROTOCOL.ICMP : PROTOCOL.ICMPV6
  return protocolNumber(protocol) ?? PROTOCOL.TCP
}
