import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyNftTable, NETLINK, NetlinkSocket, NFNL_SUBSYS, NFPROTO, nfnetlinkBatch } from '../../src/index.ts'
import { type TestNamespace, testNamespace } from '../helpers/namespace.ts'

let from: TestNamespace
let to: TestNamespace
const sockets: NetlinkSocket[] = []

beforeAll(() => {
  from = testNamespace()
  to = testNamespace()
})

afterAll(() => {
  for (const socket of sockets) socket.close()
  from.remove()
  to.remove()
})

function open({ name }: TestNamespace): NetlinkSocket {
  const socket = new NetlinkSocket(NETLINK.NETFILTER, { namespace: { path: `/run/netns/${name}` } })
  sockets.push(socket)
  return socket
}

function copy(family: number, name: string): void {
  nfnetlinkBatch(open(to), copyNftTable(open(from), { family, name }), { subsystem: NFNL_SUBSYS.NFTABLES })
}

const saved = ({ run }: TestNamespace, command: string) => run(command).replace(/^#.*\n/gm, '')

test('a table of iptables is copied with its extensions, and iptables prints it the same', () => {
  const rules = [
    '-N USER',
    '-P OUTPUT ACCEPT',
    '-A PREROUTING -p tcp -m multiport --dports 80,443 -j REDIRECT --to-ports 8080',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j USER',
    '-A POSTROUTING -s 10.0.0.0/8 ! -o br0 -j MASQUERADE',
    '-A POSTROUTING ! -p icmp -m comment --comment kept -j USER',
    '-A OUTPUT -d 10.9.0.0/16 -p udp -m udp --dport 53 -j DNAT --to-destination 10.1.0.2:5300-5310',
    '-A USER -j RETURN',
  ]
  for (const rule of rules) from.run(`iptables -t nat ${rule}`)
  copy(NFPROTO.IPV4, 'nat')
  const expected = saved(from, 'iptables-save -t nat')
  expect(expected).toContain('--to-ports 8080')
  expect(saved(to, 'iptables-save -t nat')).toBe(expected)
  to.run('iptables -t nat -C PREROUTING -m addrtype --dst-type LOCAL -j USER')
})

test('a table of ip6tables and one of nft are copied as well', () => {
  from.run('ip6tables -A FORWARD -p tcp -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT')
  from.run('nft add table inet own')
  from.run('nft add chain inet own in { type filter hook input priority -5 ; policy drop ; }')
  from.run('nft add rule inet own in tcp dport 22 counter accept comment "ssh"')
  copy(NFPROTO.IPV6, 'filter')
  copy(NFPROTO.INET, 'own')
  expect(saved(to, 'ip6tables-save')).toBe(saved(from, 'ip6tables-save'))
  expect(to.run('nft list table inet own')).toBe(from.run('nft list table inet own'))
})

test('what is not copied whole is not copied at all', () => {
  from.run('nft add table ip sets')
  from.run('nft add set ip sets s { type ipv4_addr ; }')
  expect(() => copyNftTable(open(from), { family: NFPROTO.IPV4, name: 'sets' })).toThrow('it has more than chains')
  expect(() => copyNftTable(open(from), { family: NFPROTO.IPV4, name: 'gone' })).toThrow('table ip gone: there is none')
})
