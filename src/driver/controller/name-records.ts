import type { DnsNetwork, DnsRecord } from '../dns/dns-network.ts'
import type { DnsSettings, Endpoint, Network, Sandbox } from '../model.ts'
import { inGatewayOrder } from '../sandbox/gateway-choice.ts'
import { attachmentOf } from './attachments.ts'

/** Everything that the embedded DNS of each sandbox is to answer. */
export interface NameRecords {
  /** By the network's id. */
  readonly networks: Readonly<Record<string, DnsNetwork>>
  readonly sandboxes: readonly SandboxNames[]
}

/** A sandbox that has the embedded DNS, on 127.0.0.11. */
export interface SandboxNames {
  readonly id: string
  readonly name: string
  /** Path of its nsfs file. */
  readonly namespace: string
  readonly dns: DnsSettings
  readonly dnsPorts?: { readonly udp: number; readonly tcp: number }
  /** In the order in which they are searched. */
  readonly attachments: readonly NameAttachment[]
  /** Whether one of its networks leads outside, so that other servers may be asked by way of the host. */
  readonly forward: boolean
}

export interface NameAttachment {
  /** Id of the network. */
  readonly network: string
  /** `--link`: alias → name, for this sandbox alone. */
  readonly links: Readonly<Record<string, string>>
}

/** Their containers have the host's name servers (CNM: default bridge, host, none). */
const DRIVERS_WITHOUT_NAMES: readonly string[] = ['host', 'none', 'null']
const DEFAULT_BRIDGE_OPTION = 'com.docker.network.bridge.default_bridge'
const SHORT_ID_DIGITS = 12

/**
 * The names of each network (container, aliases and short id of every endpoint) and who may ask for them. Networks
 * without embedded DNS are left out, and so are sandboxes that have no other ones.
 */
export function nameRecords(
  networks: readonly Network[],
  sandboxes: readonly Sandbox[],
  endpoints: readonly Endpoint[],
): NameRecords {
  const served = new Map(networks.filter(hasNames).map((network) => [network.id, network]))
  const sandboxesById = new Map(sandboxes.map((sandbox) => [sandbox.id, sandbox]))
  const records = new Map<string, DnsRecord[]>([...served.keys()].map((id) => [id, []]))
  const attached = new Map<string, { readonly network: Network; readonly endpoint: Endpoint }[]>()
  for (const endpoint of endpoints) {
    const network = served.get(endpoint.network)
    const sandbox = sandboxesById.get(endpoint.sandbox)
    if (!network || !sandbox || endpoint.state !== 'ready') continue
    records.get(network.id)?.push(recordOf(sandbox, endpoint))
    attached.set(sandbox.id, [...(attached.get(sandbox.id) ?? []), { network, endpoint }])
  }
  return {
    networks: Object.fromEntries([...served.values()].map((each) => [each.id, dnsNetwork(each, records)])),
    sandboxes: sandboxes.flatMap((sandbox) => {
      const found = attached.get(sandbox.id)
      return found ? [namesOf(sandbox, found)] : []
    }),
  }
}

function hasNames({ driver, config }: Network): boolean {
  return !DRIVERS_WITHOUT_NAMES.includes(driver) && config.options[DEFAULT_BRIDGE_OPTION] !== 'true'
}

function dnsNetwork({ id, name, scope, config }: Network, records: ReadonlyMap<string, DnsRecord[]>): DnsNetwork {
  const kind = scope === 'global' ? 'dynamic' : 'local'
  return { name, kind, enableIpv6: config.enableIpv6, records: records.get(id) ?? [] }
}

function recordOf({ id, name }: Sandbox, { aliases, interface: link }: Endpoint): DnsRecord {
  const cidrs = [link.address, link.addressIpv6].filter((cidr) => cidr !== undefined)
  return {
    names: [...new Set([name, ...aliases, id.slice(0, SHORT_ID_DIGITS)])],
    addresses: cidrs.map((cidr) => cidr.replace(/\/.*/, '')),
    pointer: name,
  }
}

function namesOf(
  sandbox: Sandbox,
  attached: readonly { readonly network: Network; readonly endpoint: Endpoint }[],
): SandboxNames {
  const ordered = inGatewayOrder(attached.map(({ network, endpoint }) => attachmentOf(endpoint, network)))
  const dynamicFirst = [...ordered].sort(
    (a, b) => Number(b.network.scope === 'global') - Number(a.network.scope === 'global'),
  )
  return {
    id: sandbox.id,
    name: sandbox.name,
    namespace: sandbox.path,
    dns: sandbox.dns,
    ...(sandbox.dnsPorts === undefined ? {} : { dnsPorts: sandbox.dnsPorts }),
    attachments: dynamicFirst.map(({ network, endpoint }) => ({
      network: network.id,
      links: Object.fromEntries(endpoint.links.map((link) => [link.alias, link.sandbox])),
    })),
    forward: attached.some(({ network }) => !network.config.internal),
  }
}
