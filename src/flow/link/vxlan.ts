import type { FdbEntry, Link, VxlanInfo } from '../../model/snapshot.ts'
import { type Ip, ip, isMulticast, toIp } from '../address.ts'
import { type Packet, PROTOCOL } from '../packet.ts'
import { lookupRoute } from '../routing/lookup.ts'
import type { Outcome } from '../run.ts'
import { linkOf, placeIn, type Space, type SpaceLink } from '../world.ts'
import { entriesOf } from './fdb.ts'
import { type Frame, isMulticastMac, packetOf } from './frame.ts'
import { lost } from './lost.ts'
import type { Medium } from './medium.ts'

/** Bytes that VXLAN puts before an inner packet: the inner Ethernet header, VXLAN, UDP and IP (linux/vxlan.h). */
export function vxlanOverhead(remote: Ip): number {
  return remote.family === 4 ? 50 : 70
}

const DEFAULT_MAC = '00:00:00:00:00:00'

interface Remote {
  readonly address: Ip
  readonly port: number
  readonly vni: number
  readonly text: string
}

/** vxlan_xmit: the frame goes to the VTEP that its FDB names, inside a UDP packet of the underlay. */
export function vxlanTransmit(medium: Medium, at: SpaceLink, frame: Frame): Outcome {
  const { space, link } = at
  const { vxlan } = link
  if (vxlan === undefined) return lost(medium.run, at, frame, `${link.name}: nothing is known of this VXLAN device`)
  if ('target' in frame.body && vxlan.proxy) return answerQuestion(medium, at, frame)
  const remotes = remotesOf(medium, space, link, vxlan, frame)
  if (remotes.length === 0) {
    const text = `${link.name} has no FDB entry for ${frame.destination}, and none for unknown ones`
    return lost(medium.run, at, frame, text, 'fdb')
  }
  let last: Outcome = { kind: 'ignored' }
  for (const remote of remotes) {
    last = encapsulate(medium, at, vxlan, { ...frame }, remote)
    if (packetOf(frame) !== undefined && last.kind !== 'ignored') return last
  }
  return last
}

/**
 * arp_reduce: with `proxy` a question never leaves the host; neighbours of the device answer it, whether or not the FDB
 * knows the way to them.
 */
function answerQuestion({ run }: Medium, { space, link }: SpaceLink, { body }: Frame): Outcome {
  if (!('target' in body)) return { kind: 'ignored' }
  const known = space.namespace.neighbours.find(
    (each) => each.link === link.index && each.address === body.target.text && each.mac !== undefined,
  )
  if (known?.mac !== undefined) {
    if (!isLocal(space, link, known.mac)) body.proxied.push({ mac: known.mac, who: `the proxy of ${link.name}` })
    return { kind: 'ignored' }
  }
  const reason = `${link.name} answers for others itself (proxy) and has no neighbour entry for ${body.target.text}`
  const place = placeIn(space, 'neighbour', reason, { link: link.name })
  run.lose({ space, link: link.name, reason, place })
  return { kind: 'ignored' }
}

/** The device's own FDB has the MAC without a VTEP: whoever that is answers on the bridge. */
function isLocal(space: Space, { index }: Link, mac: string): boolean {
  return entriesOf(space, mac).some(
    ({ link, master, destination }) => link === index && master === undefined && destination === '0.0.0.0',
  )
}

function remotesOf({ run }: Medium, space: Space, link: Link, vxlan: VxlanInfo, frame: Frame): readonly Remote[] {
  const { destination } = frame
  const learned = run.learned.get(link)?.get(destination)
  const entries = ownEntries(space, link, destination)
  if (typeof learned === 'string' && entries.length === 0) return toRemotes(vxlan, [], [learned], 'learned just now')
  const found = isMulticastMac(destination) ? [] : entries
  if (found.length > 0) return toRemotes(vxlan, found.slice(0, 1), [], `FDB ${destination}`)
  const flooding = ownEntries(space, link, DEFAULT_MAC)
  if (flooding.length > 0) return toRemotes(vxlan, flooding, [], 'FDB 00:00:00:00:00:00')
  return vxlan.remote === undefined ? [] : toRemotes(vxlan, [], [vxlan.remote], 'remote')
}

function ownEntries(space: Space, link: Link, mac: string): readonly FdbEntry[] {
  return entriesOf(space, mac).filter((entry) => entry.link === link.index && entry.destination !== undefined)
}

function toRemotes(
  vxlan: VxlanInfo,
  entries: readonly FdbEntry[],
  addresses: readonly string[],
  text: string,
): Remote[] {
  const plain = { port: vxlan.port, vni: vxlan.vni, text }
  return [
    ...entries.map(({ destination = '', port, vni, states }) => ({
      address: ip(destination),
      port: port ?? vxlan.port,
      vni: vni ?? vxlan.vni,
      text: `${text} → ${destination} (${states.join(' ')})`,
    })),
    ...addresses.map((address) => ({ address: ip(address), ...plain })),
  ]
}

function underlayOf({ space, link }: SpaceLink): Space | undefined {
  const inode = link.vxlan?.underlay
  return inode === undefined ? space : space.world.space(space.host, inode)
}

function encapsulate(medium: Medium, at: SpaceLink, vxlan: VxlanInfo, frame: Frame, remote: Remote): Outcome {
  const { run } = medium
  const underlay = underlayOf(at)
  const packet = packetOf(frame)
  if (underlay === undefined)
    return lost(run, at, frame, `${at.link.name}: the namespace of its outer packets is not in the facts`)
  const outer: Packet = {
    family: remote.address.family,
    source: toIp(vxlan.local ?? '') ?? ip(remote.address.family === 4 ? '0.0.0.0' : '::'),
    destination: remote.address,
    protocol: PROTOCOL.UDP,
    sourcePort: SOME_PORT,
    destinationPort: remote.port,
    ttl: vxlan.ttl === undefined || vxlan.ttl === 0 ? 64 : vxlan.ttl,
    size: (packet?.size ?? ARP_SIZE) + vxlanOverhead(remote.address),
    df: false,
    tos: 0,
    mark: 0,
    vni: remote.vni,
    carried: { frame, vtep: at },
  }
  if (packet !== undefined) {
    const text = `VXLAN ${remote.vni} to ${remote.address.text}:${remote.port} (${remote.text})`
    run.hop(at.space, packet, { stage: 'tunnel', subject: at.link.name, text })
  }
  const refused = packet === undefined ? undefined : refusedAsTooLong(medium, at, packet, { underlay, outer })
  if (refused !== undefined) return refused
  const outcome = medium.send(underlay, outer)
  return packet === undefined ? notAnswered(medium, at, frame, outcome) : outcome
}

/**
 * skb_tunnel_check_pmtu: a device that is a port of a bridge answers a packet that must not be cut and does not fit what
 * carries it, in the name of whom it is for. Others let the outer packet be cut.
 */
function refusedAsTooLong(
  medium: Medium,
  { space, link }: SpaceLink,
  packet: Packet,
  { underlay, outer }: { readonly underlay: Space; readonly outer: Packet },
): Outcome | undefined {
  if (!packet.df || linkOf(space, link.master)?.kind !== 'bridge') return undefined
  const { run } = medium
  const { family, destination, source } = outer
  const route = lookupRoute(run, underlay, { family, destination, source, iif: 'lo', mark: 0, anyHop: true })
  const carrier = route.kind === 'route' ? linkOf(underlay, route.hop?.link) : undefined
  if (route.kind === 'error' || carrier === undefined) return undefined
  const limit = Math.min(route.route.mtu ?? carrier.mtu, carrier.mtu)
  if (outer.size <= limit) return undefined
  const most = limit - vxlanOverhead(destination)
  const text = `${packet.size} bytes do not fit into VXLAN packets of ${limit}, which ${carrier.name} of ${underlay.name} takes: ${link.name} tells the sender that ${most} do`
  const place = placeIn(underlay, 'link', `mtu ${limit} of ${carrier.name}`, { link: carrier.name })
  // as it would be on the carrier
  run.hop(underlay, outer, { stage: 'tunnel', subject: link.name, text, place, stopped: true })
  return { kind: 'rejected', reason: text, place }
}

/** What became of the packet that carried a question is why nobody answers. */
function notAnswered({ run }: Medium, { space, link }: SpaceLink, { body }: Frame, outcome: Outcome): Outcome {
  if (outcome.kind === 'unknown' && 'target' in body) body.outside = true
  if ((outcome.kind === 'dropped' || outcome.kind === 'rejected') && outcome.place !== undefined) {
    run.lose({ space, link: link.name, reason: `the VXLAN packet is lost: ${outcome.reason}`, place: outcome.place })
  }
  return { kind: 'ignored' }
}

/** The outer source port is a hash of the inner frame; anything from ip_local_port_range. */
const SOME_PORT = 40_000
const ARP_SIZE = 28

/** The outer packet arrived: the device that listens there takes the frame out (vxlan_rcv). */
export function vxlanReceive(medium: Medium, space: Space, outer: Packet): Outcome | undefined {
  const { carried, vni } = outer
  if (carried === undefined || vni === undefined) return undefined
  const device = listenerOf(space, outer)
  if (device === undefined) return undefined
  const frame: Frame = { ...carried.frame }
  const refused = snoop(medium, device, frame, outer)
  if (refused !== undefined) return refused
  const packet = packetOf(frame)
  if (packet !== undefined) {
    const text = `VXLAN ${vni} from ${outer.source.text} → ${device.space.name} ${device.link.name}`
    medium.run.hop(space, packet, { stage: 'tunnel', subject: device.link.name, text })
  }
  return medium.receive(device, frame)
}

function listenerOf(space: Space, outer: Packet): SpaceLink | undefined {
  for (const other of space.world.spaces) {
    if (other.host !== space.host) continue
    const link = other.namespace.links.find((each) => listens(other, each, space, outer))
    if (link !== undefined) return { space: other, link }
  }
  return undefined
}

function listens(own: Space, link: Link, underlay: Space, { destinationPort, vni, destination }: Packet): boolean {
  const { vxlan } = link
  if (vxlan === undefined || vxlan.port !== destinationPort || vxlan.vni !== vni) return false
  if ((vxlan.underlay ?? own.namespace.inode) !== underlay.namespace.inode) return false
  return vxlan.local === undefined || vxlan.local === destination.text || isMulticast(destination)
}

/** vxlan_snoop: a static entry that points elsewhere makes a learning device drop the frame, and count nothing. */
function snoop(medium: Medium, { space, link }: SpaceLink, frame: Frame, outer: Packet): Outcome | undefined {
  const { run } = medium
  if (frame.source === link.mac) return lost(run, { space, link }, frame, `${link.name} drops frames with its own MAC`)
  if (link.vxlan?.learning !== true) return undefined
  const [entry] = ownEntries(space, link, frame.source)
  const isOther = entry !== undefined && entry.destination !== outer.source.text
  if (isOther && entry.states.some((state) => state === 'permanent' || state === 'noarp' || state === 'static')) {
    const text = `${link.name} learns, and its ${entry.states.join(' ')} FDB entry has ${frame.source} behind ${entry.destination}, not behind ${outer.source.text}: the frame is dropped without a count`
    const place = placeIn(space, 'fdb', text, { link: link.name })
    return packetOf(frame) === undefined
      ? { kind: 'ignored' }
      : run.drop(space, packetOf(frame) as Packet, { stage: 'tunnel', subject: link.name, text, place })
  }
  const table = run.learned.get(link) ?? new Map<string, string | number>()
  run.learned.set(link, table)
  table.set(frame.source, outer.source.text)
  return undefined
}
