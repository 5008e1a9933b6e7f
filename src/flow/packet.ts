import type { Link } from '../model/snapshot.ts'
import type { Ip } from './address.ts'
import type { Tracking } from './connection.ts'
import type { PacketSummary } from './journey.ts'
import type { Frame } from './link/frame.ts'
import type { SpaceLink } from './world.ts'

/** linux/in.h, the protocols that have something of their own here. */
export const PROTOCOL = { ICMP: 1, IPIP: 4, TCP: 6, UDP: 17, GRE: 47, ESP: 50, AH: 51, ICMPV6: 58, SCTP: 132 } as const

const NAMES: Readonly<Record<number, string>> = {
  1: 'icmp',
  4: 'ipencap',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  41: 'ipv6',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
}

const OTHER_NAMES: Readonly<Record<string, number>> = { 'ipv6-icmp': 58, icmp6: 58, ipip: 4, 'ipv6-crypt': 50 }

export function protocolName(protocol: number): string {
  return NAMES[protocol] ?? String(protocol)
}

/** Of a name or a number. */
export function protocolNumber(name: string): number | undefined {
  if (/^\d{1,3}$/.test(name)) return Number(name)
  const known = OTHER_NAMES[name] ?? Object.entries(NAMES).find(([, each]) => each === name)?.[0]
  return known === undefined ? undefined : Number(known)
}

/** include/net/tcp.h, TCPHDR_*. */
export const TCP_FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const

/** linux/icmp.h and linux/icmpv6.h, of the messages that occur here. */
export const ICMP_TYPE = { ECHO_REPLY: 0, UNREACHABLE: 3, ECHO: 8, TIME_EXCEEDED: 11 } as const
export const ICMP6_TYPE = { UNREACHABLE: 1, TOO_BIG: 2, TIME_EXCEEDED: 3, ECHO: 128, ECHO_REPLY: 129 } as const

export interface Icmp {
  readonly type: number
  readonly code: number
  readonly id: number
}

/** A packet on its way. It is changed as it goes; a copy goes where several do. */
export interface Packet {
  readonly family: 4 | 6
  source: Ip
  destination: Ip
  protocol: number
  sourcePort?: number
  destinationPort?: number
  icmp?: Icmp
  /** Bits of {@link TCP_FLAG}. */
  tcpFlags?: number
  ttl: number
  /** Of the IP packet. */
  size: number
  readonly df: boolean
  tos: number
  mark: number
  /** Who sends it, as long as it is in the namespace it is sent from. */
  owner?: { readonly uid: number | undefined }
  /** What connection tracking of the present namespace made of it; undefined before it looked. */
  tracking?: Tracking
  /** Next hop of the route it takes. */
  gateway?: Ip
  /** Connection tracking zone that a rule put it in. */
  zone?: number
  /** Bridge ports, while br_netfilter shows a frame to iptables. */
  bridged?: { readonly in?: Link; readonly out?: Link }
  /** Of the frame it came in by. */
  sourceMac?: string
  /** A transparent proxy's socket takes it. */
  proxy?: { readonly address: Ip | undefined; readonly port: number }
  /** It came out of an IPsec tunnel here. */
  decrypted?: boolean
  /** It passed IPVS here, and so needs no second look. */
  viaIpvs?: boolean
  /** What an ICMP error is about. */
  inner?: Packet
  /** What is inside, while the packet is encrypted. */
  esp?: {
    readonly spi: number
    readonly protocol: number
    readonly sourcePort: number | undefined
    readonly destinationPort: number | undefined
  }
  /** What a tunnel carries. */
  carried?: { readonly frame: Frame; readonly vtep: SpaceLink }
  /** VXLAN network that the carried frame belongs to. */
  vni?: number
  /** TCP only: the segment size that an option or a clamp allows. */
  mss?: number
}

export function copyPacket(packet: Packet): Packet {
  return { ...packet }
}

export function summaryOf(packet: Packet): PacketSummary {
  const { source, destination, protocol, sourcePort, destinationPort, mark, ttl, size } = packet
  return {
    source: source.text,
    destination: destination.text,
    protocol: protocolName(protocol),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...(mark === 0 ? {} : { mark }),
    ttl,
    size,
  }
}

/** `172.19.0.3:51234`, `[fd00::3]:51234`, or the address alone. */
export function endpoint(address: Ip, port: number | undefined): string {
  if (port === undefined) return address.text
  return address.family === 6 ? `[${address.text}]:${port}` : `${address.text}:${port}`
}

export function describePacket(packet: Packet): string {
  const { source, destination, sourcePort, destinationPort, protocol, icmp } = packet
  const kind =
    icmp === undefined ? protocolName(protocol) : `${protocolName(protocol)} ${icmpName(packet.family, icmp)}`
  return `${endpoint(source, sourcePort)} → ${endpoint(destination, destinationPort)} ${kind}`
}

const ICMP_NAMES: Readonly<Record<string, string>> = {
  '4:0': 'echo reply',
  '4:3': 'unreachable',
  '4:8': 'echo request',
  '4:11': 'time exceeded',
  '6:1': 'unreachable',
  '6:2': 'packet too big',
  '6:3': 'time exceeded',
  '6:128': 'echo request',
  '6:129': 'echo reply',
}

function icmpName(family: 4 | 6, { type }: Icmp): string {
  return ICMP_NAMES[`${family}:${type}`] ?? `type ${type}`
}

export function isEchoRequest({ family, icmp }: Packet): boolean {
  return icmp !== undefined && icmp.type === (family === 4 ? ICMP_TYPE.ECHO : ICMP6_TYPE.ECHO)
}

/** Whether an ICMP message is an error about another packet. */
export function isIcmpError({ family, icmp }: Packet): boolean {
  if (icmp === undefined) return false
  return family === 4 ? [3, 4, 5, 11, 12].includes(icmp.type) : icmp.type < 128
}
