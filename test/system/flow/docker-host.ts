import type { World } from '../../helpers/netns-world.ts'

/** Namespace → what `ip -batch` makes in it. */
export type Links = Readonly<Record<string, readonly string[]>>

/** `web` and `db` on a bridge of `dockerhost` as Docker would have it, `out` beyond its uplink. */
export const DOCKER_HOST: Readonly<Record<'dockerhost' | 'web' | 'db' | 'out', readonly string[]>> = {
  dockerhost: [
    'link add br0 type bridge',
    'link add vweb type veth peer name eth0 netns web',
    'link add vdb type veth peer name eth0 netns db',
    'link add eth0 type veth peer name eth0 netns out',
    'link set vweb master br0 up',
    'link set vdb master br0 up',
    'link set br0 up',
    'link set eth0 up',
    'addr add 172.19.0.1/16 dev br0',
    'addr add 192.168.7.2/24 dev eth0',
    'route add default via 192.168.7.1',
  ],
  web: ['link set eth0 up', 'addr add 172.19.0.3/16 dev eth0', 'route add default via 172.19.0.1'],
  db: ['link set eth0 up', 'addr add 172.19.0.2/16 dev eth0', 'route add default via 172.19.0.1'],
  out: ['link set eth0 up', 'addr add 192.168.7.1/24 dev eth0'],
}

const NAT = [
  '-t nat -A PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 8000 -j DNAT --to-destination 172.19.0.3:80',
  '-t nat -A POSTROUTING -s 172.19.0.0/16 ! -o br0 -j MASQUERADE',
]

export async function makeLinks(world: World, links: Links): Promise<void> {
  for (const name of Object.keys(links)) await world.run('ip', ['netns', 'add', name])
  for (const [name, lines] of Object.entries(links)) {
    await world.run('ip', ['-n', name, '-batch', '-'], { input: `link set lo up\n${lines.join('\n')}\n` })
  }
}

/** It forwards, and port 8000 of it is published: port 80 of `web`. */
export async function publish(world: World): Promise<void> {
  const inside = { namespace: 'dockerhost' }
  await world.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1'], inside)
  for (const rule of NAT) await world.run('iptables', rule.split(' '), inside)
}
