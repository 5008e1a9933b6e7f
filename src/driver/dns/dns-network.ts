/**
 * The names that one network serves to the sandboxes connected to it. Pure data: it goes into files and through
 * sockets as it is.
 */
export interface DnsNetwork {
  /** The last labels of a query may name it: `web.NAME`. */
  readonly name: string
  /** The order in which networks of a sandbox are searched: dynamic (swarm) before local, ingress last. */
  readonly kind: 'dynamic' | 'local' | 'ingress'
  readonly enableIpv6: boolean
  readonly records: readonly DnsRecord[]
  /** Absent = none, as in most networks. */
  readonly services?: readonly DnsService[]
}

/** An endpoint, or the virtual address of a service. */
export interface DnsRecord {
  /** Container name, network aliases, short id; service name, `tasks.SERVICE`. Several records may share one. */
  readonly names: readonly string[]
  /** IPv4 and IPv6, without prefix length. */
  readonly addresses: readonly string[]
  /** What PTR of the addresses answers before `.NETWORK.`; absent = nothing (a virtual address). */
  readonly pointer?: string
}

/** What SRV `PORTNAME.PROTOCOL.NAME` answers. */
export interface DnsService {
  readonly name: string
  readonly portName: string
  readonly protocol: string
  readonly targets: readonly { readonly name: string; readonly address: string; readonly port: number }[]
}
