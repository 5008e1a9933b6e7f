import {
  type FirewallItem,
  type FirewallSettings,
  isEveryAddress,
  isLoopback,
  type NetworkRules,
  type PortRules,
  socketText,
} from './firewall.ts'
import type { NftChain, NftTable } from './nft-table.ts'
import type { Family } from './rule.ts'

export interface NftLayoutSettings extends Pick<FirewallSettings, 'layout' | 'chainPrefix' | 'comment'> {
  /** No userland proxy. */
  readonly hairpin: boolean
}

interface Context extends NftLayoutSettings {
  readonly family: Family
}

interface BridgeContent {
  readonly network: NetworkRules
  readonly endpoints: readonly string[]
  readonly ports: readonly PortRules[]
}

const ESTABLISHED = 'ct state established,related counter accept'

/** `docker-bridges`, or after another prefix. */
export function nftTableName(chainPrefix: string): string {
  return `${chainPrefix.toLowerCase()}-bridges`
}

/**
 * The table in which Docker Engine 29 keeps the rules of one family; undefined when nothing of it is there. With the
 * layout of 20.10 the same table behaves as the rules of that engine do: networks are kept apart from each other, but
 * containers can be addressed from outside past the published ports.
 */
export function docker29(
  settings: NftLayoutSettings,
  family: Family,
  items: readonly FirewallItem[],
): NftTable | undefined {
  if (!items.some((item) => item.kind === 'base' && item.family === family)) return undefined
  const context = { ...settings, family }
  const bridges = contentOf(family, items)
  const policy = items.some((item) => item.kind === 'forwardDrop' && item.family === family) ? 'drop' : 'accept'
  const jumps = (chain: string): ReadonlyMap<string, string> =>
    new Map(bridges.map(({ network: { bridge } }) => [bridge, `${chain}__${bridge}`]))
  const { comment } = settings
  return {
    family,
    name: nftTableName(settings.chainPrefix),
    ...(comment === undefined ? {} : { comment }),
    maps: new Map(PER_BRIDGE.map(({ chain }) => [`${chain}-jumps`, jumps(chain)])),
    chains: new Map([
      ...PER_BRIDGE.flatMap(({ chain, rules }) =>
        bridges.map((bridge): [string, NftChain] => [
          `${chain}__${bridge.network.bridge}`,
          { rules: rules(context, bridge, bridges) },
        ]),
      ),
      ...hooks(context, bridges, policy),
    ]),
  }
}

const PER_BRIDGE = [
  { chain: 'filter-forward-in', rules: forwardIn },
  { chain: 'filter-forward-out', rules: forwardOut },
  { chain: 'nat-postrouting-in', rules: postroutingIn },
  { chain: 'nat-postrouting-out', rules: postroutingOut },
] as const

function contentOf(family: Family, items: readonly FirewallItem[]): BridgeContent[] {
  const networks = items.flatMap((item) =>
    item.kind === 'network' && item.network.family === family ? [item.network] : [],
  )
  return networks.map((network) => ({
    network,
    endpoints: items.flatMap((item) => (item.kind === 'endpoint' && isOf(item.network, network) ? [item.address] : [])),
    ports: items.flatMap((item) => (item.kind === 'port' && isOf(item.network, network) ? [item.port] : [])),
  }))
}

function isOf(one: NetworkRules, network: NetworkRules): boolean {
  return one.bridge === network.bridge && one.family === network.family
}

/** Base chains, and what they share. */
function hooks(context: Context, bridges: readonly BridgeContent[], policy: string): [string, NftChain][] {
  const { family, hairpin } = context
  const translate = 'fib daddr type local counter jump nat-prerouting-and-output'
  const elsewhere = family === 'ip' ? 'ip daddr != 127.0.0.0/8' : 'ip6 daddr != ::1'
  return [
    ['nat-prerouting-and-output', { rules: bridges.flatMap((bridge) => translations(context, bridge)) }],
    [
      'filter-FORWARD',
      {
        hook: `type filter hook forward priority 0; policy ${policy};`,
        rules: ['oifname vmap @filter-forward-in-jumps', 'iifname vmap @filter-forward-out-jumps'],
      },
    ],
    [
      'nat-OUTPUT',
      {
        hook: 'type nat hook output priority -100; policy accept;',
        rules: [hairpin ? translate : `${elsewhere} ${translate}`],
      },
    ],
    [
      'nat-POSTROUTING',
      {
        hook: 'type nat hook postrouting priority 100; policy accept;',
        rules: ['iifname vmap @nat-postrouting-out-jumps', 'oifname vmap @nat-postrouting-in-jumps'],
      },
    ],
    ['nat-PREROUTING', { hook: 'type nat hook prerouting priority -100; policy accept;', rules: [translate] }],
    [
      'raw-PREROUTING',
      {
        hook: 'type filter hook prerouting priority -300; policy accept;',
        rules: context.layout === 'docker20' ? [] : bridges.flatMap((bridge) => guards(context, bridge)),
      },
    ],
  ]
}

function commented(rule: string, comment: string): string {
  return `${rule} comment "${comment}"`
}

/** What enters a bridge. */
function forwardIn(context: Context, { network, ports }: BridgeContent, all: readonly BridgeContent[]): string[] {
  const { family, layout } = context
  const { bridge, icc, internal, mode } = network
  const between = icc ? 'accept' : 'drop'
  const others = all.flatMap((other) => (other.network.bridge === bridge ? [] : [`"${other.network.bridge}"`]))
  const isolated = layout === 'docker20' && !internal && others.length > 0
  const icmp = family === 'ip' ? 'ip protocol icmp' : 'meta l4proto ipv6-icmp'
  const isolation = isolated ? [commented(`iifname { ${others.join(', ')} } counter drop`, 'ISOLATION')] : []
  if (internal) {
    return [
      ESTABLISHED,
      commented(`iifname != "${bridge}" counter drop`, 'INTERNAL NETWORK INGRESS'),
      commented(`counter ${between}`, 'ICC'),
    ]
  }
  return [
    ...isolation,
    ESTABLISHED,
    ...(mode === 'routed' ? [commented(`${icmp} counter accept`, 'ICMP')] : []),
    commented(`iifname "${bridge}" counter ${between}`, 'ICC'),
    ...(mode === 'nat-unprotected' ? [] : unique(ports.map((port) => `${toContainer(family, port)} counter accept`))),
    ...unpublished(context, network),
  ]
}

function unpublished({ layout }: Context, { mode }: NetworkRules): string[] {
  if (mode === 'nat-unprotected') return [commented('counter accept', 'UNPROTECTED')]
  return layout === 'docker20' ? [] : [commented('counter drop', 'UNPUBLISHED PORT DROP')]
}

/** What leaves a bridge. */
function forwardOut(_: Context, { network: { bridge, internal } }: BridgeContent): string[] {
  const verdict = internal
    ? commented(`oifname != "${bridge}" counter drop`, 'INTERNAL NETWORK EGRESS')
    : commented('counter accept', 'OUTGOING')
  return [ESTABLISHED, verdict]
}

function postroutingOut({ family }: Context, { network }: BridgeContent): string[] {
  const { bridge, subnet, internal, masquerade, mode } = network
  if (internal || !masquerade || mode === 'routed') return []
  const { verdict, comment } = sourceNat(network)
  return [commented(`oifname != "${bridge}" ${family} saddr ${subnet} counter ${verdict}`, comment)]
}

function postroutingIn({ family, hairpin, layout }: Context, { network, ports }: BridgeContent): string[] {
  if (network.internal) return []
  const { verdict, comment } = sourceNat(network)
  const own = ports
    .filter(({ hostPort }) => hostPort !== 0)
    .map((port) => {
      const match = `${family} saddr ${port.containerAddress} ${toContainer(family, port)}`
      return commented(`${match} counter masquerade`, 'MASQ TO OWN PORT')
    })
  return [
    ...(hairpin ? [commented(`fib saddr type local counter ${verdict}`, `${comment} FROM HOST`)] : []),
    ...(hairpin || layout === 'docker20' ? unique(own) : []),
  ]
}

function sourceNat({ snatTo }: NetworkRules): { readonly verdict: string; readonly comment: string } {
  return snatTo === undefined
    ? { verdict: 'masquerade', comment: 'MASQUERADE' }
    : { verdict: `snat to ${snatTo}`, comment: 'SNAT' }
}

function translations({ family, hairpin }: Context, { network, ports }: BridgeContent): string[] {
  return ports
    .filter(({ hostPort }) => hostPort !== 0)
    .map(({ protocol, hostAddress, hostPort, containerAddress, containerPort }) => {
      const match = [
        ...(hairpin ? [] : [`iifname != "${network.bridge}"`]),
        ...(family === 'ip6' ? ['ip6 saddr != fe80::/10'] : []),
        ...(isEveryAddress(hostAddress) ? [] : [`${family} daddr ${hostAddress}`]),
        `${protocol} dport ${hostPort}`,
      ]
      return commented(`${match.join(' ')} counter dnat to ${socketText(containerAddress, containerPort)}`, 'DNAT')
    })
}

/** What is kept out before anything is translated. */
function guards({ family }: Context, { network, endpoints, ports }: BridgeContent): string[] {
  const { bridge, internal, mode, trustedInterfaces } = network
  const direct = internal || mode !== 'nat' ? [] : endpoints
  const loopback = ports.filter(
    ({ hostAddress, hostPort }) => family === 'ip' && hostPort !== 0 && isLoopback(hostAddress),
  )
  return [
    ...direct.flatMap((address) => [
      ...trustedInterfaces.map((name) => `${family} daddr ${address} iifname "${name}" counter accept`),
      commented(`${family} daddr ${address} iifname != "${bridge}" counter drop`, 'DROP DIRECT ACCESS'),
    ]),
    ...loopback.map(({ protocol, hostAddress, hostPort }) =>
      commented(
        `iifname != "lo" ip daddr ${hostAddress} ${protocol} dport ${hostPort} counter drop`,
        'DROP REMOTE LOOPBACK',
      ),
    ),
  ]
}

function toContainer(family: Family, { protocol, containerAddress, containerPort }: PortRules): string {
  return `${family} daddr ${containerAddress} ${protocol} dport ${containerPort}`
}

function unique(rules: readonly string[]): string[] {
  return [...new Set(rules)]
}
