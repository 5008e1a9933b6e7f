import { contains } from '../../flow/address.ts'
import { TABLE } from '../../flow/routing/route-table.ts'
import type { Space } from '../../flow/world.ts'
import type { FirewallRule, Route } from '../../model/snapshot.ts'
import type { BridgeNetwork, Endpoint, HostMap } from './host-map.ts'

export function defaultRoutes({ namespace }: Space, family: 4 | 6 = 4): readonly Route[] {
  return namespace.routes.filter(
    (route) =>
      route.destination === 'default' &&
      route.family === family &&
      route.type === 'unicast' &&
      route.table === TABLE.MAIN,
  )
}

/** The rule by which addresses of a subnet leave as one of the host's own; undefined when there is none. */
export function masqueradeOf({ namespace }: Space, subnet: string): FirewallRule | undefined {
  return namespace.firewall.find(
    ({ table, text }) =>
      (text.includes('MASQUERADE') || text.includes('SNAT') || /\b(masquerade|snat)\b/.test(text)) &&
      (text.includes(`-s ${subnet} `) || text.includes(`saddr ${subnet} `)) &&
      (table === 'nat' || table !== 'filter'),
  )
}

/** `10.0.0.0/24`, from the words of a prefix. */
export function subnetText({ subnet }: Pick<Endpoint, 'subnet'>): string {
  const [word = 0] = subnet.words
  if (subnet.family === 6) return ''
  return `${[word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.')}/${subnet.length}`
}

/**
 * The gateway that an endpoint of a bridge network should have: the bridge's own address, where the host hides the
 * subnet behind its own address or others of the network use it. A network that is internal has none.
 */
export function expectedGateway(map: HostMap, endpoint: Endpoint): Endpoint | undefined {
  const network = networkAround(map, endpoint)
  const gateway = network?.gateways.find(({ subnet }) => contains(subnet, endpoint.ip))
  if (network === undefined || gateway === undefined) return undefined
  if (masqueradeOf(network.space, subnetText(gateway)) !== undefined) return gateway
  const others = network.members.filter(({ space }) => space !== endpoint.space)
  const isUsed = others.some(({ space }) => defaultRoutes(space).some((route) => route.gateway === gateway.ip.text))
  return isUsed ? gateway : undefined
}

/** The bridge network that an endpoint hangs on. */
export function networkAround(map: HostMap, endpoint: Endpoint): BridgeNetwork | undefined {
  return map.networks.find(({ members }) => members.includes(endpoint))
}
