import { parseIp } from '../../../model/ip-bytes.ts'
import { type Cidr, isInside, parseCidr, parseIpNumber } from '../../ipam/cidr.ts'
import { ROUTE_TYPE, type WireJoinAnswer, type WireRoute } from '../wire.ts'

/** IFNAMSIZ of linux/if.h, less the zero at the end. */
const MAX_LINK_NAME = 15

/** What is wrong with the name of the link that the engine is to move; undefined = nothing. */
export function linkNameProblem({ InterfaceName }: WireJoinAnswer): string | undefined {
  const { SrcName = '', DstPrefix = '' } = InterfaceName ?? {}
  if (SrcName === '') return 'InterfaceName.SrcName is empty'
  if (!isLinkName(SrcName)) return `InterfaceName.SrcName ${JSON.stringify(SrcName)} cannot be the name of a link`
  // the engine puts a number behind it
  if (DstPrefix !== '' && !isLinkName(`${DstPrefix}0`)) {
    return `InterfaceName.DstPrefix ${JSON.stringify(DstPrefix)} cannot be the beginning of a link's name`
  }
  return undefined
}

function isLinkName(text: string): boolean {
  return text.length <= MAX_LINK_NAME && /^[^\s/:]+$/.test(text) && text !== '.' && text !== '..'
}

/** What is wrong with a route; undefined = nothing. */
export function routeProblem({ Destination, RouteType, NextHop }: WireRoute): string | undefined {
  if (!isCidr(Destination)) return `Destination ${JSON.stringify(Destination)} is no CIDR`
  if (RouteType === ROUTE_TYPE.CONNECTED) {
    return NextHop === '' ? undefined : `${Destination} is connected (RouteType 1), yet has the next hop ${NextHop}`
  }
  if (RouteType !== ROUTE_TYPE.NEXTHOP) return `${Destination} has the unknown RouteType ${RouteType}`
  return parseIp(NextHop) === undefined ? `${Destination} has no next hop (RouteType 0)` : undefined
}

/**
 * What is wrong with a gateway: it must be a plain address that the container can reach on its link.
 *
 * @param pools CIDRs of the network
 */
export function gatewayProblem(
  { Gateway, GatewayIPv6, StaticRoutes }: WireJoinAnswer,
  pools: readonly string[],
): string | undefined {
  const connected = StaticRoutes.filter(({ RouteType }) => RouteType === ROUTE_TYPE.CONNECTED)
  const onLink = [...pools, ...connected.map(({ Destination }) => Destination)].filter(isCidr).map(parseCidr)
  return problemOf(Gateway, 4, onLink) ?? problemOf(GatewayIPv6, 6, onLink)
}

function problemOf(gateway: string, family: 4 | 6, onLink: readonly Cidr[]): string | undefined {
  if (gateway === '') return undefined
  const field = family === 4 ? 'Gateway' : 'GatewayIPv6'
  if (parseIp(gateway) === undefined) return `${field} ${JSON.stringify(gateway)} is no plain address`
  const address = parseIpNumber(gateway)
  if (address.family !== family) return `${field} ${gateway} is of the other family`
  return onLink.some((cidr) => isInside(cidr, address)) ? undefined : `${field} ${gateway} is not on the link`
}

/** Whether an engine gives the container a second interface, on docker_gwbridge, for want of a default route. */
export function getsGatewayBridge({ Gateway, StaticRoutes, DisableGatewayService }: WireJoinAnswer): boolean {
  const hasDefault = StaticRoutes.some(({ Destination }) => Destination === '0.0.0.0/0')
  return Gateway === '' && !hasDefault && !DisableGatewayService
}

export function isCidr(text: string): boolean {
  try {
    parseCidr(text)
    return true
  } catch {
    return false
  }
}
