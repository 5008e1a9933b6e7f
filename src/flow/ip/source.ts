import type { Link, Route, RouteNexthop } from '../../model/snapshot.ts'
import { type Ip, ip, toIp } from '../address.ts'
import type { Packet } from '../packet.ts'
import { lookupRoute } from '../routing/lookup.ts'
import { selectSource } from '../routing/source-address.ts'
import type { Run } from '../run.ts'
import { linkOf, type Space } from '../world.ts'

/** The source address that a route gives to a packet whose sender has bound none. */
export function sourceOnRoute(
  space: Space,
  destination: Ip,
  link: Link,
  { route, hop }: { readonly route: Route; readonly hop: RouteNexthop | undefined },
): Ip | undefined {
  if (route.source !== undefined) return ip(route.source)
  if (route.type === 'local') return destination
  const gateway = hop?.gateway === undefined ? undefined : toIp(hop.gateway)
  return selectSource(space, link, { destination, gateway, scope: route.scope })
}

/** That address for a packet that is about to be sent; undefined when there is no route. */
export function routedSource(run: Run, space: Space, packet: Packet): Ip | undefined {
  const { family, destination, mark, tos, protocol, sourcePort, destinationPort } = packet
  const query = { family, destination, iif: 'lo', mark, tos, protocol, sourcePort, destinationPort, anyHop: true }
  const result = lookupRoute(run, space, query)
  if (result.kind === 'error') return undefined
  if (result.route.type === 'local') return destination
  const link = linkOf(space, result.hop?.link)
  return link && sourceOnRoute(space, destination, link, result)
}
