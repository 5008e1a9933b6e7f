import type { PacketSummary } from '../model/journey.ts'
import type { DecodedPacket } from '../model/packets/packet.ts'
import type { Link, Namespace } from '../model/snapshot.ts'
import type { ObservedHop } from '../model/trace.ts'
import { linksOf, nameOf } from '../model/wiring.ts'
import type { Role } from './identity.ts'
import type { RulePass } from './rule-passes.ts'
import type { Sighting } from './sightings.ts'

/** A packet in one namespace: how it came in, what the rules said, how it left. */
export interface Visit {
  readonly namespace: number
  readonly ins: Sighting[]
  readonly passes: RulePass[]
  readonly outs: Sighting[]
}

export interface Way {
  readonly visits: readonly Visit[]
  readonly hops: readonly ObservedHop[]
  /** It came by again with a smaller TTL. */
  readonly isLoop: boolean
}

export interface WayInput {
  readonly namespaces: ReadonlyMap<number, Namespace>
  readonly sightings: readonly Sighting[]
  readonly passes: readonly RulePass[]
  readonly role: Role
  /** Inode of where it is sent. */
  readonly start: number | undefined
  /** When the first packet of all was seen. */
  readonly zeroNs: bigint
}

/** The way of one packet, from where it was seen and what the rules said of it. */
export function wayOf(input: WayInput): Way {
  const { sightings, isLoop } = firstOfEach(input.sightings.filter(({ role }) => role === input.role))
  const visits = withPasses(input, visitsOf(sightings, input))
  return { visits, hops: visits.flatMap((visit) => hopsOf(visit, input)), isLoop }
}

/** The kernel sends a packet again that nobody answers; one that comes again with a smaller TTL goes round. */
function firstOfEach(all: readonly Sighting[]): { readonly sightings: readonly Sighting[]; readonly isLoop: boolean } {
  const known = new Map<string, number>()
  const sightings: Sighting[] = []
  let isLoop = false
  for (const sighting of all) {
    const { namespace, link, direction, packet, isFragment, around } = sighting
    if (isFragment === true) continue
    const key = `${namespace} ${link} ${direction} ${around === undefined}`
    const ttl = packet.ip?.ttl ?? 0
    const before = known.get(key)
    if (before !== undefined && ttl < before) isLoop = true
    if (before === undefined) sightings.push(sighting)
    known.set(key, Math.min(ttl, before ?? ttl))
  }
  return { sightings, isLoop }
}

function visitsOf(sightings: readonly Sighting[], { namespaces }: WayInput): Visit[] {
  const visits: Visit[] = []
  for (const sighting of sightings) {
    const last = visits.at(-1)
    const flooding = floodingVisit(visits, sighting)
    if (flooding !== undefined) {
      flooding.outs.push(sighting)
      continue
    }
    const goesOn = last?.namespace === sighting.namespace && (sighting.direction === 'out' || last.outs.length === 0)
    const visit = goesOn ? last : { namespace: sighting.namespace, ins: [], passes: [], outs: [] }
    if (!goesOn) visits.push(visit)
    if (sighting.direction === 'in') visit.ins.push(sighting)
    else visit.outs.push(sighting)
  }
  const heeded = visits.filter((visit) => !isIgnored(visit, namespaces) || isParent(visit, visits, namespaces))
  return heeded.length === 0 ? visits : heeded
}

/** A bridge floods: while it still hands out copies, the first of them have arrived. */
function floodingVisit(visits: readonly Visit[], { namespace, direction }: Sighting): Visit | undefined {
  if (direction === 'in' || visits.at(-1)?.namespace === namespace) return undefined
  return visits.findLast((visit) => visit.namespace === namespace && visit.outs.length > 0)
}

/** A flooded frame for somebody else, at the end of a cable: nothing there takes it. */
function isIgnored({ namespace, ins, outs }: Visit, namespaces: WayInput['namespaces']): boolean {
  const isEnd = (index: number) => linkOf(namespaces.get(namespace), index)?.master === undefined
  return outs.length === 0 && ins.length > 0 && ins.every(({ isForOther, link }) => isForOther && isEnd(link))
}

/**
 * A link hands its macvlans, in other namespaces, what has their address. What these send each other it is shown as
 * well (net/core/dev.c, dev_forward_skb), but has no part in.
 */
function isParent(
  { namespace: inode, ins }: Visit,
  visits: readonly Visit[],
  namespaces: WayInput['namespaces'],
): boolean {
  const isBelow = ({ namespace, link }: Sighting) => {
    const parent = linkOf(namespaces.get(namespace), link)?.parent
    return parent?.namespace === inode && ins.some((each) => each.link === parent.index)
  }
  return visits.some((visit) => visit.ins.some(isBelow)) && !visits.some((visit) => visit.outs.some(isBelow))
}

function linkOf(namespace: Namespace | undefined, index: number): Link | undefined {
  return namespace === undefined ? undefined : linksOf(namespace).get(index)
}

function withPasses({ passes, role, start, namespaces }: WayInput, visits: Visit[]): Visit[] {
  const known = new Set<string>()
  for (const pass of passes) {
    const key = [pass.namespace, pass.stage, pass.subject, pass.place.family, pass.in, pass.out].join(' ')
    if (pass.role !== role || known.has(key)) continue
    known.add(key)
    visitFor(pass, { visits, start, namespaces }).passes.push(pass)
  }
  return visits
}

function visitFor(
  pass: RulePass,
  {
    visits,
    start,
    namespaces,
  }: { readonly visits: Visit[]; readonly start: number | undefined; readonly namespaces: WayInput['namespaces'] },
): Visit {
  const here = visits.filter(({ namespace }) => namespace === pass.namespace)
  const cameBy = ({ ins, namespace }: Visit) =>
    pass.in === undefined
      ? ins.length === 0
      : ins.some(({ link }) => linkOf(namespaces.get(namespace), link)?.name === pass.in)
  const found = here.find(cameBy) ?? here[0]
  if (found !== undefined) return found
  const visit: Visit = { namespace: pass.namespace, ins: [], passes: [], outs: [] }
  if (pass.namespace === start) visits.unshift(visit)
  else visits.push(visit)
  return visit
}

function hopsOf({ namespace: inode, ins, passes, outs }: Visit, input: WayInput): ObservedHop[] {
  const namespace = input.namespaces.get(inode)
  const at = { namespace: inode, name: namespace === undefined ? `inode:${inode}` : nameOf(namespace) }
  const seen = (sighting: Sighting): ObservedHop => {
    const { direction, link: index, timeNs, packet, around } = sighting
    const link = linkOf(namespace, index)
    const name = link?.name ?? `if${index}`
    const parts = input.sightings.filter(
      (each) =>
        each.isFragment === true && each.namespace === inode && each.link === index && each.direction === direction,
    ).length
    return {
      ...at,
      stage: around === undefined ? 'link' : 'tunnel',
      subject: name,
      text: `${direction} by ${name}${otherEnd(link, input.namespaces)}${around === undefined ? '' : ` in ${around}`}${
        parts === 0 ? '' : `, in ${parts + 1} fragments`
      }`,
      packet: summaryOf(packet),
      details: [],
      evidence: 'seen',
      direction,
      atUs: Number(timeNs - input.zeroNs) / 1_000,
      ...(direction === 'in' ? { in: name } : { out: name }),
    }
  }
  return [...ins.map(seen), ...passes.filter(saysSomething).map((pass) => passHop(pass, at)), ...outs.map(seen)]
}

/** The end of an empty chain of NAT says nothing. */
function saysSomething({ place, chainType, details }: RulePass): boolean {
  return place.kind === 'rule' || chainType !== 'nat' || details.length > 0
}

function passHop(pass: RulePass, at: { readonly namespace: number; readonly name: string }): ObservedHop {
  const { stage, subject, text, packet, details, place, verdict, chainType } = pass
  const isStopped = verdict === 'drop' || verdict === 'reject'
  const isNat = chainType === 'nat' && place.kind === 'rule' && !isStopped
  return {
    ...at,
    stage: isNat ? 'nat' : stage,
    subject: isNat ? `${place.table} ${place.chain}` : subject,
    text,
    packet: summaryOf(packet),
    details,
    evidence: 'rules',
    place,
    ...(pass.in === undefined ? {} : { in: pass.in }),
    ...(pass.out === undefined ? {} : { out: pass.out }),
    ...(isStopped ? { stopped: true } : {}),
  }
}

function otherEnd({ peer }: Partial<Link> = {}, namespaces: WayInput['namespaces']): string {
  const namespace = peer?.namespace === undefined ? undefined : namespaces.get(peer.namespace)
  const link = peer === undefined ? undefined : linkOf(namespace, peer.index)
  return namespace === undefined || link === undefined ? '' : ` (veth of ${nameOf(namespace)} ${link.name})`
}

const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 50: 'esp', 58: 'icmpv6' }

export function summaryOf({ ip, tcp, udp, arp, cut }: DecodedPacket): PacketSummary {
  const ports = tcp ?? udp
  return {
    source: ip?.source ?? arp?.sender ?? '',
    destination: ip?.destination ?? arp?.target ?? '',
    protocol: arp === undefined ? (PROTOCOLS[ip?.protocol ?? 0] ?? String(ip?.protocol ?? cut ?? '')) : 'arp',
    ...(ports === undefined ? {} : { sourcePort: ports.sourcePort, destinationPort: ports.destinationPort }),
    ttl: ip?.ttl ?? 0,
    size: ip?.size ?? 0,
  }
}
