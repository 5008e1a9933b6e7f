import type { Explanations } from '../explain.ts'

const IPTABLES = 'iptables(8)'
const NFT = 'nft(8)'
const IPVSADM = 'ipvsadm(8)'
const TC = 'tc(8)'

export const FIREWALL_RULE: Explanations = {
  backend: {
    text: 'nft, or legacy iptables. Both are asked; a DROP in one cannot be undone in the other, and neither shows the other’s rules.',
    source: IPTABLES,
  },
  family: {
    text: 'Which packets: ip, ip6, inet (both), arp, bridge (frames inside a bridge), netdev (at the device).',
    source: NFT,
  },
  table: {
    text: 'Table it is in: filter decides, nat rewrites addresses, mangle changes marks and headers, raw comes before connection tracking.',
    source: IPTABLES,
  },
  chain: { text: 'Chain it is in: a hook of the kernel, or a list that another rule jumps to.', source: IPTABLES },
  handle: { text: 'Number by which nft deletes it.', source: NFT },
  position: { text: 'Place in its chain. Rules are tried in order, the first verdict ends it.', source: IPTABLES },
  text: { text: 'The rule as its own tool writes it.', source: 'iptables-save(8), nft(8)' },
  syntax: { text: 'Which tool wrote the text.', source: 'iptables-save(8), nft(8)' },
  packets: {
    text: 'Packets that matched so far; -1: it does not count. Standing still while you test: the packet does not come here. In nat only the first packet of a connection counts.',
    source: IPTABLES,
  },
  bytes: { text: 'Their bytes.', source: IPTABLES },
  comment: { text: 'What its author wrote.', source: 'iptables-extensions(8), comment' },
  expressions: { text: 'The rule in nft’s own parts (y shows them).', source: 'libnftables-json(5)' },
  target: { text: 'What becomes of the packet: a verdict, or the chain to go on in.', source: IPTABLES },
}

export const FIREWALL_CHAIN: Explanations = {
  backend: { text: 'nft, or legacy iptables.', source: IPTABLES },
  family: { text: 'Which packets: ip, ip6, inet, arp, bridge, netdev.', source: NFT },
  table: { text: 'Table it is in.', source: IPTABLES },
  chain: { text: 'Name of the chain.', source: IPTABLES },
  hook: {
    text: 'Where the kernel enters it: prerouting (came in), input (for us), forward (for others), output (from us), postrouting (about to leave). Missing: only by a jump.',
    source: NFT,
  },
  priority: {
    text: 'Order among the chains of one hook, lowest first: raw −300, mangle −150, DNAT −100, filter 0, SNAT 100.',
    source: NFT,
  },
  type: {
    text: 'filter decides, nat sees only the first packet of a connection, route looks for a new route afterwards.',
    source: NFT,
  },
  policy: {
    text: 'What becomes of a packet that no rule decided. DROP here needs no rule to lose a packet.',
    source: IPTABLES,
  },
  packets: { text: 'Packets that the policy decided.', source: IPTABLES },
  bytes: { text: 'Their bytes.', source: IPTABLES },
  device: { text: 'Link that a netdev chain hangs on.', source: NFT },
  madeBy: {
    text: 'Who made it, recognised by its name (Docker, kube-proxy, Calico…).',
    source: 'the driver’s documentation',
  },
}

export const IPVS: Explanations = {
  protocol: { text: 'tcp, udp or sctp.', source: IPVSADM },
  family: { text: 'IPv4 or IPv6.', source: IPVSADM },
  address: { text: 'Virtual address: what clients connect to.', source: IPVSADM },
  port: { text: 'Virtual port; of a destination: the port there.', source: IPVSADM },
  fwmark: {
    text: 'The service takes packets with this mark instead of an address. Docker Swarm marks them in the mangle table of the same namespace.',
    source: IPVSADM,
  },
  scheduler: { text: 'How a destination is chosen: rr in turn, wrr by weight, lc the least busy…', source: IPVSADM },
  flags: { text: 'persistent, ops (one packet), hashed…', source: IPVSADM },
  persistentS: { text: 'For so many seconds a client comes back to the same destination.', source: IPVSADM },
  packetsIn: { text: 'Packets that came in for the service.', source: IPVSADM },
  bytesIn: { text: 'Their bytes.', source: IPVSADM },
  connections: { text: 'Connections so far.', source: IPVSADM },
  'destinations[].address': { text: 'A real server behind the virtual address.', source: IPVSADM },
  'destinations[].port': { text: 'Its port.', source: IPVSADM },
  'destinations[].weight': { text: 'Its share. 0 takes no new connections.', source: IPVSADM },
  'destinations[].forward': {
    text: 'masq: addresses are rewritten, answers must come back this way. route: only the MAC changes, the server must have the virtual address. tunnel: wrapped in IP.',
    source: IPVSADM,
  },
  'destinations[].active': { text: 'Established connections.', source: IPVSADM },
  'destinations[].inactive': {
    text: 'Connections in any other state. Many of them and none active: the server does not answer.',
    source: IPVSADM,
  },
}

export const QDISC: Explanations = {
  link: { text: 'Index of the link it sends by.', source: TC },
  kind: {
    text: 'noqueue: none. pfifo, fq_codel: queues. tbf, htb: limit the rate. netem: adds delay and loss on purpose. ingress, clsact: only hooks for filters.',
    source: TC,
  },
  handle: { text: 'Its number.', source: TC },
  parent: { text: 'root, ingress, or the class it hangs on.', source: TC },
  packets: { text: 'Packets sent through it.', source: TC },
  bytes: { text: 'Bytes sent through it.', source: TC },
  dropped: { text: 'Packets thrown away here: the queue was full, or it was told to.', source: TC },
  overlimits: { text: 'Times the limit held a packet back. Some kinds count drops here.', source: TC },
  backlogPackets: { text: 'Packets waiting now. Staying high: the link is too slow, or stopped.', source: TC },
  backlogBytes: { text: 'Their bytes.', source: TC },
}

export const IPSET: Explanations = {
  name: { text: 'Name by which rules refer to it.', source: 'ipset(8)' },
  type: {
    text: 'How it is stored and what it holds: hash:ip addresses, hash:net prefixes, list:set other sets.',
    source: 'ipset(8)',
  },
  family: { text: 'inet or inet6.', source: 'ipset(8)' },
  members: { text: 'What is in it. A rule that matches the set matches any of them.', source: 'ipset(8)' },
  references: { text: 'Rules and sets that use it. 0: it decides nothing.', source: 'ipset(8)' },
  options: { text: 'What it was made with: size, timeout of its members, counters.', source: 'ipset(8)' },
}
