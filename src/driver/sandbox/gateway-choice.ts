import type { StaticRoute } from '../network-driver.ts'

/** What decides which endpoint of a sandbox leads to the rest of the world. */
export interface Attachment {
  readonly endpointId: string
  readonly networkName: string
  readonly internal: boolean
  /** The highest comes first. */
  readonly priority: number
  /** Plain addresses. */
  readonly gateway?: string
  readonly gatewayIpv6?: string
  readonly routes: readonly StaticRoute[]
}

export interface DefaultRoute {
  readonly endpointId: string
  /** Plain address; absent = on link. */
  readonly nextHop?: string
}

export interface GatewayChoice {
  readonly ipv4: DefaultRoute | undefined
  readonly ipv6: DefaultRoute | undefined
  /** Whose ports are published. */
  readonly externalEndpoint: string | undefined
}

/** Where Docker sends what an overlay network cannot: it comes after every other network. */
const GATEWAY_BRIDGE = 'docker_gwbridge'
const DEFAULT_DESTINATIONS = { 4: '0.0.0.0/0', 6: '::/0' } as const

/**
 * The endpoints of a sandbox, the one that is asked first at the front: by priority, docker_gwbridge after the
 * others, internal networks last, those with gateways before those without, then by the name of the network.
 * Source: libnetwork, order of endpoints in a sandbox.
 */
export function inGatewayOrder<T extends Attachment>(attachments: readonly T[]): T[] {
  return [...attachments].sort((a, b) => compareAll(rankOf(a), rankOf(b)) || (a.networkName < b.networkName ? -1 : 1))
}

/**
 * The default routes of a sandbox, for each family that of the first endpoint in order which has one: a gateway, or a
 * static route to everywhere. Ports are published by way of the IPv4 one, else of the IPv6 one.
 */
export function chooseGateways(attachments: readonly Attachment[]): GatewayChoice {
  const ordered = inGatewayOrder(attachments)
  const ipv4 = firstRoute(ordered, 4)
  const ipv6 = firstRoute(ordered, 6)
  const external = ordered.find(({ endpointId }) => endpointId === (ipv4 ?? ipv6)?.endpointId)
  return { ipv4, ipv6, externalEndpoint: external?.internal === false ? external.endpointId : undefined }
}

/** Whether a static route is one of those that only the chosen endpoint gets. */
export function isDefaultDestination(destination: string): boolean {
  return destination === DEFAULT_DESTINATIONS[4] || destination === DEFAULT_DESTINATIONS[6]
}

function firstRoute(ordered: readonly Attachment[], family: 4 | 6): DefaultRoute | undefined {
  for (const attachment of ordered) {
    const route = defaultRouteOf(attachment, family)
    if (route !== undefined) return route
  }
  return undefined
}

function defaultRouteOf(attachment: Attachment, family: 4 | 6): DefaultRoute | undefined {
  const { endpointId, routes } = attachment
  const gateway = family === 4 ? attachment.gateway : attachment.gatewayIpv6
  if (gateway !== undefined) return { endpointId, nextHop: gateway }
  const route = routes.find(({ destination }) => destination === DEFAULT_DESTINATIONS[family])
  if (route === undefined) return undefined
  return route.nextHop === undefined ? { endpointId } : { endpointId, nextHop: route.nextHop }
}

/** Smaller comes first, the first number that differs decides. */
function rankOf(attachment: Attachment): number[] {
  const { priority, networkName, internal } = attachment
  return [
    -priority,
    Number(networkName === GATEWAY_BRIDGE),
    Number(internal),
    Number(defaultRouteOf(attachment, 4) === undefined),
    Number(defaultRouteOf(attachment, 6) === undefined),
  ]
}

function compareAll(a: readonly number[], b: readonly number[]): number {
  for (const [position, value] of a.entries()) {
    const difference = value - (b[position] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
