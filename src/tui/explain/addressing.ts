import type { Explanations } from '../explain.ts'

const IP_ADDRESS = 'ip-address(8)'
const IP_ROUTE = 'ip-route(8)'
const IP_RULE = 'ip-rule(8)'
const IP_NEIGH = 'ip-neighbour(8)'
const RESOLV = 'resolv.conf(5)'

export const ADDRESS: Explanations = {
  link: { text: 'Index of the link that has the address.', source: IP_ADDRESS },
  address: {
    text: 'Address and prefix length. Hosts inside the prefix are looked for directly (ARP, ND), all others by a gateway: a wrong length breaks exactly one of the two.',
    source: IP_ADDRESS,
  },
  scope: {
    text: 'global: usable anywhere; link: on this wire only; host: inside this namespace only.',
    source: IP_ADDRESS,
  },
  flags: {
    text: 'tentative: still being checked, not usable yet. dadfailed: somebody else has it. secondary: not chosen as source. noprefixroute: no route comes with it.',
    source: IP_ADDRESS,
  },
  label: { text: 'Old-style alias name (eth0:1).', source: IP_ADDRESS },
  broadcast: { text: 'Broadcast address of the network.', source: IP_ADDRESS },
  peer: { text: 'The other end of a point-to-point link.', source: IP_ADDRESS },
  validS: {
    text: 'Seconds until it is removed, unless renewed (router advertisement, DHCP).',
    source: 'RFC 4862 §5.5.4',
  },
  preferredS: { text: 'Seconds until new connections stop using it.', source: 'RFC 4862 §5.5.4' },
}

export const ROUTE: Explanations = {
  table: {
    text: 'Routing table. 254 is main, 255 local; others are used only when a rule leads there.',
    source: IP_ROUTE,
  },
  family: { text: 'IPv4 or IPv6.', source: IP_ROUTE },
  type: {
    text: 'unicast forwards; local is delivered here; blackhole drops in silence; unreachable and prohibit answer with ICMP; throw goes on to the next rule.',
    source: IP_ROUTE,
  },
  destination: {
    text: 'Where to. The longest prefix that holds the address wins, default comes last.',
    source: IP_ROUTE,
  },
  from: { text: 'Holds only for packets from this prefix.', source: IP_ROUTE },
  gateway: {
    text: 'Next router. It must be reachable on the link and answer ARP or ND (view neigh).',
    source: IP_ROUTE,
  },
  link: { text: 'Index of the link the packet leaves by.', source: IP_ROUTE },
  source: { text: 'Address that connections of this namespace get as their source on this route.', source: IP_ROUTE },
  scope: { text: 'link: directly connected; host: this namespace; global: by a gateway.', source: IP_ROUTE },
  protocol: {
    text: 'Who put it there: kernel (comes with an address), boot, static, dhcp, ra, or a routing daemon.',
    source: 'rtnetlink(7)',
  },
  metric: { text: 'Among equal prefixes the lowest wins.', source: IP_ROUTE },
  tos: { text: 'Only for packets with this type of service.', source: IP_ROUTE },
  flags: {
    text: 'linkdown, dead: not usable now. onlink: the gateway is taken as directly reachable.',
    source: IP_ROUTE,
  },
  mtu: { text: 'Packet size for this route, smaller than the link’s.', source: IP_ROUTE },
  'nexthops[].gateway': { text: 'One of several next routers; flows are spread over them.', source: IP_ROUTE },
  'nexthops[].link': { text: 'Link of that next router.', source: IP_ROUTE },
  'nexthops[].weight': { text: 'Its share of the flows.', source: IP_ROUTE },
  'nexthops[].flags': { text: 'dead or linkdown: this one is not used.', source: IP_ROUTE },
  'nexthops[].encap': { text: 'Light-weight tunnel of this next hop.', source: IP_ROUTE },
  nexthopId: { text: 'Next-hop object that the route refers to.', source: 'ip-nexthop(8)' },
  encap: { text: 'Light-weight tunnel: the packet is wrapped before it leaves.', source: IP_ROUTE },
  preference: { text: 'Router preference from an advertisement: low, medium, high.', source: 'RFC 4191 §2.1' },
}

export const POLICY_RULE: Explanations = {
  family: { text: 'IPv4 or IPv6.', source: IP_RULE },
  priority: {
    text: 'Rules are tried from the lowest number up. 0 is local, 32766 main, 32767 default.',
    source: IP_RULE,
  },
  action: {
    text: 'lookup: look in a table, and go on when it has no route. blackhole, unreachable, prohibit: end here.',
    source: IP_RULE,
  },
  table: { text: 'Table to look in.', source: IP_RULE },
  goto: { text: 'Go on at that priority.', source: IP_RULE },
  not: { text: 'Holds for packets that do not match.', source: IP_RULE },
  from: { text: 'Source prefix. Missing: all.', source: IP_RULE },
  to: { text: 'Destination prefix. Missing: all.', source: IP_RULE },
  iif: { text: 'Only packets that came in by this link; lo means those of this namespace itself.', source: IP_RULE },
  oif: { text: 'Only sockets bound to this link.', source: IP_RULE },
  fwmark: { text: 'Only packets with this mark, which the firewall or a socket sets.', source: IP_RULE },
  fwmask: { text: 'Bits of the mark that are compared.', source: IP_RULE },
  tos: { text: 'Only this type of service.', source: IP_RULE },
  ipProtocol: { text: 'Only this IP protocol number.', source: IP_RULE },
  sourcePorts: { text: 'Only these source ports (from, to).', source: IP_RULE },
  destinationPorts: { text: 'Only these destination ports (from, to).', source: IP_RULE },
  uids: { text: 'Only sockets of these users (from, to).', source: IP_RULE },
  suppressPrefixLength: {
    text: 'A route of this prefix length or shorter does not count: 0 ignores default routes.',
    source: IP_RULE,
  },
  suppressGroup: { text: 'Routes over links of this group do not count.', source: IP_RULE },
  l3mdev: { text: 'The table belongs to the VRF of the link.', source: 'ip-vrf(8)' },
  protocol: { text: 'Who put it there.', source: IP_RULE },
}

export const NEIGHBOUR: Explanations = {
  link: { text: 'Index of the link the neighbour is on.', source: IP_NEIGH },
  address: { text: 'Its IP address.', source: IP_NEIGH },
  mac: {
    text: 'Its Ethernet address, as it answered (ARP, ND) or as somebody put it in. A wrong one sends packets to the wrong host.',
    source: IP_NEIGH,
  },
  states: {
    text: 'REACHABLE: confirmed. STALE: fine, will be checked when used. FAILED, INCOMPLETE: nobody answers — the host is gone, or the wire between is broken. PERMANENT: put in by hand, never checked.',
    source: IP_NEIGH,
  },
  proxy: { text: 'We answer ARP or ND for this address on behalf of another host.', source: IP_NEIGH },
  router: { text: 'It says it is a router.', source: 'RFC 4861 §4.4' },
  externLearn: { text: 'Put in by a control plane (Docker’s overlay, EVPN), not learnt here.', source: IP_NEIGH },
}

export const DNS: Explanations = {
  path: { text: 'File it was read from, as a process of the namespace sees it.', source: RESOLV },
  servers: {
    text: 'Name servers, tried in this order. 127.0.0.11 is Docker’s own resolver inside the container.',
    source: RESOLV,
  },
  search: { text: 'Suffixes tried for short names. Each costs another query.', source: RESOLV },
  options: {
    text: 'ndots:N — names with fewer dots are tried with the suffixes first. timeout, attempts: how long until the next server.',
    source: RESOLV,
  },
}
