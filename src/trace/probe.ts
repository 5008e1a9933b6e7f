import { randomBytes } from 'node:crypto'
import { TsnetError } from '../errors.ts'
import { numberOf } from '../flow/predict.ts'
import type { NamespaceSession } from '../inspect/session.ts'
import { ProbeSocket } from '../kernel/packets/probe-socket.ts'
import type { Flow } from '../model/journey.ts'
import { type Identity, IPPROTO } from './identity.ts'
import type { Outcome } from './observation.ts'
import { datagram, dnsQuestion, echoRequest } from './payloads.ts'

/** One packet, ready to be sent from an ordinary socket in the source namespace. */
export interface Probe {
  readonly identity: Identity
  /** `SYN`, `datagram`, `echo request`, `question`. */
  readonly kind: string
  /** How it is told from others, for people. */
  readonly mark: string
  readonly sourcePort: number | undefined
  send(): void
  /** Undefined while nobody knows. */
  poll(): Outcome | undefined
  close(): void
}

export interface ProbeOptions {
  readonly question?: string | undefined
}

const IP_BYTES = { 4: 20, 6: 40 } as const
const HEADER_BYTES = 8
const SMALLEST_COOKIE = 0x1000_0000
/** The number after it must not be 0, which the SYNs of all others acknowledge. */
const COOKIES = 0xe000_0000

/** @throws TsnetError `usage` for what cannot be sent, and as {@link ProbeSocket.open} */
export function prepareProbe(session: NamespaceSession, flow: Flow, { question }: ProbeOptions = {}): Probe {
  const family = flow.destination.includes(':') ? 6 : 4
  const protocol = numberOf(flow.protocol, family)
  if (protocol === IPPROTO.TCP) return tcpProbe(session, flow, family)
  if (protocol === IPPROTO.UDP) return udpProbe(session, flow, { family, question })
  if (protocol === IPPROTO.ICMP || protocol === IPPROTO.ICMPV6) return echoProbe(session, flow, family)
  throw new TsnetError('usage', `trace: ${flow.protocol} cannot be sent`, { hint: 'tcp, udp or icmp' })
}

/** Nobody else's, and never among the small numbers that others begin with. */
function newCookie(): number {
  return SMALLEST_COOKIE + (randomBytes(4).readUInt32BE() % COOKIES)
}

function socketOptions(flow: Flow) {
  const { source, sourcePort, mark, ttl, df, uid, destination, destinationPort: port = 0 } = flow
  return {
    destination,
    port,
    ...(source.address === undefined ? {} : { source: source.address }),
    ...(source.link === undefined ? {} : { link: source.link }),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(mark === undefined ? {} : { mark }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(df === undefined ? {} : { df }),
    ...(uid === undefined ? {} : { uid }),
  }
}

function tcpProbe(session: NamespaceSession, flow: Flow, family: 4 | 6): Probe {
  if (flow.size !== undefined) {
    throw new TsnetError('usage', 'trace: a SYN has the size that the kernel gives it', {
      hint: 'Try a size with --proto icmp or --proto udp',
    })
  }
  const cookie = newCookie()
  const socket = ProbeSocket.open(session, { ...socketOptions(flow), protocol: 'tcp', sequence: cookie })
  let failed: Outcome | undefined
  return {
    identity: { family, protocol: IPPROTO.TCP, cookie },
    kind: 'SYN',
    mark: `ISN 0x${cookie.toString(16)}`,
    sourcePort: socket.local().port,
    send: () => {
      const refused = socket.connect()
      if (refused !== undefined) failed = { kind: 'refused', errno: refused.errno }
    },
    poll: () => {
      if (failed !== undefined) return failed
      const event = socket.poll()
      if (event === undefined || event instanceof Uint8Array) return undefined
      return event === 'connected' ? { kind: 'connected' } : { kind: 'refused', errno: event.errno }
    },
    close: () => socket.close(),
  }
}

function udpProbe(
  session: NamespaceSession,
  flow: Flow,
  { family, question }: { readonly family: 4 | 6; readonly question: string | undefined },
): Probe {
  const socket = ProbeSocket.open(session, { ...socketOptions(flow), protocol: 'udp' })
  const bytes = question === undefined ? datagram(newCookie(), payloadSize(flow, family, 12)) : dnsQuestion(question)
  const cookie = Buffer.from(bytes).readUInt32BE()
  const sourcePort = socket.local().port
  return {
    ...datagramProbe(socket, bytes),
    identity: { family, protocol: IPPROTO.UDP, cookie, sourcePort },
    kind: question === undefined ? 'datagram' : `question for ${question}`,
    mark: `first bytes 0x${cookie.toString(16)}`,
    sourcePort,
  }
}

function echoProbe(session: NamespaceSession, flow: Flow, family: 4 | 6): Probe {
  const socket = ProbeSocket.open(session, { ...socketOptions(flow), port: 0, protocol: 'icmp' })
  const cookie = newCookie()
  const bytes = echoRequest({ family, cookie, size: payloadSize(flow, family, 56) })
  return {
    ...datagramProbe(socket, bytes, (answer) => isEchoReply(answer, family, cookie)),
    identity: { family, protocol: family === 4 ? IPPROTO.ICMP : IPPROTO.ICMPV6, cookie },
    kind: 'echo request',
    mark: `first bytes 0x${cookie.toString(16)}`,
    sourcePort: undefined,
  }
}

function payloadSize({ size }: Flow, family: 4 | 6, usual: number): number {
  if (size === undefined) return usual
  const smallest = IP_BYTES[family] + HEADER_BYTES + 4
  if (size >= smallest && size <= 0xffff) return size - IP_BYTES[family] - HEADER_BYTES
  throw new TsnetError('usage', `trace: a packet of ${size} bytes cannot be sent`, {
    hint: `From ${smallest} to 65535 bytes`,
  })
}

/** A raw socket hears every ICMP message of its peer, over IPv4 with the IP header. */
function isEchoReply(bytes: Uint8Array, family: 4 | 6, cookie: number): boolean {
  const at = family === 4 ? ((bytes[0] ?? 0) & 15) * 4 : 0
  if (bytes.length < at + HEADER_BYTES + 4 || bytes[at] !== (family === 4 ? 0 : 129)) return false
  return Buffer.from(bytes).readUInt32BE(at + HEADER_BYTES) === cookie
}

function datagramProbe(
  socket: ProbeSocket,
  bytes: Uint8Array,
  isAnswer: (bytes: Uint8Array) => boolean = () => true,
): Pick<Probe, 'send' | 'poll' | 'close'> {
  let failed: Outcome | undefined
  return {
    send: () => {
      const refused = socket.connect() ?? socket.send(bytes)
      if (refused !== undefined) failed = { kind: 'refused', errno: refused.errno }
    },
    poll: () => {
      if (failed !== undefined) return failed
      const event = socket.poll()
      if (event === undefined || event === 'connected') return undefined
      if (!(event instanceof Uint8Array)) return { kind: 'refused', errno: event.errno }
      return isAnswer(event) ? { kind: 'answered' } : undefined
    },
    close: () => socket.close(),
  }
}
