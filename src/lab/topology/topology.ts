import type { Check } from '../../checks/file/check.ts'
import type { Path } from '../../model/file/problem.ts'
import type { NetworkDriverName, WorkloadKind } from '../file/lab-file.ts'

/**
 * A lab as written, in one form: short forms spelled out, lists and maps alike, what is inherited from above in its
 * place. Nothing is chosen yet (addresses, interface names): that is the resolved lab. `at` is where it stands.
 */
export interface LabTopology {
  readonly name: string
  readonly description?: string
  readonly segments: readonly SegmentSpec[]
  readonly nodes: readonly NodeSpec[]
  readonly links: readonly LinkSpec[]
  /** Those of the file, and of Docker's own ones (bridge, host, none) those that a container uses. */
  readonly networks: readonly NetworkSpec[]
  /** Those of the file, tasks of services, and load balancers. */
  readonly containers: readonly ContainerSpec[]
  readonly services: readonly ServiceSpec[]
  readonly checks: readonly CheckSpec[]
}

interface Written {
  readonly at: Path
}

export interface SegmentSpec extends Written {
  readonly name: string
  /** CIDR, one a family. */
  readonly subnets: readonly string[]
  /** Plain addresses, one a family. */
  readonly gateways: readonly string[]
  readonly mtu?: number
}

/** A machine of the lab: one that containers run on, or one that only forwards. */
export interface NodeSpec extends Written {
  readonly kind: 'host' | 'router'
  readonly name: string
  readonly docker: DockerSettings
  readonly attachments: readonly AttachmentSpec[]
  readonly routes: readonly RouteSpec[]
  readonly sysctls: Readonly<Record<string, string>>
  readonly firewall: readonly FirewallSpec[]
  readonly expose?: ExposeSpec
}

export interface DockerSettings {
  /** Rules as Docker 20.10 to 27, or as Docker 28. */
  readonly layout: 20 | 28
  readonly backend: 'iptables' | 'nft'
  readonly userlandProxy: boolean
  readonly dns: boolean
}

/** Of a link, in each direction. */
export interface Shaping {
  /** Bits a second. */
  readonly rate?: number
  readonly delayUs?: number
  /** From 0 to 1. */
  readonly loss?: number
}

export interface AttachmentSpec extends Written {
  readonly segment: string
  /** CIDRs with the host's own address: 192.168.0.2/24. */
  readonly addresses: readonly string[]
  readonly interface?: string
  readonly mac?: string
  readonly mtu?: number
  readonly shaping: Shaping
  readonly vlans: readonly VlanSpec[]
}

export interface VlanSpec extends Written {
  readonly id: number
  readonly addresses: readonly string[]
}

export interface RouteSpec extends Written {
  /** CIDR or `default`. */
  readonly to: string
  readonly via?: string
  readonly dev?: string
  readonly metric?: number
  readonly type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit'
}

export interface FirewallSpec extends Written {
  readonly family: 4 | 6
  readonly table: string
  /** `-A FORWARD …`, as written. */
  readonly line: string
}

export interface ExposeSpec extends Written {
  readonly addresses: readonly string[]
  /** Of the real machine. */
  readonly peers: readonly string[]
}

export interface LinkSpec extends Written {
  readonly ends: readonly [LinkEndSpec, LinkEndSpec]
  readonly mtu?: number
  readonly shaping: Shaping
}

export interface LinkEndSpec extends Written {
  readonly node: string
  readonly interface?: string
  readonly addresses: readonly string[]
  readonly mac?: string
}

export interface NetworkSpec extends Written {
  readonly name: string
  /** Each has a network of that name. */
  readonly hosts: readonly string[]
  readonly driver: NetworkDriverName
  readonly pools: readonly PoolSpec[]
  readonly internal: boolean
  readonly ipv6: boolean
  readonly dns: boolean
  readonly options: Readonly<Record<string, string>>
  /** bridge, host and none as Docker has them without being asked. */
  readonly predefined: boolean
}

export interface PoolSpec extends Written {
  readonly subnet?: string
  readonly gateway?: string
  readonly ipRange?: string
  readonly auxAddresses: Readonly<Record<string, string>>
}

export interface ContainerSpec extends Written {
  readonly name: string
  readonly host: string
  readonly hostname?: string
  readonly endpoints: readonly EndpointSpec[]
  readonly ports: readonly PortSpec[]
  readonly exposed: readonly ExposedPort[]
  readonly links: readonly ContainerLinkSpec[]
  readonly sysctls: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
  readonly workload?: WorkloadSpec
  readonly dns: DnsSpec
  readonly mtu?: number
  readonly dependsOn: readonly { readonly at: Path; readonly container: string }[]
  /** A load balancer of services: its network. */
  readonly balances?: string
}

/** Containers behind one name. */
export interface ServiceSpec extends Written {
  readonly name: string
  readonly hosts: readonly string[]
  /** A virtual address in each network, or the addresses of all tasks. */
  readonly mode: 'vip' | 'dnsrr'
  readonly networks: readonly string[]
  readonly ports: readonly ServicePort[]
  /** Names of its containers. */
  readonly tasks: readonly string[]
}

/** On every host, by way of the ingress network. */
export interface ServicePort extends Written {
  readonly protocol: Protocol
  readonly published: number
  readonly target: number
}

export type WorkloadSpec =
  | { readonly kind: WorkloadKind; readonly port?: number }
  | { readonly kind: 'command'; readonly command: readonly string[] }

export interface DnsSpec {
  readonly servers: readonly string[]
  readonly search: readonly string[]
  readonly options: readonly string[]
}

export interface EndpointSpec extends Written {
  readonly network: string
  readonly ipv4?: string
  readonly ipv6?: string
  readonly mac?: string
  readonly aliases: readonly string[]
  readonly interface?: string
  readonly priority: number
  readonly options: Readonly<Record<string, string>>
}

export type Protocol = 'tcp' | 'udp' | 'sctp'

export interface ExposedPort {
  readonly protocol: Protocol
  readonly port: number
}

/** One port of the container; a range of them is several. */
export interface PortSpec extends Written {
  readonly protocol: Protocol
  readonly hostAddress?: string
  /** 0 = any that is free. */
  readonly hostPort: number
  /** Last of a range to choose from; equals hostPort for a single one. */
  readonly hostPortEnd: number
  readonly containerPort: number
}

export interface ContainerLinkSpec extends Written {
  readonly container: string
  readonly alias: string
}

export interface CheckSpec extends Written {
  /** Container, host or router; absent for what is of no namespace. */
  readonly from?: string
  readonly check: Check
}
