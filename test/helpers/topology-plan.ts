import type { Random } from './topology-random.ts'

/** What the kernel can make, as probed: link kinds (`ip link add type …`) and set types. */
export interface Capabilities {
  readonly linkKinds: ReadonlySet<string>
}

/** A link as far as the later steps need it. */
export interface PlannedLink {
  readonly name: string
  readonly kind: string
  readonly up: boolean
  readonly master?: string
  /** Number of its own subnets, 10.NAMESPACE.SUBNET.0/24 and fd00:NAMESPACE:SUBNET::/64; absent = no address. */
  readonly subnet?: number
}

/** One namespace: what is fed to each tool, in the order of the fields. */
export interface NamespacePlan {
  readonly name: string
  readonly position: number
  readonly links: readonly PlannedLink[]
  /** Lines for `ip -batch`; those that begin with `-6 ` for `ip -6 -batch`, after the others. */
  readonly makeLinks: readonly string[]
  readonly stackLinks: readonly string[]
  readonly setLinks: readonly string[]
  readonly addresses: readonly string[]
  readonly routes: readonly string[]
  readonly neighbours: readonly string[]
  /** Lines for `bridge -batch`. */
  readonly fdb: readonly string[]
  /** Lines for `tc -batch`. */
  readonly trafficControl: readonly string[]
  readonly firewall: FirewallPlan
  readonly sockets: SocketPlan
  /** Name (with dots) → value. */
  readonly sysctls: Readonly<Record<string, string>>
}

export interface FirewallPlan {
  /** For `ipset restore`. */
  readonly ipsets: readonly string[]
  /** For `nft -f -`. */
  readonly nft: readonly string[]
  /** Save tool's format → for `iptables-nft-restore` and so on; absent = that back end is not used. */
  readonly iptables: Partial<Record<IptablesVariant, readonly string[]>>
  /** Arguments of `conntrack -I`, one array an entry. */
  readonly conntrack: readonly (readonly string[])[]
}

export type IptablesVariant = 'iptables-nft' | 'ip6tables-nft' | 'iptables-legacy' | 'ip6tables-legacy'

export interface SocketPlan {
  /** [address, port] to listen on. */
  readonly tcp: readonly (readonly [string, number])[]
  readonly udp: readonly (readonly [string, number])[]
  /** Abstract or path names. */
  readonly unix: readonly string[]
  /** Ports of 127.0.0.1 that get one established connection. */
  readonly connect: readonly number[]
}

export interface TopologyPlan {
  readonly seed: number
  readonly namespaces: readonly NamespacePlan[]
}

/** What one step of the planning knows. */
export interface PlanContext {
  readonly random: Random
  readonly position: number
  readonly names: readonly string[]
  readonly capabilities: Capabilities
}

export function subnet4(position: number, subnet: number): string {
  return `10.${position + 1}.${subnet}`
}

export function subnet6(position: number, subnet: number): string {
  return `fd00:${position + 1}:${subnet}:`
}

/** Links that carry addresses and are up, so that routes over them are valid. */
export function routable(links: readonly PlannedLink[]): (PlannedLink & { readonly subnet: number })[] {
  return links.filter((link): link is PlannedLink & { readonly subnet: number } => link.up && link.subnet !== undefined)
}
