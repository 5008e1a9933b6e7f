import type { TransportProtocol } from '../network-driver.ts'
import type { Family } from './rule.ts'

export interface FirewallSettings {
  /** Which engine's rules: 20.10 to 27.x, or 28.x. */
  readonly layout: 'docker20' | 'docker28'
  readonly backend: 'iptables' | 'nft'
  /**
   * `DOCKER` where no engine is, so that the rules are those of one; another word beside an engine, whose chains then
   * are its own.
   */
  readonly chainPrefix: string
  /** Comment on rules in chains that are not ours: `tsnet:pets`. */
  readonly comment?: string
}

/** One address family of a bridge network. */
export interface NetworkRules {
  readonly family: Family
  readonly bridge: string
  /** CIDR. */
  readonly subnet: string
  /** Whether its containers may talk to each other. */
  readonly icc: boolean
  /** Nothing in or out. */
  readonly internal: boolean
  readonly masquerade: boolean
  /** Source address instead of masquerading. */
  readonly snatTo?: string
  readonly mode: GatewayMode
  /** Links of the host from which containers may be addressed directly (28). */
  readonly trustedInterfaces: readonly string[]
}

/**
 * `nat` translates published ports and keeps the rest out, `nat-unprotected` lets the rest in, `routed` opens the
 * published ports without translation, `isolated` gives the host no address in the network.
 */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated'

/** A published port; addresses plain and of one family. */
export interface PortRules {
  readonly protocol: TransportProtocol
  /** `0.0.0.0` or `::`: every one. */
  readonly hostAddress: string
  /** 0 = opened, not translated. */
  readonly hostPort: number
  readonly containerAddress: string
  readonly containerPort: number
}

/** Something that has rules. */
export type FirewallItem =
  /** The chains that the rest lives in: before the first network of a family, gone after the last. */
  | { readonly kind: 'base'; readonly family: Family }
  /** What is forwarded is dropped unless a rule takes it. */
  | { readonly kind: 'forwardDrop'; readonly family: Family }
  | { readonly kind: 'network'; readonly network: NetworkRules }
  | { readonly kind: 'endpoint'; readonly network: NetworkRules; readonly address: string }
  | { readonly kind: 'port'; readonly network: NetworkRules; readonly port: PortRules }

/** The packet filter of one namespace, as far as it concerns bridge networks. */
export interface Firewall {
  /**
   * Puts the rules of the items there, in this order; those that exist are left alone. All or nothing.
   *
   * @throws TsnetError `unsupported` without the tool, `failed` when the kernel refuses
   */
  add(items: readonly FirewallItem[]): Promise<void>
  /** The opposite: no error for what is not there. */
  remove(items: readonly FirewallItem[]): Promise<void>
  /** What was written is looked for again with the next change: somebody else may have removed it. */
  forget(): void
}

/** What was changed besides rules and must be known after a restart, so that it can be undone. */
export interface FirewallMemory {
  read(): FirewallMemoryContent
  write(content: Partial<FirewallMemoryContent>): void
}

export interface FirewallMemoryContent {
  /** `ip nat`: tables of iptables that were not there before. */
  readonly tables: readonly string[]
  /** Families whose policy of FORWARD was ACCEPT before. */
  readonly policies: readonly Family[]
}

export function itemFamily(item: FirewallItem): Family {
  return 'network' in item ? item.network.family : item.family
}

export function isIpv6(address: string): boolean {
  return address.includes(':')
}

export function isEveryAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** `10.0.0.2:80`, `[fd00::2]:80`. */
export function socketText(address: string, port: number): string {
  return isIpv6(address) ? `[${address}]:${port}` : `${address}:${port}`
}
