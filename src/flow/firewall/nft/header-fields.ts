import { ICMP_TYPE, ICMP6_TYPE, type Packet, PROTOCOL, protocolNumber } from '../../packet.ts'
import { type Reader, readNamed, readPlain, type Scalar } from './values.ts'

/** Protocols by name or number. */
export const readProtocol: Reader = (literal) =>
  (typeof literal === 'string' ? protocolNumber(literal) : undefined) ?? readPlain(literal)
const TCP_FLAGS = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 }
const ICMP_TYPES = {
  'echo-reply': ICMP_TYPE.ECHO_REPLY,
  'destination-unreachable': ICMP_TYPE.UNREACHABLE,
  redirect: 5,
  'echo-request': ICMP_TYPE.ECHO,
  'time-exceeded': ICMP_TYPE.TIME_EXCEEDED,
  'parameter-problem': 12,
}
const ICMP6_TYPES = {
  'destination-unreachable': ICMP6_TYPE.UNREACHABLE,
  'packet-too-big': ICMP6_TYPE.TOO_BIG,
  'time-exceeded': ICMP6_TYPE.TIME_EXCEEDED,
  'parameter-problem': 4,
  'echo-request': ICMP6_TYPE.ECHO,
  'echo-reply': ICMP6_TYPE.ECHO_REPLY,
  'nd-router-solicit': 133,
  'nd-router-advert': 134,
  'nd-neighbor-solicit': 135,
  'nd-neighbor-advert': 136,
}
const DSCP = { cs0: 0, cs1: 8, cs2: 16, cs3: 24, cs4: 32, cs5: 40, cs6: 48, cs7: 56, ef: 46, be: 0 }
export const ETHER_TYPES = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd, vlan: 0x8100 }

interface Field {
  readonly get: (packet: Packet) => Scalar | undefined
  readonly read?: Reader
  readonly flags?: boolean
}

const ported = (protocols: readonly number[], side: 'sourcePort' | 'destinationPort'): Field => ({
  get: (packet) => (protocols.includes(packet.protocol) ? packet[side] : undefined),
})
const ports = (...protocols: number[]): Readonly<Record<string, Field>> => ({
  sport: ported(protocols, 'sourcePort'),
  dport: ported(protocols, 'destinationPort'),
})
const only = (family: 4 | 6, get: (packet: Packet) => Scalar | undefined, read?: Reader): Field => ({
  get: (packet) => (packet.family === family ? get(packet) : undefined),
  ...(read === undefined ? {} : { read }),
})

/** Header → field. A packet that has no such header gives nothing. */
export const FIELDS: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  ip: {
    saddr: only(4, ({ source }) => source),
    daddr: only(4, ({ destination }) => destination),
    protocol: only(4, ({ protocol }) => protocol, readProtocol),
    ttl: only(4, ({ ttl }) => ttl),
    length: only(4, ({ size }) => size),
    dscp: only(4, ({ tos }) => tos >> 2, readNamed(DSCP)),
    version: only(4, () => 4),
    hdrlength: only(4, () => 5),
    'frag-off': only(4, ({ df }) => (df ? 0x4000 : 0)),
  },
  ip6: {
    saddr: only(6, ({ source }) => source),
    daddr: only(6, ({ destination }) => destination),
    nexthdr: only(6, ({ protocol }) => protocol, readProtocol),
    hoplimit: only(6, ({ ttl }) => ttl),
    length: only(6, ({ size }) => size - 40),
    dscp: only(6, ({ tos }) => tos >> 2, readNamed(DSCP)),
    version: only(6, () => 6),
  },
  tcp: {
    ...ports(PROTOCOL.TCP),
    flags: {
      get: ({ protocol, tcpFlags }) => (protocol === PROTOCOL.TCP ? (tcpFlags ?? 0) : undefined),
      read: readNamed(TCP_FLAGS),
      flags: true,
    },
  },
  udp: {
    ...ports(PROTOCOL.UDP),
    length: { get: (packet) => (packet.protocol === PROTOCOL.UDP ? packet.size - 20 : undefined) },
  },
  udplite: ports(136),
  sctp: ports(PROTOCOL.SCTP),
  dccp: ports(33),
  th: ports(PROTOCOL.TCP, PROTOCOL.UDP, PROTOCOL.SCTP, 33, 136),
  icmp: {
    type: only(4, ({ icmp }) => icmp?.type, readNamed(ICMP_TYPES)),
    code: only(4, ({ icmp }) => icmp?.code),
    id: only(4, ({ icmp }) => icmp?.id),
  },
  icmpv6: {
    type: only(6, ({ icmp }) => icmp?.type, readNamed(ICMP6_TYPES)),
    code: only(6, ({ icmp }) => icmp?.code),
    id: only(6, ({ icmp }) => icmp?.id),
  },
  ether: {
    saddr: { get: ({ sourceMac }) => sourceMac },
    type: { get: ({ family }) => (family === 4 ? 0x0800 : 0x86dd), read: readNamed(ETHER_TYPES) },
  },
}
