import { decodePacket } from '../model/packets/decode-packet.ts'
import type { DecodedPacket } from '../model/packets/packet.ts'
import type { Namespace } from '../model/snapshot.ts'
import { linksOf } from '../model/wiring.ts'
import type { CapturedFrame } from './listeners.ts'
import type { Seen, Sighting } from './sightings.ts'

/** An encrypted packet on an interface. */
interface Sealed {
  readonly frame: CapturedFrame
  readonly packet: DecodedPacket
  /** The same wherever the packet is seen: RFC 4303 never repeats a sequence number of an SPI. */
  readonly key: string
  readonly size: number
}

/** Headers of VXLAN around an Ethernet frame in UDP, and of the outer IP (RFC 7348). */
const VXLAN_BYTES = 14 + 8 + 8
const IP_BYTES = { 4: 20, 6: 40 } as const
/** SPI and sequence, then what algorithms add: IV, padding and its two bytes, ICV (RFC 4303, RFC 4106). */
const ESP_BYTES = { LEAST: 8 + 2, MOST: 8 + 16 + 2 + 255 } as const
const SEALED_WITHIN_NS = 100_000_000n

/**
 * Adds where a packet was seen inside ESP. What is in an encrypted packet nobody can tell; ours is taken to be the first
 * one that leaves a namespace with a state for its SPI soon after ours went into a VXLAN device, and whose size fits. It
 * is known by SPI and sequence number from then on.
 */
export function withEsp(
  seen: Seen,
  frames: readonly CapturedFrame[],
  namespaces: ReadonlyMap<number, Namespace>,
): Seen {
  const sealed = frames.flatMap(sealedOf).toSorted((a, b) => Number(a.frame.timeNs - b.frame.timeNs))
  if (sealed.length === 0) return seen
  const taken = new Map<string, Sighting>()
  for (const sighting of seen.sightings) {
    if (!entersTunnel(sighting, namespaces)) continue
    const found = sealed.find((each) => !taken.has(each.key) && isSealed(each, sighting, namespaces))
    if (found !== undefined) taken.set(found.key, sighting)
  }
  const added = sealed.flatMap((each) => {
    const inner = taken.get(each.key)
    return inner === undefined ? [] : [aroundOf(each, inner)]
  })
  const sightings = [...seen.sightings, ...added].toSorted((a, b) => Number(a.timeNs - b.timeNs))
  return { ...seen, sightings }
}

const IPPROTO_ESP = 50

function sealedOf(frame: CapturedFrame): Sealed[] {
  const packet = decodePacket(frame.bytes)
  const { ip, esp } = packet
  if (ip?.protocol !== IPPROTO_ESP || esp === undefined) return []
  return [{ frame, packet, key: `${ip.destination} ${esp.spi} ${esp.sequence}`, size: ip.size }]
}

/** Out by a VXLAN device, and not seen in plain VXLAN. */
function entersTunnel({ namespace, link, direction, around }: Sighting, namespaces: ReadonlyMap<number, Namespace>) {
  const found = namespaces.get(namespace)
  return (
    direction === 'out' && around === undefined && found !== undefined && linksOf(found).get(link)?.kind === 'vxlan'
  )
}

function isSealed(
  { frame, packet, size }: Sealed,
  { timeNs, packet: inner }: Sighting,
  namespaces: ReadonlyMap<number, Namespace>,
): boolean {
  const { ip, esp } = packet
  if (frame.direction !== 'out' || ip === undefined || esp === undefined) return false
  const states = namespaces.get(frame.namespace)?.xfrm.states ?? []
  const isKnown = states.some(({ spi, destination }) => spi === esp.spi && destination === ip.destination)
  const after = frame.timeNs - timeNs
  const extra = size - (inner.ip?.size ?? 0) - VXLAN_BYTES - IP_BYTES[ip.version]
  const fits = extra >= ESP_BYTES.LEAST && extra <= ESP_BYTES.MOST
  return isKnown && fits && after >= 0n && after < SEALED_WITHIN_NS
}

function aroundOf({ frame, packet }: Sealed, { role, packet: inner }: Sighting): Sighting {
  const { namespace, link, direction, isForOther, timeNs } = frame
  const { ip, esp } = packet
  const spi = `0x${(esp?.spi ?? 0).toString(16).padStart(8, '0')}`
  const around = `ESP ${spi} number ${esp?.sequence} ${ip?.source} → ${ip?.destination} (by its time and size)`
  return { namespace, link, direction, isForOther, timeNs, role, packet: inner, around }
}
