import { contains, type Ip, ipOfWords, type Prefix, toPrefix } from '../../flow/address.ts'
import { formatRouteIn } from '../../flow/routing/lookup.ts'
import { coveringRoutes, TABLE } from '../../flow/routing/route-table.ts'
import { isUp, linkOf, type Space } from '../../flow/world.ts'
import { routeKey } from '../../model/entry-key.ts'
import type { PolicyRule, Route } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, evidence, linkText, step } from './draft.ts'
import type { BridgeNetwork, Endpoint, HostMap } from './host-map.ts'
import { linkKey, spaceKey } from './keys.ts'
import { subnetText } from './routes.ts'

function checkOverlap({ map }: DoctorFacts): Draft[] {
  return map.networks.flatMap((network) =>
    network.gateways
      .filter(({ ip, subnet, link }) => ip.family === 4 && subnet.length < 32 && isUp(link))
      .flatMap((gateway) => {
        const other = overlapping(network.space, gateway)
        return other === undefined ? [] : [overlapDraft(map, { network, gateway, other })]
      }),
  )
}

/** A route by another link that the subnet of a bridge contains, or lies inside of. */
function overlapping(space: Space, { link, subnet }: Endpoint): Route | undefined {
  return space.namespace.routes.find((route) => {
    if (
      route.family !== 4 ||
      route.table !== TABLE.MAIN ||
      route.type !== 'unicast' ||
      route.link === link.index ||
      route.link === undefined
    )
      return false
    const prefix = toPrefix(route.destination)
    if (prefix === undefined || prefix.length === 0 || prefix.length === 32) return false
    const via = linkOf(space, route.link)
    if (via === undefined || (isTunnel(via.kind) && prefix.length < subnet.length)) return false
    return covers(prefix, subnet) || covers(subnet, prefix)
  })
}

/** Plugins route the whole range of a cluster into a tunnel, and a part of it to the own bridge. */
function isTunnel(kind: string): boolean {
  return kind === 'vxlan' || kind === 'ipip' || kind === 'tun' || kind === 'geneve'
}

function covers(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length && contains(a, ipOfWords(b.family, b.words))
}

function overlapDraft(
  map: HostMap,
  { network, gateway, other }: { readonly network: BridgeNetwork; readonly gateway: Endpoint; readonly other: Route },
): Draft {
  const { space, link } = network
  const isLan = map.networks.every((each) => each.space !== space || each.link.index !== other.link)
  const [words, undo] = [
    ['ip', 'link', 'set', 'dev', link.name, 'down'],
    ['ip', 'link', 'set', 'dev', link.name, 'up'],
  ]
  return {
    severity: 'error',
    title: `the subnet ${subnetText(gateway)} of ${linkText(network)} overlaps ${other.destination}${isLan ? ', which lies elsewhere' : ' of another bridge'}`,
    ...at(space),
    subject: `${subnetText(gateway)} of ${linkText(network)}`,
    evidence: [
      evidence(space, 'link', `${gateway.text} on ${linkText(gateway)}: ${subnetText(gateway)} dev ${link.name}`, {
        link: link.name,
      }),
      evidence(space, 'route', `${formatRouteIn(space, other)} in ${space.name}`, { entry: routeKey(other) }),
    ],
    cause: `The longer prefix wins: ${space.name} and all its containers look for a part of these addresses in the wrong place, so a LAN, a VPN or the other network became unreachable when the network was made.`,
    fix: {
      steps: [step(space, words, undo)],
      summary: `takes ${link.name} and its route away`,
      warning:
        network.members.length > 0
          ? 'its containers are cut off: make the network anew with another --subnet'
          : 'make the network anew with another --subnet',
    },
    about: [spaceKey(space), linkKey(network)],
  }
}

/** Priority of the rule that leads to the main table (linux fib_rules). */
const MAIN_RULE = 32_766

function checkPolicy({ map }: DoctorFacts): Draft[] {
  return map.networks.flatMap((network) =>
    network.gateways
      .filter(({ ip, subnet }) => ip.family === 4 && subnet.length < 32 && network.members.length > 0)
      .flatMap((gateway) => {
        const captured = capturing(map, network, gateway)
        return captured === undefined ? [] : [captureDraft(network, gateway, captured)]
      }),
  )
}

interface Capture {
  readonly rule: PolicyRule
  readonly route: Route
}

/** A rule before that of the main table by which packets to the containers leave by another link. */
function capturing(
  { world }: HostMap,
  { space, link, members }: BridgeNetwork,
  { ip, subnet }: Endpoint,
): Capture | undefined {
  const target = members.find(({ ip: each }) => contains(subnet, each) && each.text !== ip.text)
  if (target === undefined || world.spaces.length === 0) return undefined
  const rules = space.namespace.rules.filter(({ priority }) => priority < MAIN_RULE)
  for (const rule of rules.sort((a, b) => a.priority - b.priority)) {
    const route = routeBy(space, rule, target.ip)
    if (route === undefined) continue
    return route.link === link.index || route.type !== 'unicast' ? undefined : { rule, route }
  }
  return undefined
}

/** Where a rule sends packets to an address; undefined when it is not asked, or leaves them to the next rule. */
function routeBy(space: Space, rule: PolicyRule, target: Ip): Route | undefined {
  if (!isGeneral(rule)) return undefined
  const to = rule.to === undefined ? undefined : toPrefix(rule.to)
  if (to !== undefined && !contains(to, target)) return undefined
  return [...coveringRoutes(space.namespace.routes, rule.table ?? 0, target)].find((each) => !isSuppressed(rule, each))
}

/** It applies to any packet of the host to its containers; marks and interfaces are asked on purpose. */
function isGeneral({
  family,
  action,
  table,
  fwmark,
  iif,
  oif,
  from,
  not,
  ipProtocol,
  uids,
  l3mdev,
}: PolicyRule): boolean {
  if (family !== 4 || action !== 'lookup' || table === undefined || table === TABLE.LOCAL) return false
  return (
    [fwmark, iif, oif, from, ipProtocol, uids].every((each) => each === undefined) && not !== true && l3mdev !== true
  )
}

function isSuppressed({ suppressPrefixLength }: PolicyRule, { destination }: Route): boolean {
  return (
    suppressPrefixLength !== undefined &&
    suppressPrefixLength >= 0 &&
    (toPrefix(destination)?.length ?? 0) <= suppressPrefixLength
  )
}

function captureDraft({ space, link, members }: BridgeNetwork, gateway: Endpoint, { rule, route }: Capture): Draft {
  const table = String(rule.table)
  const words = (verb: string) => [
    'ip',
    'rule',
    verb,
    'to',
    subnetText(gateway),
    'lookup',
    'main',
    'priority',
    String(Math.max(rule.priority - 1, 1)),
  ]
  return {
    severity: 'error',
    title: `a policy rule of ${space.name} sends packets to ${subnetText(gateway)} elsewhere than to ${link.name}`,
    ...at(space),
    subject: `policy rule ${rule.priority} of ${space.name}`,
    evidence: [
      evidence(
        space,
        'policy-rule',
        `${rule.priority}: ${rule.to === undefined ? '' : `to ${rule.to} `}lookup ${table} in ${space.name}`,
      ),
      evidence(space, 'route', `${formatRouteIn(space, route)} in table ${table}`, { entry: routeKey(route) }),
      evidence(space, 'route', `${subnetText(gateway)} dev ${link.name} is in the main table alone`),
    ],
    cause:
      'The rule comes before that of the main table, and its table has a route for everything, as VPN clients and multi-homed hosts set it up. What the host sends or forwards to its containers leaves by the other link.',
    fix: { steps: [step(space, words('add'), words('del'))], summary: 'looks for the subnet in the main table first' },
    about: [spaceKey(space), linkKey(gateway), ...members.map((each) => spaceKey(each.space))],
  }
}

export const SUBNET_OVERLAP: Check = {
  id: 'subnet-overlap',
  title: 'a container subnet overlaps another route',
  needs: ['links', 'addrs', 'routes'],
  explains: [
    'unreachable-neighbour',
    'unreachable-subnet',
    'unreachable-outside',
    'rp-filter-strict',
    'published-port-unreachable',
    'unreachable-published',
  ],
  explanation: {
    symptom:
      'A LAN, a VPN or a cloud service became unreachable from this host, often since a `docker network create` or a `docker compose up`.',
    why: 'An engine takes a free range for each network, and only knows the routes that the host has at that moment: a VPN that comes up later, or a range given by hand, may overlap. Longest prefix wins.',
    see: [
      'ip route',
      'docker network inspect -f "{{.Name}} {{range .IPAM.Config}}{{.Subnet}}{{end}}" $(docker network ls -q)',
    ],
    fix: 'Make the network anew with another subnet; keep the engine away from your ranges with default-address-pools.',
    intended:
      'A plugin that routes the whole range of a cluster into a tunnel and a part of it to the own bridge: not reported.',
  },
  check: checkOverlap,
}

export const POLICY_ROUTING_CAPTURES: Check = {
  id: 'policy-routing-captures',
  title: 'policy routing sends packets for containers elsewhere',
  needs: ['links', 'addrs', 'routes', 'rules'],
  explains: [
    'unreachable-outside',
    'unreachable-published',
    'unreachable-subnet',
    'published-port-unreachable',
    'rp-filter-strict',
  ],
  explanation: {
    symptom:
      'Published ports and the answers to containers are lost since a VPN is up; `ip route get CONTAINER` names another interface than the bridge.',
    why: 'Rules with a smaller priority than 32766 are asked before the main table, where the routes of bridges are.',
    see: ['ip rule', 'ip route show table TABLE', 'ip route get CONTAINER-ADDRESS'],
    fix: 'A rule before it that looks for the subnets of containers in the main table, or suppress_prefixlength 0 as WireGuard does.',
    intended: 'Rules with a mark, an interface or a source are taken for intended.',
  },
  check: checkPolicy,
}
