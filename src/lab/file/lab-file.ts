import type { CheckEntry } from '../../checks/file/read-check.ts'

/**
 * A lab as people write it, after the schema (docs/lab.schema.json) has let it through. Short forms and long forms
 * stand side by side here; `topology.ts` is what remains when they are read.
 */
export interface LabFile {
  readonly name: string
  readonly description?: string
  readonly docker?: DockerEntry
  readonly segments?: Entries<SegmentEntry>
  readonly hosts: Entries<NodeEntry>
  readonly routers?: Entries<NodeEntry>
  readonly links?: readonly LinkEntry[]
  readonly networks?: Entries<NetworkEntry>
  readonly containers?: Entries<ContainerEntry>
  readonly services?: Entries<ServiceEntry>
  readonly checks?: readonly CheckEntry[]
}

/** `h1:` with nothing behind it is an entry of which everything is left out. */
export type Entries<T> = Readonly<Record<string, T | null>>
type Scalar = string | number | boolean
/** A map, or a list of `KEY=VALUE` as in Compose. */
export type Settings = Readonly<Record<string, Scalar | null>> | readonly string[]
export type OneOrMore = string | readonly string[]

export interface DockerEntry {
  readonly layout?: 20 | 28
  readonly backend?: 'iptables' | 'nft'
  readonly userland_proxy?: boolean
  readonly dns?: boolean
}

export interface ShapingEntry {
  readonly rate?: string
  readonly delay?: string
  readonly loss?: string
}

export interface SegmentEntry {
  readonly subnet?: OneOrMore
  readonly gateway?: OneOrMore
  readonly mtu?: number
}

export interface NodeEntry {
  readonly segments?: readonly string[] | Entries<string | AttachmentEntry>
  readonly routes?: readonly (string | RouteEntry)[]
  readonly sysctls?: Settings
  readonly firewall?: readonly string[]
  readonly firewall_v6?: readonly string[]
  /** Hosts only. */
  readonly docker?: DockerEntry
  /** Hosts only. */
  readonly expose?: ExposeEntry
}

export interface AttachmentEntry extends ShapingEntry {
  readonly address?: OneOrMore
  readonly interface?: string
  readonly mac_address?: string
  readonly mtu?: number
  readonly vlans?: Readonly<Record<string, OneOrMore | null>>
}

export interface RouteEntry {
  readonly to: string
  readonly via?: string
  readonly dev?: string
  readonly metric?: number
  readonly type?: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit'
}

export interface ExposeEntry {
  readonly address: OneOrMore
  readonly peer: OneOrMore
}

export interface LinkEntry extends ShapingEntry {
  readonly ends: readonly (string | LinkEndEntry)[]
  readonly mtu?: number
}

export interface LinkEndEntry {
  readonly node: string
  readonly interface?: string
  readonly address?: OneOrMore
  readonly mac_address?: string
}

export interface PoolEntry {
  readonly subnet?: string
  readonly gateway?: string
  readonly ip_range?: string
  readonly aux_addresses?: Readonly<Record<string, string>>
}

export interface NetworkEntry extends PoolEntry {
  readonly driver?: NetworkDriverName
  readonly host?: OneOrMore
  readonly ipam?: { readonly config?: readonly PoolEntry[] }
  readonly internal?: boolean
  /** Overlay only. */
  readonly encrypted?: boolean
  readonly ipv6?: boolean
  readonly dns?: boolean
  readonly options?: Readonly<Record<string, Scalar>>
  readonly driver_opts?: Readonly<Record<string, Scalar>>
}

export const NETWORK_DRIVERS = ['bridge', 'overlay', 'macvlan', 'ipvlan', 'host', 'none'] as const
export type NetworkDriverName = (typeof NETWORK_DRIVERS)[number]

export interface ContainerEntry {
  readonly host?: string
  readonly hostname?: string
  readonly networks?: readonly string[] | Entries<EndpointEntry>
  readonly ports?: readonly (string | number | PortEntry)[]
  readonly expose?: readonly (string | number)[]
  readonly links?: readonly string[]
  readonly sysctls?: Settings
  readonly environment?: Settings
  readonly workload?: WorkloadKind | WorkloadEntry
  readonly command?: readonly string[]
  readonly dns?: OneOrMore
  readonly dns_search?: OneOrMore
  readonly dns_opt?: OneOrMore
  /** Of its links, inside. */
  readonly mtu?: number
  readonly depends_on?: readonly string[]
}

/** What `docker service create` takes, as far as a task is a container. */
export interface ServiceEntry
  extends Omit<ContainerEntry, 'host' | 'hostname' | 'ports' | 'links' | 'expose' | 'depends_on'> {
  /** Of its tasks, one after the other. */
  readonly host?: OneOrMore
  readonly replicas?: number
  readonly endpoint_mode?: 'vip' | 'dnsrr'
  readonly ports?: ContainerEntry['ports']
}

export interface EndpointEntry {
  readonly ipv4_address?: string
  readonly ipv6_address?: string
  readonly mac_address?: string
  readonly aliases?: readonly string[]
  readonly interface?: string
  readonly priority?: number
  readonly driver_opts?: Readonly<Record<string, Scalar>>
}

export interface PortEntry {
  readonly target: number
  readonly published?: number | string
  readonly host_ip?: string
  readonly protocol?: 'tcp' | 'udp' | 'sctp'
}

export const WORKLOADS = ['http', 'echo', 'kv', 'web'] as const
export type WorkloadKind = (typeof WORKLOADS)[number]

export interface WorkloadEntry {
  readonly kind: WorkloadKind
  readonly port?: number
}
