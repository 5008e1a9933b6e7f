import { dumpNftTables, inNamespace, NETLINK, NetlinkSocket } from 'netlink-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listPlainTable, plainRules } from '../../../src/kernel/firewall/plain-table.ts'
import { type Firewall, readFirewall } from '../../../src/kernel/firewall/read-firewall.ts'
import { testNamespaces } from '../../helpers/netns.ts'

const spaces = testNamespaces('plain')
let name = ''

/** With the tools, and as the program reads it: a dump first. `decoded`: whether that sufficed. */
async function readBothWays(): Promise<{ tools: Firewall; dump: Firewall; decoded: boolean }> {
  const path = `/run/netns/${name}`
  const socket = inNamespace({ path }, () => new NetlinkSocket(NETLINK.NETFILTER))
  try {
    const tables = dumpNftTables(socket)
    const plainTable = listPlainTable(socket, tables)
    const source = {
      namespace: { path, inode: await spaces.inode(name) },
      name,
      nftTables: tables.map((table) => ({ family: table.familyName, name: table.name })),
      inside: <T>(place: string, action: () => T) => inNamespace({ path: place }, action),
    }
    const [tools, dump] = await Promise.all([readFirewall(source), readFirewall({ ...source, plainTable })])
    return { tools, dump, decoded: plainTable !== undefined && plainRules(plainTable) !== undefined }
  } finally {
    socket.close()
  }
}

function iptables(rule: string): Promise<string> {
  return spaces.run(name, 'iptables-nft', ['-t', 'nat', ...rule.split(' ')])
}

const RESOLVER = [
  '-N DOCKER_OUTPUT',
  '-N DOCKER_POSTROUTING',
  '-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT',
  '-A POSTROUTING -d 127.0.0.11/32 -j DOCKER_POSTROUTING',
  '-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:39455',
  '-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:50137',
  '-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p tcp -m tcp --sport 39455 -j SNAT --to-source :53',
  '-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p udp -m udp --sport 50137 -j SNAT --to-source :53',
]

beforeAll(async () => {
  name = await spaces.add('resolver')
  for (const rule of RESOLVER) await iptables(rule)
  // so that some counters are not 0
  await spaces.run(name, 'bash', ['-c', 'echo >/dev/udp/127.0.0.11/53'])
})

afterAll(async () => {
  await spaces.removeAll()
  expect(await spaces.leaks()).toEqual([])
})

describe("an engine's resolver rules", () => {
  test('are read without tools, to the letter', async () => {
    const { tools, dump, decoded } = await readBothWays()
    expect(decoded).toBe(true)
    expect(JSON.stringify(dump)).toBe(JSON.stringify(tools))
    expect(tools.rules).toHaveLength(6)
    expect(Math.max(...tools.rules.map(({ packets }) => packets))).toBeGreaterThan(0)
  })
})

describe('a rule more', () => {
  const plain = [
    '-A OUTPUT -j ACCEPT',
    '-A OUTPUT -p tcp -j RETURN',
    '-A OUTPUT -s 10.0.0.1/32 -d 10.0.0.2/32 -p udp -m udp --dport 65535',
    '-A PREROUTING -j DNAT --to-destination 10.0.0.9',
    '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination :8080',
  ]
  const others = [
    '-A OUTPUT -s 10.0.0.1/32 -d 10.0.0.2/32 -p udp -m udp --sport 1 --dport 65535',
    '-A OUTPUT ! -d 127.0.0.11/32 -j DOCKER_OUTPUT',
    '-A OUTPUT -d 10.1.0.0/16 -j DOCKER_OUTPUT',
    '-A OUTPUT -d 10.1.2.0/25 -j ACCEPT',
    '-A OUTPUT -o lo -j ACCEPT',
    '-A OUTPUT -p icmp -j ACCEPT',
    '-A OUTPUT ! -p tcp -j ACCEPT',
    '-A OUTPUT -p tcp -m tcp --dport 1:1024 -j ACCEPT',
    '-A OUTPUT -p tcp -m tcp ! --dport 53 -j ACCEPT',
    '-A OUTPUT -p tcp -m multiport --dports 80,443 -j ACCEPT',
    '-A OUTPUT -p tcp -m tcp --syn -j ACCEPT',
    '-A OUTPUT -m comment --comment word -j ACCEPT',
    '-A OUTPUT -d 127.0.0.11/32 -g DOCKER_OUTPUT',
    '-A OUTPUT -p tcp -j DNAT --to-destination 10.0.0.1-10.0.0.9:80-90',
    '-A OUTPUT -p tcp -j DNAT --to-destination 10.0.0.1:80 --random',
    '-A OUTPUT -p tcp -j REDIRECT --to-ports 80',
    '-A POSTROUTING -j MASQUERADE',
    '-A POSTROUTING -j SNAT --to-source 10.0.0.1 --persistent',
    '-N A_CHAIN_OF_LATER',
  ]

  test.each([...plain, ...others])('%s', async (rule) => {
    await iptables(rule)
    const { tools, dump, decoded } = await readBothWays()
    await iptables(rule.replace(/^-A/, '-D').replace(/^-N/, '-X'))
    expect(JSON.stringify(dump)).toBe(JSON.stringify(tools))
    expect(decoded).toBe(plain.includes(rule))
  })
})

describe('what is not one plain table', () => {
  test('is left to the tools', async () => {
    for (const script of [
      'add set ip nat s { type ipv4_addr; }',
      'add table inet other',
      'add rule ip nat OUTPUT meta mark 1 counter accept',
      'add rule ip nat OUTPUT ip daddr 10.0.0.1 accept',
      'add rule ip nat OUTPUT ip daddr 10.0.0.1 counter accept comment "here"',
      'add chain ip nat native { type nat hook output priority 7; }',
    ]) {
      await spaces.run(name, 'nft', ['-f', '-'], { input: `${script}\n` })
      const { tools, dump, decoded } = await readBothWays()
      expect(JSON.stringify(dump), script).toBe(JSON.stringify(tools))
      expect(decoded, script).toBe(false)
    }
  })
})
