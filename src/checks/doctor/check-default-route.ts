import { contains, ip } from '../../flow/address.ts'
import { formatRouteIn } from '../../flow/routing/lookup.ts'
import type { Space } from '../../flow/world.ts'
import { routeKey } from '../../model/entry-key.ts'
import type { Neighbour, Route } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft, Evidence } from './check.ts'
import { predictionsOf } from './check-journeys.ts'
import { at, evidence, step } from './draft.ts'
import type { Endpoint, HostMap } from './host-map.ts'
import { spaceKey } from './keys.ts'
import { defaultRoutes, expectedGateway, networkAround } from './routes.ts'

function check(facts: DoctorFacts): Draft[] {
  const { world, map } = facts
  const speechless = speechlessIn(facts)
  return world.spaces.flatMap((space) => {
    const own = map.of(space).filter(({ ip: { family }, subnet }) => family === 4 && subnet.length < 32)
    const routes = defaultRoutes(space)
    if (routes.length === 0) return missingDrafts(map, space, { own, isSpeechless: speechless.has(space) })
    return routes.flatMap((route) => wrongDraft(map, space, own, route) ?? [])
  })
}

/** Those who get packets from another subnet and have no route for the answer. */
function speechlessIn(facts: DoctorFacts): ReadonlySet<Space> {
  const answers = predictionsOf(facts).failures.filter(
    // a container's own address is not meant to be known beyond its host
    ({ where, leg, journey, probe }) =>
      where?.kind === 'route' && leg !== journey && probe.kind === 'routed' && !isInside(facts.map, probe.source),
  )
  return new Set(
    answers.flatMap(({ where, probe: { target } }) =>
      target !== undefined && target.namespace.inode === where?.namespace ? [target] : [],
    ),
  )
}

function isInside(map: HostMap, space: Space): boolean {
  return map.of(space).some((each) => (networkAround(map, each)?.gateways.length ?? 0) > 0)
}

function missingDrafts(
  map: HostMap,
  space: Space,
  { own, isSpeechless }: { readonly own: readonly Endpoint[]; readonly isSpeechless: boolean },
): Draft[] {
  // policy routing may have the default in another table
  if (space.namespace.routes.some(({ destination, family }) => destination === 'default' && family === 4)) return []
  for (const endpoint of own) {
    const gateway = expectedGateway(map, endpoint) ?? (isSpeechless ? forwarderOn(map, endpoint) : undefined)
    if (gateway === undefined) continue
    const words = ['default', 'via', gateway.ip.text, 'dev', endpoint.link.name]
    return [
      {
        severity: 'error',
        title: `${space.name} has no default route`,
        ...at(space),
        subject: `routes of ${space.name}`,
        evidence: [
          evidence(space, 'route', `no default route in ${space.name}, whose address is ${endpoint.text}`),
          gatewayEvidence(gateway),
        ],
        cause: `${space.name} can talk to its own subnet alone; it cannot even answer anybody else, so published ports of it fail too.`,
        fix: {
          steps: [step(space, ['ip', 'route', 'add', ...words], ['ip', 'route', 'del', ...words])],
          summary: 'adds it',
        },
        about: [spaceKey(space)],
      },
    ]
  }
  return []
}

function wrongDraft(map: HostMap, space: Space, own: readonly Endpoint[], route: Route): Draft | undefined {
  const { gateway: via } = route
  if (via === undefined) return undefined
  const endpoint = own.find(({ link, subnet }) => link.index === route.link && contains(subnet, ip(via)))
  if (endpoint === undefined) return undefined
  const expected = expectedGateway(map, endpoint)
  const holder = map.onSegment(endpoint.segment).find((each) => each.ip.text === via && each.space !== space)
  const isWrong =
    holder === undefined
      ? isNobody(map, endpoint, via)
      : expected !== undefined && expected.ip.text !== via && !canForward(map, holder)
  if (!isWrong) return undefined
  const neighbour = neighbourOf(endpoint, via)
  const why =
    holder === undefined
      ? `nobody on the segment has ${via}`
      : `${via} is ${holder.space.name}, which leads nowhere else`
  const better = expected ?? forwarderOn(map, endpoint)
  return {
    severity: 'error',
    title: `the default route of ${space.name} leads to ${via}: ${why}`,
    ...at(space),
    subject: `default route of ${space.name}`,
    evidence: [
      evidence(space, 'route', `${formatRouteIn(space, route)} in ${space.name}`, { entry: routeKey(route) }),
      ...(neighbour === undefined
        ? []
        : [evidence(space, 'neighbour', `neighbour ${via} is ${neighbour.states.join(',')}`)]),
      ...(better === undefined ? [] : [gatewayEvidence(better)]),
    ],
    cause: `Whatever ${space.name} sends beyond its own subnet is asked for by ARP at ${via}, and ${holder === undefined ? 'nobody answers' : 'ends there'}.`,
    ...(better === undefined ? {} : { fix: replaceFix(space, endpoint, route, better.ip.text) }),
    about: [spaceKey(space)],
  }
}

/** Whether a gateway that no snapshot shows is known not to be there. */
function isNobody(map: HostMap, endpoint: Endpoint, via: string): boolean {
  if (neighbourOf(endpoint, via)?.states.includes('FAILED') === true) return true
  if (map.hasOutside(endpoint.segment)) return false
  // alone on a segment, nothing says what it should be
  return map.onSegment(endpoint.segment).some(({ space }) => space !== endpoint.space)
}

function neighbourOf({ space, link }: Endpoint, address: string): Neighbour | undefined {
  return space.namespace.neighbours.find((each) => each.address === address && each.link === link.index)
}

function gatewayEvidence({ space, link, text }: Endpoint): Evidence {
  const words = `the gateway of that subnet seems to be ${text} on ${link.name} of ${space.name}`
  return evidence(space, 'link', words, { link: link.name })
}

function replaceFix(space: Space, { link }: Endpoint, route: Route, gateway: string): NonNullable<Draft['fix']> {
  const words = (via: string) => [
    'ip',
    'route',
    'replace',
    'default',
    'via',
    via,
    'dev',
    link.name,
    ...(route.metric === undefined ? [] : ['metric', String(route.metric)]),
  ]
  return {
    steps: [step(space, words(gateway), words(route.gateway ?? ''))],
    summary: `sends everything else to ${gateway}`,
  }
}

/** Whether there is anywhere to go on to. */
function canForward(map: HostMap, { space, link }: Endpoint): boolean {
  return space.namespace.sysctls['net.ipv4.ip_forward'] !== '0' && map.of(space).some((each) => each.link !== link)
}

/** Somebody on the segment who forwards and has more than one link, if it is only one. */
function forwarderOn(map: HostMap, endpoint: Endpoint): Endpoint | undefined {
  const found = map
    .onSegment(endpoint.segment)
    .filter(
      (each) =>
        each.space !== endpoint.space &&
        each.space.namespace.sysctls['net.ipv4.ip_forward'] === '1' &&
        canForward(map, each) &&
        contains(endpoint.subnet, each.ip),
    )
  return found.length === 1 ? found[0] : undefined
}

export const DEFAULT_ROUTE_WRONG: Check = {
  id: 'default-route-wrong',
  title: 'no default route, or one to a gateway that is not there',
  needs: ['links', 'addrs', 'routes'],
  explains: ['*'],
  explanation: {
    symptom:
      'Only the own subnet answers: "Network is unreachable" at once without a route, "No route to host" after three seconds with a wrong one.',
    why: 'A container has one default route, by the gateway of one of its networks. Something in the container, or a second network, replaced it, or the gateway moved.',
    see: ['ip route', 'ip neigh show GATEWAY', 'arping -c 3 -I eth0 GATEWAY'],
    fix: 'Point the default route to the address that the host has on the bridge of that network.',
    intended:
      'An internal network has no way out. Where no container of a network has a default route and the host does not masquerade it, nothing is said.',
  },
  check,
}
