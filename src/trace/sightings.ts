import { decodePacket, ETHERTYPE } from '../model/packets/decode-packet.ts'
import type { DecodedPacket } from '../model/packets/packet.ts'
import { type Identity, type Role, roleOf } from './identity.ts'
import type { CapturedFrame } from './listeners.ts'

/** Our packet, or one that belongs to it, on an interface. */
export interface Sighting {
  readonly namespace: number
  /** ifindex */
  readonly link: number
  readonly direction: 'in' | 'out'
  readonly isForOther: boolean
  readonly timeNs: bigint
  readonly role: Role
  readonly packet: DecodedPacket
  /** Around it: `VXLAN 256 10.0.0.1 → 10.0.0.2`. */
  readonly around?: string
  /** A later fragment of it. */
  readonly isFragment?: boolean
}

/** A question for a neighbour, by ARP or by neighbour discovery; all that came by, whoever asked. */
export interface NeighbourTalk {
  readonly namespace: number
  readonly link: number
  readonly direction: 'in' | 'out'
  readonly target: string
  readonly isAnswer: boolean
}

export interface Seen {
  /** By time. */
  readonly sightings: readonly Sighting[]
  readonly neighbours: readonly NeighbourTalk[]
}

const ARPHRD_NONE = 65_534

/** Finds what belongs to the probe among everything that was captured. */
export function findSightings(
  frames: readonly CapturedFrame[],
  identity: Identity,
  vxlanPorts: readonly number[],
): Seen {
  const sightings: Sighting[] = []
  const neighbours: NeighbourTalk[] = []
  const parts = new Map<string, Role>()
  const ordered = frames.toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0))
  for (const frame of ordered) {
    const packet = decodePacket(frame.bytes, { start: startOf(frame), vxlanPorts })
    const talk = talkOf(frame, packet)
    if (talk !== undefined) neighbours.push(talk)
    const found = roleWithin(identity, packet)
    const key = fragmentKey(frame.namespace, packet)
    if (found !== undefined) {
      if (key !== undefined) parts.set(key, found.role)
      sightings.push({ ...placeOf(frame), ...found })
      continue
    }
    const role = key === undefined ? undefined : parts.get(key)
    if (role !== undefined) sightings.push({ ...placeOf(frame), role, packet, isFragment: true })
  }
  return { sightings, neighbours }
}

function startOf({ hardware }: CapturedFrame): 'ethernet' | 'ip' {
  return hardware === ARPHRD_NONE ? 'ip' : 'ethernet'
}

function placeOf({ namespace, link, direction, isForOther, timeNs }: CapturedFrame) {
  return { namespace, link, direction, isForOther, timeNs }
}

/** Ours, or inside a tunnel. */
function roleWithin(
  identity: Identity,
  packet: DecodedPacket,
): Pick<Sighting, 'role' | 'packet' | 'around'> | undefined {
  const { vxlan, ip } = packet
  if (vxlan === undefined) {
    const role = roleOf(identity, packet)
    return role === undefined ? undefined : { role, packet }
  }
  const inside = roleWithin(identity, vxlan.inner)
  if (inside === undefined) return undefined
  return { ...inside, around: `VXLAN ${vxlan.vni} ${ip?.source} → ${ip?.destination}` }
}

/** Fragments of one packet have these in common, as long as nobody rewrites addresses on the way. */
function fragmentKey(namespace: number, { ip }: DecodedPacket): string | undefined {
  if (ip?.fragment === undefined) return undefined
  return `${namespace} ${ip.source} ${ip.destination} ${ip.protocol} ${ip.fragment.id}`
}

const SOLICITATION = 135
const ADVERTISEMENT = 136

function talkOf({ namespace, link, direction, protocol }: CapturedFrame, packet: DecodedPacket) {
  const at = { namespace, link, direction }
  const { arp, icmp } = packet
  if (protocol === ETHERTYPE.ARP && arp !== undefined) {
    const isAnswer = arp.operation !== 1
    return { ...at, target: isAnswer ? arp.sender : arp.target, isAnswer }
  }
  if (icmp?.target === undefined || (icmp.type !== SOLICITATION && icmp.type !== ADVERTISEMENT)) return undefined
  return { ...at, target: icmp.target, isAnswer: icmp.type === ADVERTISEMENT }
}

/** Whether a question for a neighbour was asked a second time. */
export function asksInVain(frames: readonly CapturedFrame[]): boolean {
  const asked = new Set<string>()
  for (const frame of frames) {
    if (frame.direction !== 'out' || (frame.protocol !== ETHERTYPE.ARP && frame.protocol !== ETHERTYPE.IPV6)) continue
    const talk = talkOf(frame, decodePacket(frame.bytes))
    if (talk === undefined || talk.isAnswer) continue
    const key = `${talk.namespace} ${talk.link} ${talk.target}`
    if (asked.has(key)) return true
    asked.add(key)
  }
  return false
}
