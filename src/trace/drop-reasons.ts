import type { DroppedPacket } from '../kernel/drop-lines.ts'
import type { PlaceKind } from '../model/journey.ts'
import { ETHERTYPE } from '../model/packets/decode-packet.ts'
import type { KernelDrop } from '../model/trace.ts'

const PROTOCOLS: Readonly<Record<number, KernelDrop['protocol']>> = {
  [ETHERTYPE.IPV4]: 'ip',
  [ETHERTYPE.IPV6]: 'ipv6',
  [ETHERTYPE.ARP]: 'arp',
}

/** A row a reason and place; those of the probe's own call first. Of other families than the probe's nothing is told. */
export function countDrops(dropped: readonly DroppedPacket[], family: 4 | 6): KernelDrop[] {
  const rows = new Map<string, KernelDrop>()
  for (const { reason, location, protocol: number, isOurs } of dropped) {
    const protocol = PROTOCOLS[number]
    if (protocol === undefined || (!isOurs && (protocol === 'ipv6') !== (family === 6))) continue
    const key = `${reason} ${location} ${protocol} ${isOurs}`
    const count = (rows.get(key)?.count ?? 0) + 1
    rows.set(key, { reason, ...(location === undefined ? {} : { location }), protocol, count, isOurs })
  }
  return [...rows.values()].toSorted((a, b) => Number(b.isOurs) - Number(a.isOurs) || b.count - a.count)
}

interface Meaning {
  readonly kinds: readonly PlaceKind[]
  readonly words: string
}

const meaning = (words: string, ...kinds: readonly PlaceKind[]): Meaning => ({ words, kinds })

const NO_ROUTE = meaning('no route, or one that refuses it', 'route', 'policy-rule')
const NEIGHBOUR = meaning('its next hop does not say where it is', 'neighbour', 'link', 'bridge-port', 'fdb')
const MARTIAN = meaning('an address that must not be there', 'kernel', 'sysctl', 'route')
const QUEUE = meaning('a queue or link that takes nothing', 'link')
const TUNNEL = meaning('the tunnel does not know where to', 'fdb', 'link', 'neighbour')
const FULL = meaning('the listener’s queue is full', 'socket')

/** What a reason says of where a packet was lost (include/net/dropreason-core.h); of the others it says nothing. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  NETFILTER_DROP: meaning('a rule or policy', 'rule', 'policy', 'conntrack'),
  IP_RPFILTER: meaning('the way back to its source leads elsewhere (rp_filter)', 'sysctl'),
  IP_INADDRERRORS: meaning('it is not for this namespace, which does not forward', 'sysctl', 'route'),
  IP_INNOROUTES: NO_ROUTE,
  IP_OUTNOROUTES: NO_ROUTE,
  IP_LOCAL_SOURCE: meaning('its source is an address of the receiver (accept_local)', 'sysctl', 'kernel'),
  IP_LOCALNET: meaning('a loopback address on a link (route_localnet)', 'sysctl', 'kernel'),
  IP_INVALID_SOURCE: MARTIAN,
  IP_INVALID_DEST: MARTIAN,
  IP_INHDR: meaning('its TTL is used up, or its header is wrong', 'kernel', 'route'),
  IPV6DISABLED: meaning('IPv6 is off (disable_ipv6)', 'sysctl', 'link'),
  NEIGH_CREATEFAIL: NEIGHBOUR,
  NEIGH_FAILED: NEIGHBOUR,
  NEIGH_QUEUEFULL: NEIGHBOUR,
  NEIGH_DEAD: NEIGHBOUR,
  QDISC_DROP: QUEUE,
  QDISC_OVERLIMIT: QUEUE,
  DEV_READY: QUEUE,
  FULL_RING: QUEUE,
  CPU_BACKLOG: QUEUE,
  TC_EGRESS: meaning('a filter of tc on the link', 'link'),
  TC_INGRESS: meaning('a filter of tc on the link', 'link'),
  XDP: meaning('an XDP program on the link', 'link'),
  BPF_CGROUP_EGRESS: meaning('a BPF program of the sender’s cgroup', 'kernel', 'socket'),
  SECURITY_HOOK: meaning('a security module', 'kernel', 'socket'),
  PKT_TOO_BIG: meaning('it does not fit', 'link'),
  XFRM_POLICY: meaning('an IPsec policy', 'xfrm'),
  BRIDGE_INGRESS_STP_STATE: meaning('the bridge port does not forward (STP)', 'bridge-port', 'link'),
  MAC_INVALID_SOURCE: TUNNEL,
  VXLAN_ENTRY_EXISTS: TUNNEL,
  VXLAN_VNI_NOT_FOUND: TUNNEL,
  TCP_LISTEN_OVERFLOW: FULL,
  SOCKET_RCVBUFF: meaning('the receiver’s queue is full', 'socket'),
}

/** A blackhole gives no reason, but only a route makes the kernel come by here (net/ipv4/route.c, net/ipv6/route.c). */
const ROUTE_FUNCTIONS: ReadonlySet<string> = new Set(['ip_error', 'ip6_pkt_drop', 'dst_discard', 'dst_discard_out'])

/** Undefined for a reason that says nothing definite. */
export function meaningOfDrop({ reason, location }: KernelDrop): Meaning | undefined {
  const found = MEANINGS[reason]
  if (found !== undefined || reason !== 'NOT_SPECIFIED') return found
  return location !== undefined && ROUTE_FUNCTIONS.has(location) ? NO_ROUTE : undefined
}

/** `IP_RPFILTER in ip_rcv_finish_core`. */
export function dropText({ reason, location }: Pick<KernelDrop, 'reason' | 'location'>): string {
  return location === undefined ? reason : `${reason} in ${location}`
}
