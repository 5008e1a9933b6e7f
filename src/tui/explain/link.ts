import type { Explanations } from '../explain.ts'

const IP_LINK = 'ip-link(8)'
const BRIDGE = 'bridge(8)'
const BRIDGE_LINK = 'ip-link(8), bridge'
const STATS = 'rtnl_link_stats64, linux/if_link.h'
const VXLAN = 'ip-link(8), vxlan'

export const LINK: Explanations = {
  index: {
    text: 'Number of the link, unique only inside its namespace. A peer is known by this number and its namespace.',
    source: 'rtnetlink(7)',
  },
  name: { text: 'Name inside this namespace. The two ends of a veth usually have different names.', source: IP_LINK },
  kind: {
    text: 'What the device is: veth (a cable between two namespaces), bridge (a switch), vxlan (a tunnel), ether (hardware)…',
    source: IP_LINK,
  },
  mac: {
    text: 'Ethernet address. Frames to it must reach this link, so the bridges on the way must have learnt it (view fdb).',
    source: IP_LINK,
  },
  mtu: {
    text: 'Largest packet in bytes. A smaller value further along drops large packets: silently in a bridge, with an ICMP message in a router.',
    source: IP_LINK,
  },
  flags: {
    text: 'UP: switched on. LOWER_UP: there is a carrier. NO-CARRIER: the other end is down or unplugged, so nothing passes.',
    source: 'netdevice(7)',
  },
  operstate: {
    text: 'What the link can do now: UP works, DOWN does not, LOWERLAYERDOWN waits for the device below, UNKNOWN is normal for loopback and tunnels.',
    source: 'RFC 2863 §3.1.14',
  },
  qdisc: {
    text: 'Queueing discipline for sending. noqueue sends at once; others may delay or drop (view qdisc).',
    source: 'tc(8)',
  },
  txQueueLength: { text: 'Packets that may wait to be sent before more are dropped.', source: IP_LINK },
  group: { text: 'Group number, by which several links can be addressed at once. 0 is the default.', source: IP_LINK },
  master: {
    text: 'Index of the bridge, bond or VRF that this link is a port of. A bridge port passes frames on and does not use its own addresses.',
    source: IP_LINK,
  },
  'peer.namespace': {
    text: 'Inode of the namespace that holds the other end of the cable. Missing when we may not see it.',
    source: 'veth(4)',
  },
  'peer.index': { text: 'Index of the other end in its own namespace.', source: 'veth(4)' },
  'parent.namespace': {
    text: 'Inode of the namespace of the link below (vlan, macvlan, ipvlan, vxlan).',
    source: IP_LINK,
  },
  'parent.index': {
    text: 'Index of the link below. When that one is down, this one carries nothing.',
    source: IP_LINK,
  },
  netnsid: {
    text: 'How this namespace numbers the one of the other end. Only meaningful here.',
    source: 'ip-netns(8), list-id',
  },
  alias: { text: 'Free text that somebody attached to the link.', source: IP_LINK },
  altnames: { text: 'Further names it can be addressed by.', source: IP_LINK },
  madeBy: {
    text: 'Network driver that made it, recognised by its name or its marks.',
    source: 'the driver’s documentation',
  },
  'counters.rxPackets': {
    text: 'Packets received. Stands still while the other side sends: they are lost before this link.',
    source: STATS,
  },
  'counters.rxBytes': { text: 'Bytes received.', source: STATS },
  'counters.rxErrors': {
    text: 'Bad packets received (checksum, length, frame). Rising means hardware, cable or MTU trouble.',
    source: STATS,
  },
  'counters.rxDropped': {
    text: 'Received but thrown away: no listener for the protocol, no buffer, or a bridge port that does not forward.',
    source: STATS,
  },
  'counters.rxMulticast': { text: 'Multicast packets received.', source: STATS },
  'counters.txPackets': { text: 'Packets sent. Rising here but not at the peer: lost in between.', source: STATS },
  'counters.txBytes': { text: 'Bytes sent.', source: STATS },
  'counters.txErrors': { text: 'Packets that could not be sent.', source: STATS },
  'counters.txDropped': {
    text: 'Thrown away before sending: the queue was full, or the peer of a veth is down.',
    source: STATS,
  },
  'bridge.stp': {
    text: 'Spanning tree. On: a new port waits twice the forward delay before it forwards anything.',
    source: BRIDGE_LINK,
  },
  'bridge.vlanFiltering': { text: 'On: a frame passes only between ports that carry its VLAN.', source: BRIDGE_LINK },
  'bridge.vlanDefaultPvid': { text: 'VLAN that new ports get for untagged frames.', source: BRIDGE_LINK },
  'bridge.forwardDelayMs': {
    text: 'How long a port listens, and again learns, before it forwards (with STP).',
    source: BRIDGE_LINK,
  },
  'bridge.ageingTimeMs': {
    text: 'After so long without a frame a learnt MAC is forgotten; until it is heard again its frames go to all ports.',
    source: BRIDGE_LINK,
  },
  'bridge.groupForwardMask': {
    text: 'Which link-local multicast groups (01:80:c2:00:00:0X, e.g. LLDP) are forwarded. 0: none, as the standard wants.',
    source: BRIDGE_LINK,
  },
  'bridge.multicastSnooping': {
    text: 'On: multicast goes only to ports that asked. Without a querier it may stop after some minutes.',
    source: BRIDGE_LINK,
  },
  'bridge.nfCallIptables': {
    text: 'Whether IPv4 frames inside this bridge pass iptables. The host-wide sysctl bridge-nf-call-iptables can switch it on as well.',
    source: BRIDGE_LINK,
  },
  'bridge.nfCallIp6tables': { text: 'The same for IPv6 and ip6tables.', source: BRIDGE_LINK },
  'bridge.nfCallArptables': { text: 'The same for ARP and arptables.', source: BRIDGE_LINK },
  'bridge.bridgeId': { text: 'Priority and MAC by which spanning tree knows it.', source: 'IEEE 802.1D §9.2.5' },
  'bridge.rootId': {
    text: 'The root of the spanning tree. Equal to its own id: it is the root.',
    source: 'IEEE 802.1D §9.2.5',
  },
  'port.state': {
    text: 'Only forwarding passes frames. listening and learning take the forward delay; blocking is a loop that STP cut; disabled is down.',
    source: BRIDGE,
  },
  'port.hairpin': {
    text: 'On: frames may leave by the port they came in. Needed when a container reaches itself by its published address.',
    source: BRIDGE,
  },
  'port.isolated': {
    text: 'On: no frames to other isolated ports, so such containers cannot reach each other.',
    source: BRIDGE,
  },
  'port.learning': {
    text: 'On: the bridge notes which MACs are behind this port. Off, and no static entry: their frames are flooded.',
    source: BRIDGE,
  },
  'port.flood': {
    text: 'On: frames to unknown MACs go out here. Off: they vanish unless the MAC is in the FDB.',
    source: BRIDGE,
  },
  'port.multicastFlood': { text: 'On: multicast nobody asked for goes out here.', source: BRIDGE },
  'port.broadcastFlood': {
    text: 'On: broadcasts, and so ARP, go out here. Off breaks ARP unless something answers for the hosts behind.',
    source: BRIDGE,
  },
  'port.guard': { text: 'On: the port is shut when a spanning-tree message comes in.', source: BRIDGE },
  'port.rootBlock': { text: 'On: the root of the tree may not be behind this port.', source: BRIDGE },
  'port.fastLeave': {
    text: 'On: a multicast group is left at once, without asking whether others behind the port still want it.',
    source: BRIDGE,
  },
  'port.proxyArp': { text: 'On: the bridge answers ARP for hosts it knows.', source: BRIDGE },
  'port.proxyArpWifi': { text: 'The same, as wireless access points need it.', source: BRIDGE },
  'port.neighSuppress': {
    text: 'On: ARP and ND are answered from the neighbour table and not flooded. An empty table makes hosts unreachable.',
    source: BRIDGE,
  },
  'port.vlanTunnel': { text: 'On: VLANs are mapped to tunnel ids here.', source: BRIDGE },
  'port.locked': { text: 'On: only frames from MACs already in the FDB get in.', source: BRIDGE },
  'port.cost': { text: 'Spanning-tree cost: the path with the least is used.', source: BRIDGE },
  'port.priority': { text: 'Spanning-tree priority, decides between equal costs.', source: BRIDGE },
  'port.number': { text: 'Number of the port in its bridge.', source: BRIDGE },
  'port.vlans[].id': { text: 'VLAN that the port carries.', source: BRIDGE },
  'port.vlans[].pvid': { text: 'Untagged frames that come in belong to this VLAN.', source: BRIDGE },
  'port.vlans[].untagged': { text: 'Frames of this VLAN leave without a tag.', source: BRIDGE },
  'vxlan.vni': {
    text: 'Number of the overlay network. Both ends must use the same, or they do not hear each other.',
    source: 'RFC 7348 §5',
  },
  'vxlan.port': {
    text: 'UDP port of the tunnel (IANA 4789, old Linux 8472). Both ends and every firewall between must agree.',
    source: VXLAN,
  },
  'vxlan.learning': {
    text: 'On: remote MACs are learnt from frames. A permanent FDB entry together with learning drops frames of that MAC from another tunnel end without a trace.',
    source: VXLAN,
  },
  'vxlan.proxy': { text: 'On: ARP is answered from the neighbour table of this device.', source: VXLAN },
  'vxlan.rsc': { text: 'On: route short circuit, frames to a router MAC are routed here.', source: VXLAN },
  'vxlan.l2miss': { text: 'On: unknown MACs are reported to user space, which must add them.', source: VXLAN },
  'vxlan.l3miss': {
    text: 'On: unknown addresses are reported to user space (Docker’s overlay answers so).',
    source: VXLAN,
  },
  'vxlan.local': { text: 'Source address of the tunnel packets.', source: VXLAN },
  'vxlan.remote': { text: 'Where frames to unknown MACs go: one tunnel end or a multicast group.', source: VXLAN },
  'vxlan.ttl': { text: 'TTL of the tunnel packets. Too small and they die on the way.', source: VXLAN },
  'vxlan.ageingS': { text: 'Seconds after which a learnt remote MAC is forgotten.', source: VXLAN },
  'vxlan.external': { text: 'On: the tunnel parameters come with each packet (flow based).', source: VXLAN },
  'vxlan.underlay': {
    text: 'Inode of the namespace that carries the tunnel packets, when it is another one (Docker’s overlay: the host).',
    source: 'ip-link(8), vxlan',
  },
  'vxlan.udpChecksum': {
    text: 'Whether the outer UDP checksum is filled in. Some network cards corrupt tunnels when it is wrong.',
    source: VXLAN,
  },
  'vlan.id': { text: 'VLAN tag put on and taken off.', source: 'IEEE 802.1Q' },
  'vlan.protocol': { text: 'Type of the tag: 802.1Q, or 802.1ad for the outer one.', source: 'ip-link(8), vlan' },
  'macvlan.mode': {
    text: 'bridge: children reach each other; private, vepa: not directly. The parent itself never reaches its children.',
    source: 'ip-link(8), macvlan',
  },
  'ipvlan.mode': {
    text: 'l2: switched; l3 and l3s: routed by the parent, no ARP and no broadcasts.',
    source: 'ip-link(8), ipvlan',
  },
  'ipvlan.flags': { text: 'bridge, private or vepa, as for macvlan.', source: 'ip-link(8), ipvlan' },
  'tun.type': {
    text: 'tap carries Ethernet frames, tun carries IP packets, to a program (VPN, virtual machine).',
    source: 'ip-tuntap(8)',
  },
  'bond.mode': {
    text: 'How the links share the load. 802.3ad needs the switch to take part.',
    source: 'ip-link(8), bond',
  },
  'bond.activeSlave': { text: 'Index of the link in use (active-backup).', source: 'ip-link(8), bond' },
}

export const FDB: Explanations = {
  link: { text: 'Index of the port (or vxlan) behind which the MAC is.', source: BRIDGE },
  mac: {
    text: 'Frames to this address leave by that port. 00:00:00:00:00:00 on a vxlan: where unknown ones go.',
    source: BRIDGE,
  },
  vlan: { text: 'VLAN for which this holds.', source: BRIDGE },
  destination: {
    text: 'Address of the remote tunnel end that frames to this MAC are sent to.',
    source: 'bridge(8), fdb dst',
  },
  port: { text: 'UDP port of that tunnel end, when it differs.', source: 'bridge(8), fdb port' },
  vni: { text: 'VXLAN number to use, when it differs.', source: 'bridge(8), fdb vni' },
  states: {
    text: 'permanent: an address of the host itself, never forwarded; static: put in by hand; otherwise learnt and ageing. self: the device’s own table, master: the bridge’s.',
    source: BRIDGE,
  },
  master: { text: 'Index of the bridge whose table this is. Missing: the device’s own.', source: BRIDGE },
  usedS: { text: 'Seconds since it was last used to forward.', source: 'nda_cacheinfo, linux/neighbour.h' },
  updatedS: {
    text: 'Seconds since the MAC was last heard. Jumping between ports means a loop or the same MAC twice.',
    source: 'nda_cacheinfo, linux/neighbour.h',
  },
}
