import type { DecodedPacket } from '../../model/packets/packet.ts'
import { sanitise } from '../sanitise.ts'
import type { NameOfAddress } from './packet-names.ts'
import { packetText } from './packet-text.ts'

/** A packet and where it was seen. */
export interface SeenPacket {
  /** `web:eth0` */
  readonly place: string
  readonly timeNs: bigint
  readonly direction?: 'in' | 'out' | undefined
  /** Bytes on the wire. */
  readonly length: number
  readonly packet: DecodedPacket
}

const NS = 1_000_000_000n
const DAY_S = 86_400n

/** `12:34:56.123456789  web:eth0  out  web:40000 → db:8500 TCP [SYN] …`, in UTC, sanitised. */
export function packetLine(seen: SeenPacket, nameOf: NameOfAddress): string {
  const { place, timeNs, direction = '', packet } = seen
  const vlans = packet.ethernet?.vlans ?? []
  const tags = vlans.map((vlan) => `vlan ${vlan} `).join('')
  const text = `${clock(timeNs)}  ${place}  ${direction.padEnd(3)}  ${tags}${packetText(packet, nameOf)}`
  return sanitise(text)
}

function clock(timeNs: bigint): string {
  const second = (timeNs / NS) % DAY_S
  const parts = [second / 3600n, (second / 60n) % 60n, second % 60n].map((part) => String(part).padStart(2, '0'))
  return `${parts.join(':')}.${String(timeNs % NS).padStart(9, '0')}`
}

/** The same for programs: one object a packet, its layers as they were decoded, without the bytes. */
export function packetJson(seen: SeenPacket, nameOf: NameOfAddress): Readonly<Record<string, unknown>> {
  const { place, timeNs, direction, length, packet } = seen
  return {
    timeNs: String(timeNs),
    place,
    ...(direction === undefined ? {} : { direction }),
    length,
    text: packetText(packet, nameOf),
    ...layersOf(packet, nameOf),
  }
}

function layersOf(packet: DecodedPacket, nameOf: NameOfAddress): Readonly<Record<string, unknown>> {
  const { payload, vxlan, ip, icmp, ...rest } = packet
  return {
    ...rest,
    ...(ip === undefined ? {} : { ip: { ...ip, ...namesOf(ip, nameOf) } }),
    ...(icmp === undefined ? {} : { icmp: icmp.about ? { ...icmp, about: layersOf(icmp.about, nameOf) } : icmp }),
    ...(payload === undefined ? {} : { payloadBytes: payload.length }),
    ...(vxlan === undefined ? {} : { vxlan: { vni: vxlan.vni, inner: layersOf(vxlan.inner, nameOf) } }),
  }
}

function namesOf({ source, destination }: NonNullable<DecodedPacket['ip']>, nameOf: NameOfAddress) {
  const [from, to] = [nameOf(source), nameOf(destination)]
  return {
    ...(from === undefined ? {} : { sourceName: from }),
    ...(to === undefined ? {} : { destinationName: to }),
  }
}
