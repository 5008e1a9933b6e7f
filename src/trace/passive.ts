import type { NamespaceSession } from '../inspect/session.ts'
import { type BpfProgram, BpfWriter } from '../kernel/packets/bpf.ts'
import { PacketSocket } from '../kernel/packets/packet-socket.ts'
import { compileFilter } from '../kernel/packets/pcap-filter.ts'
import { decodePacket, ETHERTYPE } from '../model/packets/decode-packet.ts'
import type { DecodedPacket } from '../model/packets/packet.ts'
import { type Identity, IPPROTO, identityOf } from './identity.ts'
import type { FilterOptions } from './probe-filter.ts'

/** The packet that is followed. */
export interface Followed {
  readonly identity: Identity
  readonly packet: DecodedPacket
}

/** Waits in one namespace for the first packet that a pcap-filter(7) lets through. */
export class Watcher {
  readonly #socket: PacketSocket

  /** @throws TsnetError `usage` for a filter that libpcap does not understand */
  constructor(session: NamespaceSession, filter: string) {
    this.#socket = PacketSocket.open(session, { filter: compileFilter(filter) })
  }

  poll(): Followed | undefined {
    for (const { bytes } of this.#socket.read()) {
      const packet = decodePacket(bytes)
      const identity = identityOf(packet)
      if (identity !== undefined) return { identity, packet }
    }
    return undefined
  }

  close(): Promise<void> {
    return this.#socket.close()
  }
}

/** Nobody knows yet which packet it will be: all of one protocol, and what may carry it or tell of it. */
export function protocolFilter(family: 4 | 6, protocol: number, { esp }: Pick<FilterOptions, 'esp'>): BpfProgram {
  const wanted = [protocol, IPPROTO.UDP, IPPROTO.ICMP, IPPROTO.ICMPV6, ...(esp ? [IPPROTO.ESP] : [])]
  const writer = new BpfWriter().protocol().ifEqual(ETHERTYPE.ARP, 'accept').ifEqual(ETHERTYPE.IPV4, 'v4')
  writer.ifEqual(ETHERTYPE.IPV6, 'v6').refuse()
  writer.label('v4').load('byte', 9)
  for (const each of wanted) writer.ifEqual(each, 'accept')
  writer.refuse().label('v6').load('byte', 6)
  if (family === 6) for (const extension of [0, 43, 44, 60]) writer.ifEqual(extension, 'accept')
  for (const each of wanted) writer.ifEqual(each, 'accept')
  return writer.refuse().label('accept').accept().finish()
}
