import { readdirSync } from 'node:fs'
import { getNftGeneration, inNamespace, NETLINK, NetlinkSocket } from 'netlink-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Firewall, readFirewall } from '../../../src/kernel/firewall/read-firewall.ts'
import { testNamespaces } from '../../helpers/netns.ts'

const spaces = testNamespaces('fw')

interface NftTableItem {
  readonly table?: { readonly family: string; readonly name: string }
}

async function nftJson(name: string): Promise<Record<string, Record<string, unknown>>[]> {
  return JSON.parse(await spaces.run(name, 'nft', ['-j', '-a', 'list', 'ruleset'])).nftables
}

async function read(name: string): Promise<Firewall> {
  const items = (await nftJson(name)) as NftTableItem[]
  return readFirewall({
    namespace: { path: `/run/netns/${name}`, inode: await spaces.inode(name) },
    name,
    nftTables: items.flatMap(({ table }) => (table ? [table] : [])),
    inside: (path, action) => inNamespace({ path }, action),
  })
}

/** Everything that would differ had something been made: nft's ruleset and generation, legacy tables. */
async function state(name: string): Promise<string> {
  const files = ['ip_tables_names', 'ip6_tables_names', 'arp_tables_names'].map((file) => `/proc/net/${file}`)
  const legacy = await Promise.all(files.map((file) => spaces.run(name, 'cat', [file]).catch(() => '')))
  const socket = inNamespace({ path: `/run/netns/${name}` }, () => new NetlinkSocket(NETLINK.NETFILTER))
  const generation = getNftGeneration(socket).id
  socket.close()
  return [String(generation), ...legacy, await spaces.run(name, 'nft', ['-a', 'list', 'ruleset'])].join('\n---\n')
}

/** The rules of a listing with counters. */
function lines(saved: string): string[] {
  return saved.split('\n').filter((line) => line.startsWith('['))
}

function asSaved({ rules }: Firewall, backend: string, family: string): string[] {
  return rules
    .filter((rule) => rule.backend === backend && rule.family === family && rule.syntax === 'iptables')
    .map(({ packets, bytes, chain, text }) => `[${packets}:${bytes}] -A ${chain} ${text}`)
}

afterAll(async () => {
  await spaces.removeAll()
  expect(await spaces.leaks()).toEqual([])
})

describe('a namespace without a packet filter', () => {
  test('has no rules, and reading it registers no table and makes none', async () => {
    const name = await spaces.add('empty')
    const before = await state(name)
    expect(await read(name)).toEqual({ rules: [], chains: [], nftSets: [], hidden: [] })
    expect(await state(name)).toBe(before)
  })
})

describe('a namespace with both back ends', () => {
  let name = ''

  beforeAll(async () => {
    name = await spaces.add('both')
    const words = (line: string) => line.split(' ')
    const rules: [string, string][] = [
      ['iptables-legacy', '-A INPUT -p tcp --dport 80 -j DROP'],
      ['iptables-legacy', '-t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 10.9.0.2:80'],
      ['ip6tables-legacy', '-P FORWARD DROP'],
      ['iptables-nft', '-N TS-USER'],
      ['iptables-nft', '-A TS-USER -s 10.9.0.0/24 -j RETURN'],
      ['iptables-nft', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j TS-USER'],
      ['iptables-nft', '-t nat -A POSTROUTING -s 10.9.0.0/24 -j MASQUERADE'],
      ['ip6tables-nft', '-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT'],
      ['ebtables-nft', '-A FORWARD -p IPv4 --ip-src 10.9.0.9 -j DROP'],
      ['ebtables-nft', '-N TS-BRIDGE'],
      ['arptables-nft', '-A INPUT -s 10.9.0.7 -j DROP'],
    ]
    for (const [tool, line] of rules) await spaces.run(name, tool, words(line))
    await spaces.run(name, 'iptables-nft', ['-A', 'INPUT', '-m', 'comment', '--comment', 'a "q" -j b', '-j', 'ACCEPT'])
    await spaces.run(name, 'nft', ['-f', '-'], {
      input: `table inet ts-own {
        set s { type ipv4_addr . inet_service; elements = { 10.9.0.1 . 80 }; }
        map m { type ipv4_addr : verdict; elements = { 10.9.0.1 : drop }; }
        chain other { ip saddr vmap @m; };
        chain c { type filter hook input priority 7; policy drop;
          ip saddr . tcp dport @s counter accept comment "say # handle 1"
          iifname vmap { "lo" : accept, "eth0" : jump other }
          limit rate 3/minute log prefix "x # handle 2" reject
          jump other
        }
      }
      table netdev ts-dev { chain i { type filter hook ingress device "lo" priority 0; }; }
      table ip filter2 { chain x { tcp dport 22 accept; }; }
      `,
    })
  })

  test('has the rules that every save tool prints, in their order and with their counters', async () => {
    const firewall = await read(name)
    for (const [family, tool] of [
      ['ip', 'iptables'],
      ['ip6', 'ip6tables'],
      ['arp', 'arptables'],
      ['bridge', 'ebtables'],
    ] as const) {
      const saved = await spaces.run(name, `${tool}-nft-save`, ['-c'])
      expect(asSaved(firewall, 'nft', family)).toEqual(lines(saved))
    }
    expect(asSaved(firewall, 'legacy', 'ip')).toEqual(lines(await spaces.run(name, 'iptables-legacy-save', ['-c'])))
    expect(firewall.hidden).toEqual([])
  })

  test('has every rule of nft once, with the handle that nft gives it', async () => {
    const items = (await nftJson(name)).flatMap(({ rule }) => (rule ? [rule] : []))
    const expected = items.map(({ family, table, chain, handle }) => `${family} ${table} ${chain} ${handle}`)
    const { rules } = await read(name)
    const found = rules
      .filter(({ backend }) => backend === 'nft')
      .map(({ family, table, chain, handle }) => `${family} ${table} ${chain} ${handle}`)
    const policyOfUserChain = expected.filter((key) => key.startsWith('bridge filter TS-BRIDGE'))
    expect(policyOfUserChain).toHaveLength(1)
    expect(found.toSorted()).toEqual(expected.filter((key) => !policyOfUserChain.includes(key)).toSorted())
  })

  test('has native rules in the words of nft, with target, counters and comment', async () => {
    const { rules } = await read(name)
    const own = rules.filter(({ table }) => table === 'ts-own').filter(({ chain }) => chain === 'c')
    expect(own.map(({ text, target, packets }) => ({ text, target, packets }))).toEqual([
      {
        text: 'ip saddr . tcp dport @s counter packets 0 bytes 0 accept comment "say # handle 1"',
        target: 'ACCEPT',
        packets: 0,
      },
      { text: 'iifname vmap { "lo" : accept, "eth0" : jump other }', target: undefined, packets: -1 },
      { text: 'limit rate 3/minute log prefix "x # handle 2" reject', target: 'REJECT', packets: -1 },
      { text: 'jump other', target: 'other', packets: -1 },
    ])
    expect(own[0]).toMatchObject({ syntax: 'nft', position: 1, comment: 'say # handle 1' })
    expect(own[1]?.expressions).toHaveLength(1)
  })

  test('has the chains with hook, priority, policy and device, and none that a save tool only pretends', async () => {
    const { chains } = await read(name)
    const chain = (table: string, which: string, backend = 'nft', family?: string) =>
      chains.find(
        (c) => c.table === table && c.chain === which && c.backend === backend && c.family === (family ?? c.family),
      )
    expect(chain('ts-own', 'c')).toEqual({
      backend: 'nft',
      family: 'inet',
      table: 'ts-own',
      chain: 'c',
      hook: 'input',
      priority: 7,
      type: 'filter',
      policy: 'DROP',
    })
    expect(chain('ts-dev', 'i')).toMatchObject({ hook: 'ingress', device: 'lo' })
    expect(chain('nat', 'POSTROUTING', 'nft')).toMatchObject({ hook: 'postrouting', priority: 100, packets: 0 })
    expect(chain('nat', 'OUTPUT', 'nft')).toBeUndefined()
    expect(chain('filter', 'TS-USER')).toEqual({ backend: 'nft', family: 'ip', table: 'filter', chain: 'TS-USER' })
    expect(chain('filter', 'FORWARD', 'legacy', 'ip6')).toMatchObject({ policy: 'DROP', hook: 'forward', priority: 0 })
  })

  test('has named sets and maps with their elements', async () => {
    const { nftSets } = await read(name)
    expect(nftSets).toEqual([
      {
        family: 'inet',
        table: 'ts-own',
        name: 's',
        kind: 'set',
        type: 'ipv4_addr . inet_service',
        flags: [],
        elements: [{ concat: ['10.9.0.1', 80] }],
      },
      {
        family: 'inet',
        table: 'ts-own',
        name: 'm',
        kind: 'map',
        type: 'ipv4_addr',
        dataType: 'verdict',
        flags: [],
        elements: [['10.9.0.1', { drop: null }]],
      },
    ])
  })

  test('is not changed by being read, nor are descriptors left open', async () => {
    const before = await state(name)
    await read(name)
    const descriptors = readdirSync('/proc/self/fd').length
    for (let i = 0; i < 3; i++) await read(name)
    expect(await state(name)).toBe(before)
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(descriptors)
  })
})

describe('a table with a name of iptables that is not its own', () => {
  test('is shown in the words of nft', async () => {
    const name = await spaces.add('native')
    await spaces.run(name, 'nft', ['-f', '-'], {
      input: 'table ip filter { chain input { type filter hook input priority 5; ct state established accept; }; }\n',
    })
    const { rules, hidden } = await read(name)
    expect(rules).toMatchObject([
      { syntax: 'nft', text: 'ct state established accept', chain: 'input', target: 'ACCEPT' },
    ])
    expect(hidden).toEqual([])
  })
})

describe('a namespace that is gone', () => {
  test('has no rules and is no error', async () => {
    const firewall = await readFirewall({
      namespace: { path: '/run/netns/ts-fw-never-was', inode: 1 },
      name: 'gone',
      nftTables: [{ family: 'ip', name: 'nat' }],
      inside: (path, action) => inNamespace({ path }, action),
    })
    expect(firewall).toEqual({ rules: [], chains: [], nftSets: [], hidden: [] })
  })

  test('is not mixed up with another one that its path leads to now', async () => {
    const name = await spaces.add('reused')
    await spaces.run(name, 'iptables-nft', ['-A', 'INPUT', '-j', 'DROP'])
    const firewall = await readFirewall({
      namespace: { path: `/run/netns/${name}`, inode: 1 },
      name,
      nftTables: [{ family: 'ip', name: 'filter' }],
      inside: (path, action) => inNamespace({ path }, action),
    })
    expect(firewall.rules).toEqual([])
  })
})
