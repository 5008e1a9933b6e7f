import type { FirewallItem, NetworkRules, PortRules } from '../../firewall/firewall.ts'
import type { Family } from '../../firewall/rule.ts'
import type { EndpointRecord, NetworkRecord, Publication } from './bridge-records.ts'
import type { BridgeSettings } from './bridge-settings.ts'

/** The families that a network has. */
export function familiesOf({ ipv4, ipv6 }: BridgeSettings): Family[] {
  return [...(ipv4 ? ['ip' as const] : []), ...(ipv6 ? ['ip6' as const] : [])]
}

export function networkRules(settings: BridgeSettings, family: Family): NetworkRules | undefined {
  const part = family === 'ip' ? settings.ipv4 : settings.ipv6
  if (!part) return undefined
  const { bridge, icc, internal, masquerade, trustedInterfaces } = settings
  const { subnet, mode, snatTo } = part
  return {
    family,
    bridge,
    subnet,
    icc,
    internal,
    masquerade,
    ...(snatTo === undefined ? {} : { snatTo }),
    mode,
    trustedInterfaces,
  }
}

export function networkItems({ settings }: NetworkRecord): FirewallItem[] {
  return rulesOf(settings).map((network) => ({ kind: 'network', network }))
}

export function endpointItems({ settings }: NetworkRecord, endpoint: EndpointRecord): FirewallItem[] {
  return rulesOf(settings).flatMap((network): FirewallItem[] => {
    const address = addressOf(endpoint, network.family)
    return address === undefined ? [] : [{ kind: 'endpoint', network, address }]
  })
}

/** Ports that only a proxy carries from one family to the other have none. */
export function publicationItems({ settings }: NetworkRecord, publication: Publication | undefined): FirewallItem[] {
  if (!publication) return []
  const ports: PortRules[] = [...publication.published, ...publication.opened]
  return rulesOf(settings).flatMap((network) =>
    ports
      .filter(({ hostAddress, containerAddress }) => [hostAddress, containerAddress].every(isOf(network.family)))
      .map((port): FirewallItem => ({ kind: 'port', network, port })),
  )
}

/** Plain; undefined = it has none of that family. */
export function addressOf({ address, addressIpv6 }: EndpointRecord, family: Family): string | undefined {
  return (family === 'ip' ? address : addressIpv6)?.split('/')[0]
}

/** Plain, of both families. */
export function addressesOf(endpoint: EndpointRecord): readonly string[] {
  return (['ip', 'ip6'] as const).flatMap((family) => addressOf(endpoint, family) ?? [])
}

function rulesOf(settings: BridgeSettings): NetworkRules[] {
  return familiesOf(settings).flatMap((family) => networkRules(settings, family) ?? [])
}

function isOf(family: Family): (address: string) => boolean {
  return (address) => address.includes(':') === (family === 'ip6')
}
