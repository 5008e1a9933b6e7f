/**
 * The facts of one host at one moment, as printed by `snapshot` and read back with `--from`.
 * Changes are additive only; anything else raises {@link SNAPSHOT_FORMAT}.
 *
 * Shapes used throughout: a MAC is lower-case `02:42:ac:11:00:02`; an address is the kernel's
 * canonical text (`10.0.0.2`, `fd00::2`); a prefix is CIDR; link numbers are ifindexes and unique
 * only inside their namespace; a namespace is named by the inode of its nsfs file.
 */
export const SNAPSHOT_FORMAT = 1

/** What can be read of a namespace; a snapshot says in `kinds` which of them were. */
export const KINDS = [
  'links',
  'addrs',
  'routes',
  'rules',
  'neigh',
  'fdb',
  'firewall',
  'ipset',
  'ipvs',
  'conntrack',
  'sockets',
  'xfrm',
  'qdisc',
  'sysctl',
  'dns',
] as const
export type Kind = (typeof KINDS)[number]

export interface HostSnapshot {
  readonly format: typeof SNAPSHOT_FORMAT
  /** ISO 8601, UTC. */
  readonly takenAt: string
  readonly hostname: string
  /** `uname -r`. */
  readonly kernel: string
  /** The kinds that were read. A table of any other kind is empty because nobody looked. */
  readonly kinds: readonly Kind[]
  /** Feature → true, or the reason why it is absent. */
  readonly features: Readonly<Record<string, true | string>>
  readonly namespaces: readonly Namespace[]
  readonly containers: readonly Container[]
  readonly networks: readonly Network[]
  readonly hidden: readonly Hidden[]
}

/** Something that could not be looked at, why, and what would show it. */
export interface Hidden {
  /** e.g. `namespaces of other users`, `docker`, `ipvs in web`. */
  readonly subject: string
  readonly reason: string
  /** The capability, package or option that would show it. */
  readonly hint?: string
  /** Inode, when it concerns one namespace. */
  readonly namespace?: number
}

/** Who a namespace belongs to; `kind` says which of the other fields are there. */
export interface Owner {
  readonly kind: OwnerKind
  /** Short name for people: container name, `ip netns` name, command name… */
  readonly name: string
  /** Full container id, for docker, podman and cri. */
  readonly containerId?: string
  /** Pod `namespace/name`, for cri. */
  readonly pod?: string
  /** What the engine's own sandbox is for, for docker-sandbox. */
  readonly sandbox?: 'ingress' | 'load-balancer' | 'overlay'
  /** Network that a docker-sandbox serves. */
  readonly networkId?: string
  readonly networkName?: string
  /** Lab name, for lab. */
  readonly lab?: string
  /** The process that owns (process) or merely holds (fd) the namespace. */
  readonly process?: { readonly pid: number; readonly command: string; readonly fd?: number }
  /** Name of the network driver that left it (calico, weave, cilium…), if recognised. */
  readonly driver?: string
}

export type OwnerKind =
  | 'host'
  | 'docker'
  | 'docker-sandbox'
  | 'podman'
  | 'cri'
  | 'lab'
  /** Named by `ip netns` or another bind mount. */
  | 'netns'
  | 'process'
  /** Kept alive by an open file descriptor alone. */
  | 'fd'
  /** Known only as the other side of a link. */
  | 'peer'

/** An entity with its tables; `ns --json` is this without the tables. */
export interface NamespaceIdentity {
  /** Of the nsfs file; negative when the namespace is known only by a link-netnsid (owner kind `peer`). */
  readonly inode: number
  /** Every name it has: `ip netns` names, bind mount paths, container names. Best first. */
  readonly names: readonly string[]
  readonly owner: Owner
  /** Processes whose main thread is in it, ascending. */
  readonly pids: readonly number[]
}

export interface Namespace extends NamespaceIdentity {
  readonly links: readonly Link[]
  readonly addresses: readonly Address[]
  readonly routes: readonly Route[]
  readonly rules: readonly PolicyRule[]
  readonly neighbours: readonly Neighbour[]
  readonly fdb: readonly FdbEntry[]
  readonly firewall: readonly FirewallRule[]
  /** Chains with their policies: an empty base chain with policy DROP has no rule to show it. */
  readonly chains: readonly FirewallChain[]
  readonly ipsets: readonly IpSet[]
  /** Named sets and maps of nft tables; absent when there are none. */
  readonly nftSets?: readonly NftSet[]
  readonly ipvs: readonly IpvsService[]
  readonly conntrack: ConntrackUse
  readonly sockets: readonly Socket[]
  readonly xfrm: { readonly states: readonly XfrmState[]; readonly policies: readonly XfrmPolicy[] }
  readonly qdiscs: readonly Qdisc[]
  /** What all CPUs of the machine take from their devices; of the host's namespace alone. */
  readonly softnet?: SoftnetUse
  /** `net.ipv4.ip_forward` → `1`; only those that matter, see kernel/sysctls.ts. */
  readonly sysctls: Readonly<Record<string, string>>
  readonly dns?: DnsConfiguration
}

export interface EndpointReference {
  /** Inode of the other namespace; absent when it is not visible to us. */
  readonly namespace?: number
  readonly index: number
}

export interface Link {
  readonly index: number
  readonly name: string
  /** IFLA_INFO_KIND (`veth`, `bridge`, …), `loopback`, or `ether` for hardware. */
  readonly kind: string
  readonly mac?: string
  readonly mtu: number
  /** IFF_* without the prefix, as `ip` prints them: UP, LOWER_UP, NO-CARRIER… */
  readonly flags: readonly string[]
  /** RFC 2863 as `ip` prints it: UP, DOWN, UNKNOWN, LOWERLAYERDOWN… */
  readonly operstate: string
  readonly qdisc?: string
  readonly txQueueLength?: number
  readonly group?: number
  /** ifindex of the bridge, bond or VRF it is enslaved to. */
  readonly master?: number
  /** The other end of a veth. */
  readonly peer?: EndpointReference
  /** The link below a vlan, macvlan, ipvlan; for vxlan its bound device. */
  readonly parent?: EndpointReference
  /** Raw IFLA_LINK_NETNSID, when the other side is in another namespace. */
  readonly netnsid?: number
  readonly bridge?: BridgeInfo
  readonly port?: BridgePortInfo
  readonly vxlan?: VxlanInfo
  readonly vlan?: { readonly id: number; readonly protocol: string }
  readonly macvlan?: { readonly mode: string }
  readonly ipvlan?: { readonly mode: string; readonly flags: readonly string[] }
  readonly tun?: { readonly type: string }
  readonly bond?: { readonly mode: string; readonly activeSlave?: number }
  readonly counters: LinkCounters
  readonly alias?: string
  readonly altnames?: readonly string[]
  /** The network driver that made it, if recognised (model/drivers.ts). */
  readonly madeBy?: string
}

/** rtnl_link_stats64 (linux/if_link.h). Packets, bytes, counts since the link was made. */
export interface LinkCounters {
  readonly rxPackets: number
  readonly rxBytes: number
  readonly rxErrors: number
  readonly rxDropped: number
  readonly rxMulticast: number
  readonly txPackets: number
  readonly txBytes: number
  readonly txErrors: number
  readonly txDropped: number
}

export interface BridgeInfo {
  readonly stp: boolean
  readonly vlanFiltering: boolean
  readonly vlanDefaultPvid?: number
  readonly forwardDelayMs: number
  readonly ageingTimeMs: number
  readonly groupForwardMask?: number
  readonly multicastSnooping?: boolean
  /** Whether bridged frames pass iptables, as set on this bridge itself. */
  readonly nfCallIptables?: boolean
  readonly nfCallIp6tables?: boolean
  readonly nfCallArptables?: boolean
  /** `8000.02424c0fbd2f`. */
  readonly bridgeId?: string
  readonly rootId?: string
}

export interface BridgePortInfo {
  /** disabled, listening, learning, forwarding, blocking. */
  readonly state: string
  readonly hairpin: boolean
  readonly isolated: boolean
  readonly learning: boolean
  readonly flood: boolean
  readonly multicastFlood?: boolean
  readonly broadcastFlood?: boolean
  readonly guard: boolean
  readonly rootBlock: boolean
  readonly fastLeave: boolean
  readonly proxyArp: boolean
  readonly proxyArpWifi?: boolean
  readonly neighSuppress: boolean
  readonly vlanTunnel?: boolean
  readonly locked?: boolean
  readonly cost: number
  readonly priority: number
  readonly number: number
  /** VLANs of the port, when the bridge filters them. */
  readonly vlans?: readonly PortVlan[]
}

export interface PortVlan {
  readonly id: number
  readonly pvid: boolean
  readonly untagged: boolean
}

export interface VxlanInfo {
  readonly vni: number
  /** UDP port of the VTEP. */
  readonly port: number
  readonly learning: boolean
  readonly proxy: boolean
  readonly rsc: boolean
  readonly l2miss: boolean
  readonly l3miss: boolean
  readonly local?: string
  /** Remote VTEP or multicast group. */
  readonly remote?: string
  readonly ttl?: number
  readonly ageingS?: number
  readonly external?: boolean
  /** Inode of the namespace whose routes and sockets carry the outer packets, when it is another one. */
  readonly underlay?: number
  readonly udpChecksum?: boolean
}

export interface Address {
  /** ifindex. */
  readonly link: number
  /** With prefix length: `10.0.0.2/24`. */
  readonly address: string
  readonly scope: string
  /** IFA_F_* as `ip` names them: permanent, noprefixroute, tentative, dadfailed, secondary… */
  readonly flags: readonly string[]
  readonly label?: string
  readonly broadcast?: string
  /** The other end of a point-to-point address. */
  readonly peer?: string
  /** Seconds; absent = forever. */
  readonly validS?: number
  readonly preferredS?: number
}

export interface Route {
  readonly table: number
  readonly family: 4 | 6
  /** unicast, local, broadcast, blackhole, unreachable, prohibit, throw… */
  readonly type: string
  /** CIDR, or `default`. */
  readonly destination: string
  /** Source prefix of a subtree route (`from`). */
  readonly from?: string
  readonly gateway?: string
  readonly link?: number
  /** Preferred source address (`src`). */
  readonly source?: string
  readonly scope: string
  /** kernel, boot, static, dhcp, ra… or the number. */
  readonly protocol: string
  readonly metric?: number
  readonly tos?: number
  readonly flags?: readonly string[]
  readonly mtu?: number
  readonly nexthops?: readonly RouteNexthop[]
  readonly nexthopId?: number
  /** Light-weight tunnel: `ip`, `mpls`, `seg6`… */
  readonly encap?: string
  readonly preference?: string
}

export interface RouteNexthop {
  readonly gateway?: string
  readonly link: number
  readonly weight: number
  readonly flags: readonly string[]
  readonly encap?: string
}

export interface PolicyRule {
  readonly family: 4 | 6
  readonly priority: number
  /** lookup, goto, nop, blackhole, unreachable, prohibit. */
  readonly action: string
  readonly table?: number
  readonly goto?: number
  readonly not?: boolean
  /** CIDR; absent = all. */
  readonly from?: string
  readonly to?: string
  readonly iif?: string
  readonly oif?: string
  readonly fwmark?: number
  readonly fwmask?: number
  readonly tos?: number
  readonly ipProtocol?: number
  readonly sourcePorts?: readonly [number, number]
  readonly destinationPorts?: readonly [number, number]
  readonly uids?: readonly [number, number]
  readonly suppressPrefixLength?: number
  readonly suppressGroup?: number
  readonly l3mdev?: boolean
  readonly protocol?: string
}

export interface Neighbour {
  readonly link: number
  readonly address: string
  readonly mac?: string
  /** NUD_* without the prefix: REACHABLE, STALE, PERMANENT… */
  readonly states: readonly string[]
  /** A proxy entry (`ip neigh show proxy`). */
  readonly proxy?: boolean
  readonly router?: boolean
  readonly externLearn?: boolean
}

export interface FdbEntry {
  readonly link: number
  readonly mac: string
  readonly vlan?: number
  /** Remote VTEP address. */
  readonly destination?: string
  readonly port?: number
  readonly vni?: number
  /** permanent, static, reachable, stale, self, master, extern_learn, offload, sticky… */
  readonly states: readonly string[]
  /** ifindex of the bridge whose table it is in; absent for the device's own table. */
  readonly master?: number
  /** Seconds since it was last used and updated. */
  readonly usedS?: number
  readonly updatedS?: number
}

export interface FirewallRule {
  readonly backend: 'nft' | 'legacy'
  /** ip, ip6, inet, arp, bridge, netdev. */
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly handle?: number
  /** Place in its chain, from 1. */
  readonly position: number
  /**
   * As its own tool writes it: for iptables (both back ends) without `-A CHAIN`
   * (`-i eth0 -p tcp -m tcp --dport 80 -j ACCEPT`), for native nft as `nft list` prints it.
   */
  readonly text: string
  /** `iptables` when the save tool wrote the text, `nft` when nft did. */
  readonly syntax: 'iptables' | 'nft'
  /** -1 = the rule has no counter (native nft). */
  readonly packets: number
  readonly bytes: number
  readonly comment?: string
  /** Chain jumped or gone to, or the terminal verdict (ACCEPT, DROP, DNAT…). */
  readonly target?: string
  /** nft's own expression list, for the flow engine. */
  readonly expressions?: readonly unknown[]
}

export interface FirewallChain {
  readonly backend: 'nft' | 'legacy'
  readonly family: string
  readonly table: string
  readonly chain: string
  /** Base chain only: prerouting, input, forward, output, postrouting, ingress, egress. */
  readonly hook?: string
  readonly priority?: number
  readonly type?: string
  /** ACCEPT or DROP; absent on a user chain. */
  readonly policy?: string
  /** Policy counters; absent when there are none. */
  readonly packets?: number
  readonly bytes?: number
  readonly device?: string
  readonly madeBy?: string
}

/** A named set or map of an nft table, which rules refer to as `@name`. */
export interface NftSet {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly kind: 'set' | 'map'
  /** `ipv4_addr`, `ipv4_addr . inet_service`… */
  readonly type: string
  /** What a map leads to: a type, or `verdict`. */
  readonly dataType?: string
  readonly flags: readonly string[]
  /** As `nft -j` gives them (libnftables-json(5)): values, ranges, prefixes; `[key, value]` in a map. */
  readonly elements: readonly unknown[]
}

export interface IpSet {
  readonly name: string
  readonly type: string
  readonly family?: string
  readonly members: readonly string[]
  readonly references: number
  readonly options: Readonly<Record<string, string | number | boolean>>
}

export interface IpvsService {
  /** tcp, udp, sctp; `fwm` for a firewall-mark service. */
  readonly protocol: string
  readonly family: 4 | 6
  readonly address?: string
  readonly port?: number
  readonly fwmark?: number
  readonly scheduler: string
  readonly flags: readonly string[]
  /** Seconds of persistence; absent = none. */
  readonly persistentS?: number
  readonly packetsIn?: number
  readonly bytesIn?: number
  readonly connections?: number
  readonly destinations: readonly IpvsDestination[]
}

export interface IpvsDestination {
  readonly address: string
  readonly port: number
  readonly weight: number
  readonly forward: 'masq' | 'route' | 'tunnel' | 'local' | 'bypass'
  readonly active: number
  readonly inactive: number
}

/** Sums over CPUs (/proc/net/softnet_stat). */
export interface SoftnetUse {
  readonly processed: number
  /** Packets for which net.core.netdev_max_backlog had no room. */
  readonly dropped: number
  /** Times that work was put off because its time or its share was used up. */
  readonly squeezed: number
}

export interface ConntrackUse {
  readonly count: number
  readonly max: number
  /** Sum over CPUs, where the kernel gives it. */
  readonly dropped?: number
  readonly insertFailed?: number
  readonly earlyDropped?: number
}

/** One tracked connection (`show conntrack`; not part of a snapshot). */
export interface ConntrackEntry {
  readonly family: 4 | 6
  readonly protocol: string
  readonly original: ConntrackTuple
  readonly reply: ConntrackTuple
  /** TCP state, when the protocol has one. */
  readonly state?: string
  /** ASSURED, UNREPLIED, SRC_NAT, DST_NAT, DYING… */
  readonly status: readonly string[]
  readonly timeoutS?: number
  readonly mark?: number
  readonly zone?: number
  readonly packets?: readonly [number, number]
  readonly bytes?: readonly [number, number]
}

export interface ConntrackTuple {
  readonly source: string
  readonly destination: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly icmpType?: number
  readonly icmpCode?: number
  readonly icmpId?: number
}

export interface Socket {
  /** tcp, udp, raw, packet, unix, sctp… */
  readonly protocol: string
  readonly family: 4 | 6 | 'unix' | 'packet'
  /** TCP state as `ss` names it: LISTEN, ESTAB, UNCONN… */
  readonly state: string
  readonly local: string
  readonly localPort?: number
  readonly remote?: string
  readonly remotePort?: number
  readonly link?: number
  readonly v6only?: boolean
  readonly uid?: number
  readonly inode: number
  /** LISTEN: length of the accept queue and its limit; otherwise bytes waiting. */
  readonly receiveQueue: number
  readonly sendQueue: number
  /** Packets that it could not take since it was opened, LISTEN: connections; absent when there are none. */
  readonly drops?: number
  readonly processes?: readonly { readonly pid: number; readonly command: string }[]
}

/** Never carries a key. */
export interface XfrmState {
  readonly source: string
  readonly destination: string
  readonly protocol: string
  readonly spi: number
  readonly reqid: number
  readonly mode: string
  readonly algorithm?: string
  readonly mark?: number
  readonly markMask?: number
  readonly replayWindow?: number
  readonly packets: number
  readonly bytes: number
}

export interface XfrmPolicy {
  readonly direction: string
  readonly source: string
  readonly destination: string
  readonly protocol?: number
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly action: string
  readonly priority: number
  readonly mark?: number
  readonly markMask?: number
  readonly templates: readonly {
    readonly source: string
    readonly destination: string
    readonly protocol: string
    readonly mode: string
    readonly reqid: number
    readonly spi?: number
  }[]
}

export interface Qdisc {
  readonly link: number
  readonly kind: string
  /** `8001:`; `0:` for the default one. */
  readonly handle: string
  /** root, ingress, clsact, or `1:2`. */
  readonly parent: string
  readonly packets: number
  readonly bytes: number
  readonly dropped: number
  readonly overlimits: number
  readonly backlogPackets: number
  readonly backlogBytes: number
}

export interface DnsConfiguration {
  /** Where it was read: `/etc/resolv.conf` of pid N, `/etc/netns/NAME/resolv.conf`. */
  readonly path: string
  readonly servers: readonly string[]
  readonly search: readonly string[]
  readonly options: readonly string[]
}

export interface Container {
  readonly engine: 'docker' | 'podman' | 'cri'
  readonly id: string
  readonly name: string
  readonly image: string
  readonly state: string
  /** Inode of its namespace, when running. */
  readonly namespace?: number
  readonly pid?: number
  readonly compose?: { readonly project: string; readonly service: string }
  readonly swarm?: {
    readonly service: string
    readonly serviceId: string
    readonly task: string
    readonly taskId: string
  }
  readonly pod?: string
  readonly networkMode?: string
  readonly networks: readonly ContainerEndpoint[]
  readonly ports: readonly PublishedPort[]
  readonly labels: Readonly<Record<string, string>>
}

export interface ContainerEndpoint {
  readonly network: string
  readonly networkId: string
  readonly addresses: readonly string[]
  readonly mac?: string
  readonly gateway?: string
  readonly aliases?: readonly string[]
}

export interface PublishedPort {
  readonly protocol: string
  readonly containerPort: number
  readonly hostAddress?: string
  readonly hostPort?: number
}

export interface Network {
  readonly engine: 'docker' | 'podman'
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly scope: string
  readonly internal: boolean
  readonly ipv6: boolean
  readonly subnets: readonly { readonly subnet: string; readonly gateway?: string; readonly range?: string }[]
  readonly ipamDriver: string
  readonly options: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Name of its bridge on the host, for a local bridge network. */
  readonly bridge?: string
  /** VXLAN ids, for an overlay. */
  readonly vnis?: readonly number[]
  readonly encrypted?: boolean
  readonly ingress?: boolean
  readonly madeBy?: string
}
