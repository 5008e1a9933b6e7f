import type { Firewall, FirewallItem } from '../../firewall/firewall.ts'
import { openFirewall } from '../../firewall/open-firewall.ts'
import type { NetworkHost } from '../../network-host.ts'
import { PortPublisher } from '../../ports/port-publisher.ts'
import type { BridgeDriverOptions } from './bridge-driver.ts'
import { BridgeRecords } from './bridge-records.ts'
import { EndpointLinks } from './endpoint-links.ts'
import { endpointItems, familiesOf, networkItems, publicationItems } from './firewall-items.ts'
import { ConnectionForgetter } from './forget-connections.ts'
import { HostSettings } from './host-settings.ts'

/** What the parts of a bridge driver share. */
export interface BridgeParts {
  readonly host: NetworkHost
  readonly records: BridgeRecords
  readonly settings: HostSettings
  readonly firewall: Firewall
  readonly links: EndpointLinks
  readonly ports: PortPublisher
  readonly connections: ConnectionForgetter
  readonly tag: string
  readonly layout: 'docker20' | 'docker28'
  readonly macFromAddress: boolean
  readonly hasProxy: boolean
}

export function bridgeParts(options: BridgeDriverOptions): BridgeParts {
  const { host, stateFolder, firewall, userlandProxy, tag } = options
  const records = new BridgeRecords(stateFolder)
  const settings = new HostSettings(host, records)
  return {
    host,
    records,
    settings,
    firewall: openFirewall(host, {
      settings: firewall,
      hairpin: userlandProxy === undefined,
      memory: records.firewallMemory,
      existing: allItems(records, settings),
    }),
    links: new EndpointLinks(host),
    ports: new PortPublisher(host, userlandProxy),
    connections: new ConnectionForgetter(host),
    tag,
    layout: firewall.layout,
    macFromAddress: options.macFromAddress ?? firewall.layout === 'docker20',
    hasProxy: userlandProxy !== undefined,
  }
}

/** Everything that has rules, in the order in which they are put. */
export function allItems(records: BridgeRecords, settings: HostSettings): FirewallItem[] {
  const networks = records.networks()
  const byId = new Map(networks.map((network) => [network.id, network]))
  const families = [...new Set(networks.flatMap((network) => familiesOf(network.settings)))]
  return [
    ...families.flatMap((family) => baseItems(family, settings)),
    ...networks.flatMap(networkItems),
    ...records.endpoints().flatMap((endpoint) => {
      const network = byId.get(endpoint.networkId)
      if (!network) return []
      return [...endpointItems(network, endpoint), ...publicationItems(network, endpoint.publication)]
    }),
  ]
}

/** What a family needs before its first network. */
export function baseItems(family: 'ip' | 'ip6', settings: HostSettings): FirewallItem[] {
  const drop: FirewallItem[] = settings.hasBegunToForward(family) ? [{ kind: 'forwardDrop', family }] : []
  return [{ kind: 'base', family }, ...drop]
}
