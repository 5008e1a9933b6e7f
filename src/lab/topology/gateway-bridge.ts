import { predefinedNetwork } from './read-network.ts'
import type { ContainerSpec, EndpointSpec, NetworkSpec } from './topology.ts'

/** The bridge by way of which containers of overlay networks reach what is outside, and publish their ports. */
export const GATEWAY_BRIDGE = 'docker_gwbridge'

/** Whose endpoints have a gateway of their own, or need none. */
const OTHER_WAYS: ReadonlySet<string> = new Set(['bridge', 'macvlan', 'ipvlan', 'host', 'none'])

export interface Connected {
  readonly containers: readonly ContainerSpec[]
  readonly networks: readonly NetworkSpec[]
}

/**
 * As Docker connects containers: one that is in an overlay network and in no other that leads outside gets a second
 * link, in docker_gwbridge of its host, which is made where it is not there.
 */
export function withGatewayBridge({ containers, networks }: Connected): Connected {
  const byName = new Map(networks.map((network) => [network.name, network]))
  const needing = new Set(containers.filter((container) => needsGateway(container, byName)))
  const [first] = needing
  if (first === undefined) return { containers, networks }
  const hosts = [...new Set([...needing].map(({ host }) => host))]
  const own = byName.has(GATEWAY_BRIDGE) ? [] : [predefinedNetwork(GATEWAY_BRIDGE, hosts, first.at)]
  return {
    containers: containers.map((container) =>
      needing.has(container)
        ? { ...container, endpoints: [...container.endpoints, gatewayEndpoint(container)] }
        : container,
    ),
    networks: [...networks, ...own],
  }
}

function needsGateway({ endpoints, balances }: ContainerSpec, networks: ReadonlyMap<string, NetworkSpec>): boolean {
  // of load balancers, only that of ingress is reached from outside
  if (balances !== undefined && balances !== 'ingress') return false
  const outside = endpoints.flatMap(({ network }) => networks.get(network) ?? []).filter(({ internal }) => !internal)
  return outside.some(({ driver }) => driver === 'overlay') && !outside.some(({ driver }) => OTHER_WAYS.has(driver))
}

function gatewayEndpoint({ at }: ContainerSpec): EndpointSpec {
  return { at, network: GATEWAY_BRIDGE, aliases: [], priority: 0, options: {} }
}
