import { type BpfProgram, BpfWriter } from '../kernel/packets/bpf.ts'
import { ETHERTYPE } from '../model/packets/decode-packet.ts'
import { type Identity, IPPROTO } from './identity.ts'

export interface FilterOptions {
  /** UDP ports of VXLAN: what is inside is looked at later. */
  readonly vxlanPorts: readonly number[]
  /** Whether ESP may carry it. */
  readonly esp: boolean
}

const IPV6_BYTES = 40
const LAST_ERROR_V6 = 4
const FIRST_NEIGHBOUR_V6 = 135
const ICMP_ERRORS = [3, 4, 5, 11, 12]

/**
 * What the kernel copies for a trace: the probe, its answers, errors, tunnels that may carry it, later fragments, and
 * who asks for neighbours. IPv6 extension headers are not passed here: such packets are copied.
 */
export function probeFilter(identity: Identity, options: FilterOptions): BpfProgram {
  const writer = new BpfWriter()
  writer
    .protocol()
    .ifEqual(ETHERTYPE.ARP, 'accept')
    .ifEqual(ETHERTYPE.IPV4, 'v4')
    .ifEqual(ETHERTYPE.IPV6, 'v6')
    .refuse()
  writer.label('v4').load('half', 6).ifAny(0x1fff, 'accept').load('byte', 9)
  writeFamily(writer, 4, identity, options)
  writer.label('v6').load('byte', 6)
  writeFamily(writer, 6, identity, options)
  return writer.label('accept').accept().finish()
}

/** With the protocol in the accumulator. */
function writeFamily(writer: BpfWriter, family: 4 | 6, identity: Identity, { vxlanPorts, esp }: FilterOptions): void {
  const isOurs = family === identity.family
  const at = (name: string) => `${name}${family}`
  if (esp) writer.ifEqual(IPPROTO.ESP, 'accept')
  if (family === 6) for (const extension of [0, 43, 44, 60]) writer.ifEqual(extension, 'accept')
  writer.ifEqual(IPPROTO.UDP, at('udp')).ifEqual(family === 4 ? IPPROTO.ICMP : IPPROTO.ICMPV6, at('icmp'))
  if (isOurs && identity.protocol === IPPROTO.TCP) writer.ifEqual(IPPROTO.TCP, at('tcp'))
  writer.refuse()
  if (isOurs && identity.protocol === IPPROTO.TCP) writeTcp(writer.label(at('tcp')), family, identity)
  writeUdp(writer.label(at('udp')), family, { identity: isOurs ? identity : undefined, vxlanPorts })
  writeIcmp(writer.label(at('icmp')), family, isOurs ? identity : undefined)
}

/** Reads behind the IP header. */
function behind(writer: BpfWriter, family: 4 | 6): (size: 'byte' | 'half' | 'word', offset: number) => BpfWriter {
  if (family === 6) return (size, offset) => writer.load(size, IPV6_BYTES + offset)
  writer.afterIpv4()
  return (size, offset) => writer.loadBehind(size, offset)
}

function writeTcp(writer: BpfWriter, family: 4 | 6, { cookie }: Identity): void {
  const load = behind(writer, family)
  const next = (cookie + 1) >>> 0
  load('word', 4).ifEqual(cookie, 'accept').ifEqual(next, 'accept')
  load('word', 8).ifEqual(next, 'accept').refuse()
}

function writeUdp(
  writer: BpfWriter,
  family: 4 | 6,
  { identity, vxlanPorts }: { readonly identity: Identity | undefined; readonly vxlanPorts: readonly number[] },
): void {
  const load = behind(writer, family)
  load('half', 2)
  for (const port of vxlanPorts) writer.ifEqual(port, 'accept')
  if (identity?.protocol === IPPROTO.UDP) {
    if (identity.sourcePort !== undefined) writer.ifEqual(identity.sourcePort, 'accept')
    load('word', 8).ifEqual(identity.cookie, 'accept')
  }
  writer.refuse()
}

function writeIcmp(writer: BpfWriter, family: 4 | 6, identity: Identity | undefined): void {
  const load = behind(writer, family)
  load('byte', 0)
  const types = family === 4 ? ICMP_ERRORS : upTo(LAST_ERROR_V6).concat(FIRST_NEIGHBOUR_V6, FIRST_NEIGHBOUR_V6 + 1)
  for (const type of types) writer.ifEqual(type, 'accept')
  if (identity !== undefined && identity.protocol !== IPPROTO.TCP && identity.protocol !== IPPROTO.UDP) {
    load('word', 8).ifEqual(identity.cookie, 'accept')
  }
  writer.refuse()
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, position) => position + 1)
}
