import type { Explanations } from '../explain.ts'

const IP_SYSCTL = 'kernel: networking/ip-sysctl'
const CONNTRACK = 'kernel: networking/nf_conntrack-sysctl'
const IPVS = 'kernel: networking/ipvs-sysctl'
const BR = 'kernel: net/bridge/br_netfilter_hooks.c'

/** By the last part of the name: `net.ipv4.conf.eth0.rp_filter` → `rp_filter`. */
export const SYSCTLS: Explanations = {
  name: {
    text: 'Name as sysctl(8) takes it; conf.all and conf.LINK are combined by the kernel, for each sysctl in its own way.',
    source: IP_SYSCTL,
  },
  value: { text: 'Value in this namespace. A new namespace does not inherit all of the host’s.', source: IP_SYSCTL },
  ip_forward: {
    text: '1: packets for others are forwarded. 0: a router or container host drops them without a word.',
    source: IP_SYSCTL,
  },
  forwarding: {
    text: '1: packets that come in by this link are forwarded. 0: dropped without a word.',
    source: IP_SYSCTL,
  },
  rp_filter: {
    text: 'Drops packets whose source is not routed back by the same link (1) or by any link (2). The larger of all and the link counts.',
    source: IP_SYSCTL,
  },
  'bridge-nf-call-iptables': {
    text: '1: IPv4 frames inside a bridge pass iptables, so a FORWARD policy of DROP stops containers of one network. 0: DNAT inside a bridge does not work.',
    source: BR,
  },
  'bridge-nf-call-ip6tables': { text: 'The same for IPv6 and ip6tables.', source: BR },
  'bridge-nf-call-arptables': { text: 'The same for ARP and arptables.', source: BR },
  arp_ignore: { text: '1 and above: answers ARP only for addresses of the link that was asked.', source: IP_SYSCTL },
  arp_announce: { text: 'Which own address ARP requests carry.', source: IP_SYSCTL },
  proxy_arp: { text: '1: answers ARP for hosts that are routed elsewhere.', source: IP_SYSCTL },
  accept_local: { text: '1: packets with an own address as source are taken.', source: IP_SYSCTL },
  route_localnet: {
    text: '1: 127.0.0.0/8 is routed, which DNAT of published ports on localhost needs.',
    source: IP_SYSCTL,
  },
  accept_redirects: { text: '1: ICMP redirects change routes.', source: IP_SYSCTL },
  send_redirects: { text: '1: tells senders of a better way.', source: IP_SYSCTL },
  disable_ipv6: { text: '1: no IPv6 at all on this link.', source: IP_SYSCTL },
  accept_ra: { text: 'Router advertisements: 0 never, 1 unless forwarding, 2 always.', source: IP_SYSCTL },
  accept_dad: { text: 'Duplicate address detection for IPv6.', source: IP_SYSCTL },
  nf_conntrack_max: {
    text: 'Most connections that are tracked; beyond that new ones are dropped.',
    source: CONNTRACK,
  },
  nf_conntrack_tcp_be_liberal: {
    text: '1: packets outside the TCP window are not INVALID.',
    source: CONNTRACK,
  },
  somaxconn: { text: 'Upper limit of the accept queue of a listening socket.', source: 'listen(2)' },
  ip_local_port_range: { text: 'Ports that outgoing connections use.', source: IP_SYSCTL },
  ip_nonlocal_bind: { text: '1: sockets may bind to addresses that are not here.', source: IP_SYSCTL },
  conntrack: {
    text: '1: IPVS connections are tracked, which NAT of them needs.',
    source: IPVS,
  },
  'bridge-nf-pass-vlan-input-dev': {
    text: '1: iptables sees the VLAN device of the bridge as the link a frame came in by.',
    source: BR,
  },
  netdev_max_backlog: {
    text: 'Packets that may wait for a CPU; beyond that they are dropped (softnet_stat counts them).',
    source: 'kernel: admin-guide/sysctl/net',
  },
  fib_multipath_hash_policy: {
    text: 'What decides between several next hops: 0 addresses, 1 ports as well, 2 inner headers.',
    source: IP_SYSCTL,
  },
  fwmark_reflect: {
    text: '1: answers of the kernel (ICMP, RST) carry the mark of what they answer.',
    source: IP_SYSCTL,
  },
  icmp_echo_ignore_all: { text: '1: pings are not answered, so a silent ping proves nothing.', source: IP_SYSCTL },
  icmp_ratelimit: {
    text: 'Milliseconds between two ICMP errors to one host: not every lost packet is told about.',
    source: IP_SYSCTL,
  },
  icmp_ratemask: { text: 'Which ICMP types are limited.', source: IP_SYSCTL },
  ip_default_ttl: { text: 'TTL of packets sent from here.', source: IP_SYSCTL },
  ip_early_demux: { text: '1: sockets are looked up before routing.', source: IP_SYSCTL },
  ip_local_reserved_ports: { text: 'Ports that outgoing connections leave free.', source: IP_SYSCTL },
  ip_no_pmtu_disc: {
    text: 'Not 0: packets go without DF, and "fragmentation needed" is ignored or distrusted.',
    source: IP_SYSCTL,
  },
  ip_unprivileged_port_start: { text: 'Ports below need CAP_NET_BIND_SERVICE.', source: IP_SYSCTL },
  gc_thresh1: { text: 'Below so many neighbours none is thrown out.', source: IP_SYSCTL },
  gc_thresh2: { text: 'Above so many neighbours old ones are thrown out after five seconds.', source: IP_SYSCTL },
  gc_thresh3: {
    text: 'Most neighbours, of all namespaces together: beyond that new ones fail ("neighbour table overflow").',
    source: IP_SYSCTL,
  },
  ping_group_range: { text: 'Groups that may ping without a capability.', source: IP_SYSCTL },
  tcp_fwmark_accept: { text: '1: accepted connections keep the mark of their SYN.', source: IP_SYSCTL },
  tcp_l3mdev_accept: { text: '1: one listening socket takes connections of every VRF.', source: IP_SYSCTL },
  tcp_max_syn_backlog: { text: 'Half-open connections that may wait.', source: IP_SYSCTL },
  tcp_mtu_probing: { text: '1: TCP finds a smaller packet size by itself when ICMP is lost.', source: IP_SYSCTL },
  tcp_syncookies: { text: '1: when too many SYNs wait, connections go on without options.', source: IP_SYSCTL },
  conn_reuse_mode: {
    text: 'How IPVS treats a new connection from a port that was just used; 1 may delay it by a second.',
    source: IPVS,
  },
  expire_nodest_conn: {
    text: '1: connections to a removed destination end at once, 0: their packets are dropped.',
    source: IPVS,
  },
  expire_quiescent_template: { text: '1: persistence ends when the weight becomes 0.', source: IPVS },
  bindv6only: { text: '1: a socket on :: takes no IPv4.', source: IP_SYSCTL },
  nf_conntrack_acct: { text: '1: packets and bytes are counted per connection.', source: CONNTRACK },
  nf_conntrack_buckets: {
    text: 'Size of the hash table: far fewer than connections makes it slow.',
    source: CONNTRACK,
  },
  nf_conntrack_checksum: { text: '1: packets with a bad checksum are INVALID, so not translated.', source: CONNTRACK },
  nf_conntrack_count: { text: 'Connections tracked now.', source: CONNTRACK },
  nf_conntrack_tcp_loose: { text: '1: connections whose beginning was not seen are taken up.', source: CONNTRACK },
  arp_filter: { text: '1: answers ARP only on the link that the answer would be routed by.', source: IP_SYSCTL },
  ignore_routes_with_linkdown: { text: '1: routes over links without carrier do not count.', source: IP_SYSCTL },
  log_martians: { text: '1: packets with impossible addresses are written to the kernel log.', source: IP_SYSCTL },
  proxy_arp_pvlan: {
    text: '1: answers ARP back on the same link, for ports that may not speak to each other.',
    source: IP_SYSCTL,
  },
  src_valid_mark: { text: '1: the mark counts in the reverse path check.', source: IP_SYSCTL },
  proxy_ndp: { text: '1: answers ND for hosts that are routed elsewhere.', source: IP_SYSCTL },
}
