/** Rules of a Docker-like host that a fault takes away. */
export const RULES = {
  published: '-t nat -A DOCKER -p tcp --dport 8000 -j DNAT --to-destination 172.18.0.3:80',
  ownPort: '-t nat -A POSTROUTING -s 172.18.0.3 -d 172.18.0.3 -p tcp --dport 80 -j MASQUERADE',
  dns: '-t nat -A OUTPUT -d 127.0.0.11 -p udp --dport 54 -j DNAT --to-destination 127.0.0.11:53',
} as const

/**
 * Small forms of the labs that the fault catalogue means, by namespace and as lines of `ip -batch`: a router (rr) between
 * ra and rb; a host with two bridges (bh) and a machine outside; two hosts with an overlay (oh1, oh2); macvlan (mh).
 */
export const LINKS: Readonly<Record<string, readonly string[]>> = {
  rr: [
    'link add la type veth peer name eth0 netns ra',
    'link add lb type veth peer name eth0 netns rb',
    'addr add 10.1.1.1/24 dev la',
    'addr add 10.1.2.1/24 dev lb',
    'link set la up',
    'link set lb up',
  ],
  ra: end('10.1.1.2/24', '10.1.1.1'),
  rb: end('10.1.2.2/24', '10.1.2.1'),
  bh: [
    'link add br0 type bridge',
    'link add br1 type bridge',
    'link add vweb type veth peer name eth0 netns web',
    'link add vdb type veth peer name eth0 netns db',
    'link add vapp type veth peer name eth0 netns app',
    'link add eth0 type veth peer name eth0 netns out',
    'link set vweb master br0 up',
    'link set vdb master br0 up',
    'link set vapp master br1 up',
    'link set vweb type bridge_slave hairpin on',
    ...['br0', 'br1', 'eth0'].map((link) => `link set ${link} up`),
    'addr add 172.18.0.1/16 dev br0',
    'addr add 172.19.0.1/16 dev br1',
    'addr add 192.168.7.2/24 dev eth0',
    'route add default via 192.168.7.1',
  ],
  web: end('172.18.0.3/16', '172.18.0.1'),
  db: end('172.18.0.2/16', '172.18.0.1'),
  app: end('172.19.0.2/16', '172.19.0.1'),
  out: ['link set eth0 up', 'addr add 192.168.7.1/24 dev eth0'],
  oh1: [
    'link add eth0 type veth peer name eth0 netns oh2',
    'addr add 10.8.0.1/24 dev eth0',
    'link set eth0 up',
    ...overlay('10.8.0.1', 'oc1'),
    'neigh add 10.9.0.3 lladdr 02:42:0a:09:00:03 dev vx nud permanent',
  ],
  oh2: [
    'addr add 10.8.0.2/24 dev eth0',
    'link set eth0 up',
    ...overlay('10.8.0.2', 'oc2'),
    'neigh add 10.9.0.2 lladdr 02:42:0a:09:00:02 dev vx nud permanent',
  ],
  oc1: ['link set eth0 address 02:42:0a:09:00:02 mtu 1450 up', 'addr add 10.9.0.2/24 dev eth0'],
  oc2: ['link set eth0 address 02:42:0a:09:00:03 mtu 1450 up', 'addr add 10.9.0.3/24 dev eth0'],
  mh: [
    'link add wan type veth peer name eth0 netns mo',
    'link set wan up',
    'link add mm link wan type macvlan mode bridge',
    'link set mm netns mm1',
  ],
  mm1: ['link set mm name eth0', 'link set eth0 up', 'addr add 10.7.0.2/24 dev eth0'],
  mo: ['link set eth0 up', 'addr add 10.7.0.9/24 dev eth0'],
}

function end(address: string, gateway: string): string[] {
  return ['link set eth0 up', `addr add ${address} dev eth0`, `route add default via ${gateway}`]
}

/** As Docker's driver makes it, but in the host itself: the device answers for the other side's containers. */
function overlay(local: string, container: string): string[] {
  return [
    'link add ov mtu 1450 type bridge',
    `link add vx mtu 1450 type vxlan id 42 dstport 4789 local ${local} nolearning proxy`,
    `link add vc mtu 1450 type veth peer name eth0 netns ${container}`,
    'link set vx master ov up',
    'link set vc master ov up',
    'link set ov up',
  ]
}

/** What `ip -batch` does not do, as `@NAMESPACE COMMAND`. */
export const SYSCTLS: readonly string[] = [
  '@rr sysctl -qw net.ipv4.ip_forward=1',
  '@bh sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1',
  '@oh1 bridge fdb add 02:42:0a:09:00:03 dev vx dst 10.8.0.2 self permanent',
  '@oh2 bridge fdb add 02:42:0a:09:00:02 dev vx dst 10.8.0.1 self permanent',
  ...[
    '-N DOCKER',
    '-N DOCKER-ISOLATION-STAGE-2',
    '-P FORWARD DROP',
    '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A FORWARD -o br0 -j DOCKER',
    '-A FORWARD -i br0 -j ACCEPT',
    '-A DOCKER -d 172.18.0.3 -p tcp --dport 80 -j ACCEPT',
    '-A DOCKER-ISOLATION-STAGE-2 -o br1 -j DROP',
    '-t nat -N DOCKER',
    '-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
    '-t nat -A POSTROUTING -s 172.18.0.0/16 ! -o br0 -j MASQUERADE',
    RULES.published,
    RULES.ownPort,
  ].map((rule) => `@bh iptables ${rule}`),
  `@web iptables ${RULES.dns}`,
]
