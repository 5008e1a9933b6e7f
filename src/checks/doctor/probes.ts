import { contains, ip } from '../../flow/address.ts'
import type { Space } from '../../flow/world.ts'
import type { Flow } from '../../model/journey.ts'
import type { FirewallRule } from '../../model/snapshot.ts'
import { groupBy } from '../../model/wiring.ts'
import type { Endpoint, HostMap } from './host-map.ts'
import { serviceProbes } from './probe-services.ts'
import { type PublishedRule, publishedRules, uplinkOf } from './published-ports.ts'
import { defaultRoutes, expectedGateway, masqueradeOf, subnetText } from './routes.ts'

export type ProbeKind = 'neighbour' | 'routed' | 'outside' | 'dns' | 'published' | 'hairpin' | 'vip'

/** Two that should be able to talk. */
export interface Probe {
  readonly kind: ProbeKind
  readonly flow: Flow
  readonly source: Space
  /** Whose it is, when it is somebody's that can be seen. */
  readonly target?: Space
  /** `web → db`. */
  readonly text: string
  /** Of a published port. */
  readonly rule?: FirewallRule
  /** Of the way outside: whose it is. */
  readonly host?: Space
}

/** More are not predicted; of containers with the same rules, a few stand for all. */
const MOST: Readonly<Record<ProbeKind, number>> = {
  neighbour: 240,
  routed: 120,
  outside: 60,
  dns: 240,
  published: 120,
  hairpin: 60,
  vip: 120,
}

export function probesOf(map: HostMap): { readonly probes: readonly Probe[]; readonly left: number } {
  const all = [
    ...neighbours(map),
    ...outsideProbes(map),
    ...dnsProbes(map),
    ...publishedProbes(map),
    ...routedProbes(map),
    ...serviceProbes(map, from),
  ]
  const probes = [...groupBy(all, ({ kind }) => kind).values()].flatMap((group) => sample(group))
  return { probes, left: all.length - probes.length }
}

/** Evenly spread over all of a kind. */
function sample(group: readonly Probe[]): readonly Probe[] {
  const most = MOST[group[0]?.kind ?? 'neighbour']
  if (group.length <= most) return group
  return Array.from({ length: most }, (_, at) => group[Math.floor((at * group.length) / most)]).filter(
    (each) => each !== undefined,
  )
}

/** In a ring: everybody sends once and is sent to once. */
function neighbours(map: HostMap): Probe[] {
  const members = map.endpoints.filter((each) => isMember(each))
  return [...groupBy(members, ({ segment, subnet }) => `${segment} ${subnet.words} ${subnet.length}`).values()].flatMap(
    (all) => {
      const group = oneEach(all)
      if (group.length < 2) return []
      return group.flatMap((source, at) => {
        const target = group[(at + 1) % group.length]
        return target === undefined || isKeptApart(source, target) ? [] : [toEndpoint('neighbour', source, target)]
      })
    },
  )
}

export function isMember({ ip: { family }, subnet, link, space }: Endpoint): boolean {
  return (
    family === 4 &&
    subnet.length < 31 &&
    link.kind !== 'bridge' &&
    link.master === undefined &&
    space.namespace.owner.kind !== 'peer'
  )
}

/** One address of each namespace. */
export function oneEach(endpoints: readonly Endpoint[]): Endpoint[] {
  return [...new Map([...endpoints].reverse().map((each) => [each.space, each])).values()].reverse()
}

/** By the kernel's design, and not by anybody's mistake: see isolation.ts. */
function isKeptApart(a: Endpoint, b: Endpoint): boolean {
  const isOver = (child: Endpoint, parent: Endpoint) =>
    child.link.parent?.namespace === parent.space.namespace.inode && child.link.parent.index === parent.link.index
  const modes = [a, b].flatMap(({ link }) => link.macvlan?.mode ?? link.ipvlan?.flags ?? [])
  return isOver(a, b) || isOver(b, a) || modes.some((mode) => mode === 'private' || mode === 'vepa')
}

/** By a port that somebody listens on there, for a firewall that lets nothing else in; else a ping. */
export function toEndpoint(kind: ProbeKind, source: Endpoint, target: Endpoint): Probe {
  const published = new Set(publishedRules(target.space).map(({ port }) => port))
  const listener = target.space.namespace.sockets.find(
    ({ protocol, state, local, localPort, family }) =>
      protocol === 'tcp' &&
      state === 'LISTEN' &&
      localPort !== undefined &&
      !published.has(localPort) &&
      (local === target.ip.text || (family === 4 && local === '0.0.0.0')),
  )
  const port = listener?.localPort
  const to = port === undefined ? '' : `:${port}`
  return {
    kind,
    source: source.space,
    target: target.space,
    flow: {
      source: from(source.space),
      destination: target.ip.text,
      ...(port === undefined ? { protocol: 'icmp' } : { protocol: 'tcp', destinationPort: port }),
    },
    text: `${source.space.name} → ${target.space.name} (${target.ip.text}${to})`,
  }
}

function from(space: Space): Flow['source'] {
  const several = space.world.facts.snapshots.length > 1
  return { namespace: space.namespace.inode, name: space.name, ...(several ? { host: space.host } : {}) }
}

/** RFC 5737: somebody on the internet. */
const SOMEBODY = '203.0.113.1'

/** Containers whose host hides them behind its own address, where it has a way out itself. */
function outsideProbes(map: HostMap): Probe[] {
  return map.networks.flatMap(({ space: host, members, gateways }) => {
    if (defaultRoutes(host).length === 0) return []
    if (!gateways.some((each) => masqueradeOf(host, subnetText(each)) !== undefined)) return []
    return oneEach(members)
      .filter((each) => each.ip.family === 4 && usesGateway(map, each))
      .map(({ space }) => ({
        kind: 'outside',
        source: space,
        flow: { source: from(space), destination: SOMEBODY, protocol: 'icmp' },
        text: `${space.name} → the outside`,
        host,
      }))
  })
}

function usesGateway(map: HostMap, endpoint: Endpoint): boolean {
  const gateway = expectedGateway(map, endpoint)
  const routes = defaultRoutes(endpoint.space)
  return routes.length === 0 || routes.some((route) => route.gateway === gateway?.ip.text)
}

function dnsProbes({ world }: HostMap): Probe[] {
  return world.spaces.flatMap((space) => {
    const { dns } = space.namespace
    if (dns?.servers.includes('127.0.0.11') !== true || space.namespace.owner.kind === 'host') return []
    return [
      {
        kind: 'dns',
        source: space,
        target: space,
        flow: { source: from(space), destination: '127.0.0.11', protocol: 'udp', destinationPort: 53 },
        text: `${space.name} → its resolver (127.0.0.11:53)`,
      },
    ]
  })
}

/** From outside to each published port, and from the container itself by the way of its host. */
function publishedProbes(map: HostMap): Probe[] {
  return map.world.spaces.flatMap((host) => {
    const uplink = uplinkOf(map, host)
    return uplink === undefined ? [] : publishedRules(host).flatMap((published) => portProbes(map, uplink, published))
  })
}

function portProbes(map: HostMap, uplink: Endpoint, published: PublishedRule): Probe[] {
  const { space: host, protocol, port, hostAddress = uplink.ip.text, address, rule } = published
  if (protocol !== 'tcp' && protocol !== 'udp') return []
  const target = map.heldFor(host, address)[0]?.space
  const about = { destination: hostAddress, protocol, destinationPort: port }
  const to = `${hostAddress}:${port}`
  const isLocal = hostAddress.startsWith('127.')
  const source = isLocal
    ? from(host)
    : { ...from(host), outside: true, link: linkFor(map, host, hostAddress, uplink), ...neighbourOf(map, uplink) }
  const own: Probe = {
    kind: 'published',
    source: host,
    ...(target === undefined ? {} : { target }),
    flow: { source, ...about },
    text: `${isLocal ? host.name : 'outside'} → ${to}`,
    rule,
  }
  if (target === undefined || isLocal) return [own]
  const flow = { source: from(target), ...about }
  const text = `${target.name} → its own published port ${to}`
  // a load balancer asks nobody
  if (target.namespace.ipvs.length > 0) return [own]
  return [own, { kind: 'hairpin', source: target, target, flow, text, rule }]
}

/** Somebody who is really there, for a firewall that knows whom it lets in. */
function neighbourOf(map: HostMap, uplink: Endpoint): { readonly address?: string } {
  const near = map
    .onSegment(uplink.segment)
    .filter(({ ip: { family }, space }) => family === 4 && space !== uplink.space)
  const found = near.find(({ link, ip: address }) => link.kind !== 'bridge' && contains(uplink.subnet, address))
  return found === undefined ? {} : { address: found.ip.text }
}

function linkFor(map: HostMap, host: Space, address: string, uplink: Endpoint): string {
  return map.of(host).find(({ ip: { text } }) => text === address)?.link.name ?? uplink.link.name
}

/** Between subnets that a router in the facts joins, where no address translation stands between. */
function routedProbes(map: HostMap): Probe[] {
  const members = map.endpoints.filter((each) => isMember(each) && !isHidden(map, each) && !isInner(each))
  const segments = groupBy(members, ({ segment }) => segment)
  const senders = map.endpoints.filter((each) => isMember(each) && routerOf(map, each) !== undefined)
  const seen = new Set<string>()
  return senders.flatMap((source) =>
    [...segments].flatMap(([segment, targets]) => {
      if (segment === source.segment) return []
      return oneEach(targets)
        .filter((target) => target.space !== source.space && isNew(seen, source, target))
        .slice(0, 3)
        .filter((target) => map.of(source.space).every((own) => own.segment !== target.segment))
        .map((target) => toEndpoint('routed', source, target))
    }),
  )
}

function isNew(seen: Set<string>, source: Endpoint, target: Endpoint): boolean {
  const key = `${source.space.host} ${source.space.namespace.inode} ${target.ip.text}`
  if (seen.has(key)) return false
  seen.add(key)
  return true
}

/** Behind a host's own address, so that nobody else is to reach it but by a published port. */
function isHidden(map: HostMap, endpoint: Endpoint): boolean {
  return map.networks.some(
    ({ space, members, gateways }) =>
      members.includes(endpoint) &&
      gateways.some((each) => masqueradeOf(space, subnetText(each)) !== undefined || isFiltered(space)),
  )
}

/** On a network that its namespace has no way out by: an overlay beside a gateway bridge, or a sandbox of an engine. */
function isInner({ space, link }: Endpoint): boolean {
  const routes = defaultRoutes(space)
  const isElsewhere = routes.length > 0 && routes.every((route) => route.link !== link.index)
  return isElsewhere || space.namespace.owner.kind === 'docker-sandbox'
}

/** An engine's rules keep others out of its networks. */
function isFiltered({ namespace }: Space): boolean {
  return namespace.chains.some(({ chain }) => chain === 'DOCKER' || chain === 'DOCKER-FORWARD')
}

/** The namespace that an endpoint's default route leads to. */
function routerOf(map: HostMap, { space, subnet, segment }: Endpoint): Space | undefined {
  const gateways = defaultRoutes(space).flatMap(({ gateway }) => gateway ?? [])
  const near = gateways.filter((gateway) => contains(subnet, ip(gateway)))
  return near.flatMap((gateway) => map.holders(gateway).filter((each) => each.segment === segment))[0]?.space
}
