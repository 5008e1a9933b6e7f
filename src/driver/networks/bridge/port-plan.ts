import { TsnetError } from '../../../errors.ts'
import type { PortRules } from '../../firewall/firewall.ts'
import type { PortBinding } from '../../network-driver.ts'
import type { PublishRequest, PublishWay } from '../../ports/port-publisher.ts'
import type { BridgeSettings } from './bridge-settings.ts'
import { canonicalAddress } from './canonical-address.ts'

/** Who publishes ports, and where. */
export interface Publisher {
  readonly settings: BridgeSettings
  /** Plain. */
  readonly ipv4?: string
  readonly ipv6?: string
  /** A proxy can carry connections to `::` on to an IPv4 address. */
  readonly hasProxy: boolean
}

export interface PortPlan {
  readonly requests: readonly PublishRequest[]
  /** Of routed networks: reachable at the container's own address, nothing is taken from the host. */
  readonly opened: readonly PortRules[]
}

const EVERY4 = '0.0.0.0'
const EVERY6 = '::'

/** @throws TsnetError `usage` for a host address of a family that the container has not */
export function planPorts(bindings: readonly PortBinding[], publisher: Publisher): PortPlan {
  const plans = bindings.map((binding) => planPort(binding, publisher))
  return {
    requests: plans.flatMap(({ request }) => (request ? [request] : [])),
    opened: plans.flatMap(({ opened }) => opened),
  }
}

const MAX_PORT = 65_535

function planPort(
  binding: PortBinding,
  publisher: Publisher,
): { request: PublishRequest | undefined; opened: readonly PortRules[] } {
  const { protocol, port, hostPort, hostPortEnd } = binding
  const isPossible = [port, hostPort, hostPortEnd].every((one) => Number.isInteger(one) && one >= 0 && one <= MAX_PORT)
  if (!isPossible || port === 0 || hostPortEnd < hostPort) {
    throw new TsnetError('usage', `publish: ports ${hostPort}-${hostPortEnd} to ${port} cannot be`)
  }
  const all = waysOf(binding, publisher)
  const ways = all.filter(({ containerAddress }) => !isRouted(containerAddress, publisher.settings))
  const opened = all.flatMap(({ containerAddress }) =>
    isRouted(containerAddress, publisher.settings)
      ? [{ protocol, hostAddress: everyLike(containerAddress), hostPort: 0, containerAddress, containerPort: port }]
      : [],
  )
  return {
    request: ways.length === 0 ? undefined : { protocol, containerPort: port, hostPort, hostPortEnd, ways },
    opened,
  }
}

function waysOf({ hostAddress }: PortBinding, publisher: Publisher): PublishWay[] {
  const { settings, ipv4, ipv6, hasProxy } = publisher
  if (hostAddress !== undefined && hostAddress !== '') return [wayFor(hostAddress, publisher)]
  const host4 = settings.hostBinding
  const way4 = ipv4 === undefined ? [] : [{ hostAddress: host4, containerAddress: ipv4 }]
  // somebody who wants ports on one IPv4 address does not want them on every IPv6 one
  if (host4 !== EVERY4) return way4
  const behind6 = ipv6 ?? (hasProxy && !isRouted(ipv4, settings) ? ipv4 : undefined)
  return behind6 === undefined ? way4 : [...way4, { hostAddress: EVERY6, containerAddress: behind6 }]
}

function wayFor(given: string, { ipv4, ipv6, hasProxy }: Publisher): PublishWay {
  const hostAddress = canonicalAddress(given)
  const isV6 = hostAddress.includes(':')
  const containerAddress = isV6 ? (ipv6 ?? (hasProxy ? ipv4 : undefined)) : ipv4
  if (containerAddress !== undefined) return { hostAddress, containerAddress }
  throw new TsnetError('usage', `publish on ${hostAddress}: the container has no address that it can lead to`)
}

function isRouted(containerAddress: string | undefined, { ipv4, ipv6 }: BridgeSettings): boolean {
  if (containerAddress === undefined) return false
  return (containerAddress.includes(':') ? ipv6 : ipv4)?.mode === 'routed'
}

function everyLike(address: string): string {
  return address.includes(':') ? EVERY6 : EVERY4
}
