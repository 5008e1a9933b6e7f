import type { Link, Namespace, Route } from '../../model/snapshot.ts'
import { ip } from '../address.ts'
import type { Place } from '../journey.ts'
import { formatRouteIn } from '../routing/lookup.ts'
import { TABLE } from '../routing/route-table.ts'
import { isInSubnet } from '../routing/source-address.ts'
import { isUp, linkNamed, type Space } from '../world.ts'
import { type Block, type Change, shellWord } from './change.ts'

/** Sysctl → what it should be instead, and what that means. */
const BETTER: readonly (readonly [pattern: RegExp, value: string, summary: string])[] = [
  [/ip_forward$/, '1', 'lets it forward'],
  [/\.forwarding$/, '1', 'lets it forward'],
  [/rp_filter$/, '2', 'accepts sources that it has any route to'],
  [/route_localnet$/, '1', 'takes 127.0.0.0/8 for addresses like others there'],
  [/accept_local$/, '1', 'accepts its own addresses as sources'],
  [/icmp_echo_ignore_all$/, '0', 'lets it answer pings'],
]

export function sysctlChanges({ place }: Block): Change[] {
  const { sysctl } = place
  const better = BETTER.find(([pattern]) => sysctl !== undefined && pattern.test(sysctl))
  if (sysctl === undefined || better === undefined) return []
  const [, value, summary] = better
  return (sysctl.endsWith('rp_filter') ? ['2', '0'] : [value]).map((each) => sysctlChange(place, sysctl, each, summary))
}

function sysctlChange(place: Place, sysctl: string, value: string, summary: string): Change {
  return {
    place,
    edit: (before) => ({ ...before, sysctls: { ...before.sysctls, ...settings(before, sysctl, value) } }),
    command: `sysctl -w ${shellWord(`${sysctl}=${value}`)}`,
    summary,
    ...(sysctl.endsWith('route_localnet')
      ? { warning: 'others on that link can then reach what listens on loopback' }
      : {}),
  }
}

/** Writing ip_forward writes the forwarding of every interface too; rp_filter is the greater of two. */
function settings({ sysctls }: Namespace, sysctl: string, value: string): Record<string, string> {
  if (sysctl !== 'net.ipv4.ip_forward') return { [sysctl]: value }
  const each = Object.keys(sysctls).filter((name) => /^net\.ipv4\.conf\.[^.]+\.forwarding$/.test(name))
  return Object.fromEntries([sysctl, ...each].map((name) => [name, value]))
}

/** A route that says no is taken away; where there is none, the default goes to a neighbour that forwards. */
export function routeChanges(space: Space, { place, hop, family }: Block): Change[] {
  const { routes } = space.namespace
  const bad = routes.find(
    (route) =>
      ['blackhole', 'unreachable', 'prohibit'].includes(route.type) && formatRouteIn(space, route) === place.text,
  )
  if (bad !== undefined) return [removeRoute(place, bad)]
  if (!place.text.startsWith('no route') || hop === undefined) return []
  return routersNear(space, family).map(({ gateway, link }) => defaultRoute(place, gateway, link, family))
}

function removeRoute(place: Place, route: Route): Change {
  const table = route.table === TABLE.MAIN ? '' : ` table ${route.table}`
  return {
    place,
    edit: (before) => ({ ...before, routes: before.routes.filter((each) => each !== route) }),
    command: `ip ${route.family === 6 ? '-6 ' : ''}route del ${route.type} ${route.destination}${table}`,
    summary: `removes the ${route.type} route`,
    warning: `a ${route.type} route is there on purpose`,
  }
}

function defaultRoute(place: Place, gateway: string, link: Link, family: 4 | 6): Change {
  const route: Route = {
    table: TABLE.MAIN,
    family,
    type: 'unicast',
    destination: 'default',
    gateway,
    link: link.index,
    scope: 'global',
    protocol: 'boot',
  }
  return {
    place,
    edit: (before) => ({ ...before, routes: [...before.routes, route] }),
    command: `ip ${family === 6 ? '-6 ' : ''}route add default via ${gateway} dev ${shellWord(link.name)}`,
    summary: `sends everything else to ${gateway}`,
  }
}

/** Nobody has the address of a gateway: somebody else near who forwards may be meant. */
export function gatewayChanges(space: Space, { place, family }: Block): Change[] {
  const { routes } = space.namespace
  const wrong = routes.find(
    ({ gateway, table, type }) =>
      gateway !== undefined && table === TABLE.MAIN && type === 'unicast' && place.text.includes(` ${gateway} `),
  )
  if (wrong === undefined) return []
  return routersNear(space, family)
    .filter(({ gateway }) => gateway !== wrong.gateway)
    .map(({ gateway, link }) => ({
      place,
      edit: (before) => ({
        ...before,
        routes: before.routes.map((each) => (each === wrong ? { ...wrong, gateway, link: link.index } : each)),
      }),
      command: `ip ${family === 6 ? '-6 ' : ''}route replace ${wrong.destination} via ${gateway} dev ${shellWord(link.name)}`,
      summary: `sends what went to ${wrong.gateway} to ${gateway}`,
    }))
}

/** Addresses of namespaces that forward, in a subnet of this one. */
function routersNear(space: Space, family: 4 | 6): { readonly gateway: string; readonly link: Link }[] {
  const forwarding = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding'
  const found: { gateway: string; link: Link }[] = []
  for (const own of space.namespace.addresses) {
    const link = space.namespace.links.find(({ index }) => index === own.link)
    if (link === undefined || link.kind === 'loopback' || own.address.includes(':') !== (family === 6)) continue
    for (const other of space.world.spaces) {
      if (other === space || other.namespace.sysctls[forwarding] !== '1') continue
      const near = other.namespace.addresses.find((each) => isInSubnet(own, ip(each.address)))
      if (near !== undefined) found.push({ gateway: ip(near.address).text, link })
    }
  }
  return found
}

export function ruleChanges({ place }: Block): Change[] {
  const priority = Number(/policy rule (\d+)/.exec(place.text)?.[1])
  if (!Number.isInteger(priority)) return []
  return [
    {
      place,
      edit: (before) => ({ ...before, rules: before.rules.filter((rule) => rule.priority !== priority) }),
      command: `ip rule del priority ${priority}`,
      summary: `removes policy rule ${priority}`,
      warning: 'a rule that refuses is there on purpose',
    },
  ]
}

/** A link that is down, on this side or the other, or too small. */
export function linkChanges(space: Space, { place, hop }: Block): Change[] {
  const link = place.link === undefined ? undefined : linkNamed(space, place.link)
  if (link === undefined) return []
  const peer = space.world.other(space, link.peer)
  const down = [...(isUp(link) ? [] : [{ space, link }]), ...(peer === undefined || isUp(peer.link) ? [] : [peer])]
  const up = down.map((each) => upChange(each.space, each.link))
  const size = hop?.packet.size ?? 0
  return size > link.mtu ? [...up, mtuChange(space, link, size)] : up
}

function placeOf(space: Space): Change['place'] {
  const host = space.world.facts.snapshots.length > 1 ? { host: space.host } : {}
  return { namespace: space.namespace.inode, name: space.name, ...host }
}

/** Carrier comes with it, on both sides, and a port of a bridge forwards at once. */
function upChange(space: Space, link: Link): Change {
  const peer = space.world.other(space, link.peer)
  const isPeerUp = peer !== undefined && isUp(peer.link)
  const raise = (index: number) => (before: Namespace) => ({
    ...before,
    links: before.links.map((each) => (each.index === index ? raised(each, isPeerUp || peer === undefined) : each)),
  })
  return {
    place: placeOf(space),
    edit: raise(link.index),
    ...(isPeerUp ? { also: [{ place: placeOf(peer.space), edit: raise(peer.link.index) }] } : {}),
    command: `ip link set ${shellWord(link.name)} up`,
    summary: `sets ${link.name} up`,
  }
}

function raised(link: Link, hasCarrier: boolean): Link {
  const flags = [...new Set([...link.flags.filter((flag) => flag !== 'NO-CARRIER'), 'UP'])]
  if (!hasCarrier) return { ...link, flags: [...flags, 'NO-CARRIER'] }
  const port = link.port === undefined ? {} : { port: { ...link.port, state: 'forwarding' } }
  return { ...link, flags: [...flags, 'LOWER_UP'], operstate: 'UP', ...port }
}

function mtuChange(space: Space, link: Link, size: number): Change {
  return {
    place: placeOf(space),
    edit: (before) => ({
      ...before,
      links: before.links.map((each) => (each.index === link.index ? { ...each, mtu: size } : each)),
    }),
    command: `ip link set ${shellWord(link.name)} mtu ${size}`,
    summary: `lets ${link.name} take ${size} bytes`,
  }
}

/** Switches of a bridge port: attribute → as it should be, and how `bridge link` writes it. */
const PORT_SWITCHES: readonly (readonly [pattern: RegExp, edit: Partial<NonNullable<Link['port']>>, words: string])[] =
  [
    [/hairpin is off/, { hairpin: true }, 'hairpin on'],
    [/isolated/, { isolated: false }, 'isolated off'],
    [/takes no broadcasts/, { broadcastFlood: true }, 'bcast_flood on'],
    [/proxy_arp on/, { proxyArp: false }, 'proxy_arp off'],
    [/neigh_suppress on/, { neighSuppress: false }, 'neigh_suppress off'],
    [/no unknown unicast/, { flood: true }, 'flood on'],
    [/is (?:blocking|listening|learning)/, { state: 'forwarding' }, 'state 3'],
  ]

export function portChanges(space: Space, block: Block): Change[] {
  const { place } = block
  const link = place.link === undefined ? undefined : linkNamed(space, place.link)
  const found = PORT_SWITCHES.find(([pattern]) => pattern.test(place.text))
  if (link?.port === undefined) return []
  if (found === undefined) return linkChanges(space, block)
  const [, edit, words] = found
  const port = { ...link.port, ...edit }
  return [
    {
      place,
      edit: (before) => ({
        ...before,
        links: before.links.map((each) => (each.index === link.index ? { ...each, port } : each)),
      }),
      command: words.startsWith('proxy_arp')
        ? `ip link set dev ${shellWord(link.name)} type bridge_slave ${words}`
        : `bridge link set dev ${shellWord(link.name)} ${words}`,
      summary: `${words} at port ${link.name}`,
      ...(words.startsWith('isolated') ? { warning: 'ports are isolated on purpose' } : {}),
    },
  ]
}

/** Entries that point to somebody else: gone, the kernel finds out by itself. */
export function neighbourChanges(space: Space, { place, hop }: Block): Change[] {
  const address = hop?.packet.destination
  const entries = space.namespace.neighbours.filter(
    (each) => each.states.includes('PERMANENT') && (each.address === address || place.text.includes(each.address)),
  )
  return entries.map((entry) => {
    const link = space.namespace.links.find(({ index }) => index === entry.link)
    return {
      place,
      edit: (before) => ({ ...before, neighbours: before.neighbours.filter((each) => each !== entry) }),
      command: `ip neigh del ${entry.address} dev ${shellWord(link?.name ?? '')}`,
      summary: `forgets that ${entry.address} is at ${entry.mac ?? 'nowhere'}`,
    }
  })
}
