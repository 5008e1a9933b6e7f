import type { Check } from '../../checks/file/check.ts'
import type { PortBinding } from '../../driver/network-driver.ts'
import type { IngressHost, PublishedPort, ServiceAddress } from '../../driver/services/service-rules.ts'
import type {
  ContainerLinkSpec,
  DnsSpec,
  DockerSettings,
  ExposedPort,
  FirewallSpec,
  NetworkSpec,
  RouteSpec,
  Shaping,
  WorkloadSpec,
} from '../topology/topology.ts'

/**
 * A lab with nothing left open: every name, address and port is chosen. A list of objects, each after those that it
 * needs; what differs between two such lists is what has to be done.
 */
export interface ResolvedLab {
  readonly format: 1
  readonly name: string
  readonly description?: string
  readonly objects: readonly LabObject[]
  readonly checks: readonly Check[]
}

interface Common {
  /** Unique in the lab; the same thing has the same one in a later version of the file. */
  readonly id: string
  /** Ids of the objects without which this one cannot be. */
  readonly needs: readonly string[]
}

/** A physical network: a bridge in a namespace of its own. */
export interface SegmentObject extends Common {
  readonly kind: 'segment'
  readonly name: string
  readonly mtu?: number
}

/** A machine: a namespace. */
export interface NodeObject extends Common {
  readonly kind: 'host' | 'router'
  readonly name: string
  readonly docker: DockerSettings
}

export interface SysctlObject extends Common {
  readonly kind: 'sysctl'
  readonly node: string
  /** `net.ipv4.ip_forward` */
  readonly name: string
  readonly value: string
}

interface Interface {
  readonly node: string
  readonly interface: string
  /** With prefix lengths. */
  readonly addresses: readonly string[]
  readonly mac?: string
}

/** A veth between a machine and a segment. */
export interface AttachmentObject extends Common, Interface {
  readonly kind: 'attachment'
  readonly segment: string
  /** Name of the other end, in the segment's namespace. */
  readonly port: string
  readonly mtu?: number
  readonly shaping: Shaping
}

export interface VlanObject extends Common, Interface {
  readonly kind: 'vlan'
  readonly parent: string
  readonly vlan: number
}

/** A veth between two machines. */
export interface LinkObject extends Common {
  readonly kind: 'link'
  readonly ends: readonly [Interface, Interface]
  readonly mtu?: number
  readonly shaping: Shaping
}

/** A veth between a machine of the lab and the real one. */
export interface ExposeObject extends Common, Interface {
  readonly kind: 'expose'
  /** Of the real machine. */
  readonly peerInterface: string
  readonly peers: readonly string[]
}

export interface RouteObject extends Common, Omit<RouteSpec, 'at'> {
  readonly kind: 'route'
  readonly node: string
}

export interface NetworkObject extends Common {
  readonly kind: 'network'
  readonly host: string
  readonly name: string
  /** 64 hex digits. */
  readonly networkId: string
  readonly driver: NetworkSpec['driver']
  readonly pools: readonly ResolvedPool[]
  readonly internal: boolean
  readonly ipv6: boolean
  readonly dns: boolean
  readonly options: Readonly<Record<string, string>>
  readonly predefined: boolean
  /** Overlay: the address that the host is known to its other hosts by. */
  readonly vtep?: string
}

export interface ResolvedPool {
  /** CIDR. */
  readonly subnet: string
  /** Plain address. */
  readonly gateway: string
  readonly ipRange?: string
  readonly auxAddresses: Readonly<Record<string, string>>
}

export interface ContainerObject extends Common {
  readonly kind: 'container'
  readonly name: string
  readonly host: string
  /** 64 hex digits. */
  readonly containerId: string
  readonly hostname: string
  readonly sysctls: Readonly<Record<string, string>>
  readonly dns: DnsSpec
  /** In the network `host`. */
  readonly hostNamespace: boolean
  /** A load balancer of services: its network. */
  readonly balances?: string
}

export interface EndpointObject extends Common {
  readonly kind: 'endpoint'
  readonly container: string
  readonly host: string
  readonly network: string
  /** 64 hex digits. */
  readonly endpointId: string
  /** Plain addresses. */
  readonly ipv4?: string
  readonly ipv6?: string
  readonly mac?: string
  readonly aliases: readonly string[]
  readonly links: readonly Omit<ContainerLinkSpec, 'at'>[]
  readonly exposed: readonly ExposedPort[]
  readonly ports: readonly PortBinding[]
  readonly priority: number
  readonly interface?: string
  readonly mtu?: number
  readonly options: Readonly<Record<string, string>>
}

/** What a host is told of a container of another one, in an overlay network of both. */
export interface PeerObject extends Common {
  readonly kind: 'peer'
  /** That is told. */
  readonly host: string
  readonly container: string
  readonly network: string
  readonly networkId: string
  readonly endpointId: string
  /** CIDR. */
  readonly address: string
  readonly mac: string
  /** Plain address of the container's host. */
  readonly vtep: string
}

/** A name that stands for several containers. The agent is told of all of them together. */
export interface ServiceObject extends Common {
  readonly kind: 'service'
  readonly service: string
  readonly network: string
  readonly networkId: string
  /** Names of containers. */
  readonly tasks: readonly string[]
  /** Plain; absent = its name stands for the addresses of all tasks. */
  readonly vip?: string
  /** Firewall mark of the virtual address. */
  readonly mark?: number
}

/** What the load balancer of a host does for a service. */
export interface BalancerObject extends Common, ServiceAddress {
  readonly kind: 'balancer'
  readonly host: string
  /** Name of the load balancer. */
  readonly sandbox: string
  readonly service: string
  readonly network: string
}

/** Published ports of services on a host. */
export interface IngressObject extends Common, IngressHost {
  readonly kind: 'ingress'
  readonly host: string
}

/** In a task of a service with published ports. */
export interface TaskPortsObject extends Common {
  readonly kind: 'taskPorts'
  readonly container: string
  /** Plain, in the ingress network. */
  readonly address: string
  readonly ports: readonly PublishedPort[]
}

/** Rules of a machine besides those of its networks. */
export interface FirewallObject extends Common {
  readonly kind: 'firewall'
  readonly node: string
  readonly family: 4 | 6
  readonly rules: readonly Pick<FirewallSpec, 'table' | 'line'>[]
}

export interface WorkloadObject extends Common {
  readonly kind: 'workload'
  readonly container: string
  readonly workload: WorkloadSpec
  readonly environment: Readonly<Record<string, string>>
}

export type LabObject =
  | SegmentObject
  | NodeObject
  | SysctlObject
  | AttachmentObject
  | VlanObject
  | LinkObject
  | ExposeObject
  | RouteObject
  | NetworkObject
  | ContainerObject
  | EndpointObject
  | PeerObject
  | ServiceObject
  | BalancerObject
  | IngressObject
  | TaskPortsObject
  | FirewallObject
  | WorkloadObject

/** The object of a kind; two kinds may share a shape. */
export type ObjectOf<K extends LabObject['kind']> = LabObject extends infer O
  ? O extends LabObject
    ? K extends O['kind']
      ? O
      : never
    : never
  : never

/** The objects of one kind. */
export function objectsOf<K extends LabObject['kind']>({ objects }: ResolvedLab, kind: K): readonly ObjectOf<K>[] {
  return objects.filter((object) => object.kind === kind) as unknown as readonly ObjectOf<K>[]
}
