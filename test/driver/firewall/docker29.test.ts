import { describe, expect, test } from 'vitest'
import { docker29, type NftLayoutSettings } from '../../../src/driver/firewall/docker29.ts'
import type { FirewallItem, NetworkRules } from '../../../src/driver/firewall/firewall.ts'
import { changeScript, rebuildScript } from '../../../src/driver/firewall/nft-table.ts'
import { network, port } from './build.ts'

const SETTINGS: NftLayoutSettings = { layout: 'docker28', chainPrefix: 'DOCKER', hairpin: false }
const DOCKER0 = network('docker0', '172.17.0.0/16')
const BRIDGE1 = network('bridge1', '192.0.2.0/24')
const CONTAINER = '192.0.2.2'

function items(one: NetworkRules, ...published: string[]): FirewallItem[] {
  return [
    { kind: 'base', family: one.family },
    { kind: 'network', network: DOCKER0 },
    { kind: 'network', network: one },
    { kind: 'endpoint', network: one, address: CONTAINER },
    ...published.map((text) => port(one, CONTAINER, text)),
  ]
}

function chains(settings: Partial<NftLayoutSettings>, all: readonly FirewallItem[], family: 'ip' | 'ip6' = 'ip') {
  const table = docker29({ ...SETTINGS, ...settings }, family, all)
  return Object.fromEntries([...(table?.chains ?? [])].map(([name, { rules }]) => [name, rules]))
}

const ESTABLISHED = 'ct state established,related counter accept'

test('the table is the one that is documented for 29, with a published port', () => {
  const table = docker29(SETTINGS, 'ip', items(BRIDGE1, '8080:80'))
  expect(table?.name).toBe('docker-bridges')
  expect(Object.fromEntries([...(table?.maps ?? [])].map(([name, map]) => [name, Object.fromEntries(map)]))).toEqual(
    Object.fromEntries(
      ['filter-forward-in', 'filter-forward-out', 'nat-postrouting-in', 'nat-postrouting-out'].map((chain) => [
        `${chain}-jumps`,
        { docker0: `${chain}__docker0`, bridge1: `${chain}__bridge1` },
      ]),
    ),
  )
  expect(chains({}, items(BRIDGE1, '8080:80'))).toEqual({
    'filter-FORWARD': ['oifname vmap @filter-forward-in-jumps', 'iifname vmap @filter-forward-out-jumps'],
    'nat-OUTPUT': ['ip daddr != 127.0.0.0/8 fib daddr type local counter jump nat-prerouting-and-output'],
    'nat-POSTROUTING': ['iifname vmap @nat-postrouting-out-jumps', 'oifname vmap @nat-postrouting-in-jumps'],
    'nat-PREROUTING': ['fib daddr type local counter jump nat-prerouting-and-output'],
    'nat-prerouting-and-output': ['iifname != "bridge1" tcp dport 8080 counter dnat to 192.0.2.2:80 comment "DNAT"'],
    'raw-PREROUTING': ['ip daddr 192.0.2.2 iifname != "bridge1" counter drop comment "DROP DIRECT ACCESS"'],
    'filter-forward-in__docker0': [
      ESTABLISHED,
      'iifname "docker0" counter accept comment "ICC"',
      'counter drop comment "UNPUBLISHED PORT DROP"',
    ],
    'filter-forward-out__docker0': [ESTABLISHED, 'counter accept comment "OUTGOING"'],
    'nat-postrouting-in__docker0': [],
    'nat-postrouting-out__docker0': [
      'oifname != "docker0" ip saddr 172.17.0.0/16 counter masquerade comment "MASQUERADE"',
    ],
    'filter-forward-in__bridge1': [
      ESTABLISHED,
      'iifname "bridge1" counter accept comment "ICC"',
      'ip daddr 192.0.2.2 tcp dport 80 counter accept',
      'counter drop comment "UNPUBLISHED PORT DROP"',
    ],
    'filter-forward-out__bridge1': [ESTABLISHED, 'counter accept comment "OUTGOING"'],
    'nat-postrouting-in__bridge1': [],
    'nat-postrouting-out__bridge1': [
      'oifname != "bridge1" ip saddr 192.0.2.0/24 counter masquerade comment "MASQUERADE"',
    ],
  })
})

describe('what differs', () => {
  const usual = chains({}, items(BRIDGE1, '8080:80'))

  test.each<[string, Partial<NftLayoutSettings>, Partial<NetworkRules>, string, Record<string, readonly string[]>]>([
    [
      'without communication between containers',
      {},
      { icc: false },
      '8080:80',
      {
        'filter-forward-in__bridge1': [
          ESTABLISHED,
          'iifname "bridge1" counter drop comment "ICC"',
          'ip daddr 192.0.2.2 tcp dport 80 counter accept',
          'counter drop comment "UNPUBLISHED PORT DROP"',
        ],
      },
    ],
    [
      'of a port published on a loopback address',
      {},
      {},
      '127.0.0.1:8080:80',
      {
        'nat-prerouting-and-output': [
          'iifname != "bridge1" ip daddr 127.0.0.1 tcp dport 8080 counter dnat to 192.0.2.2:80 comment "DNAT"',
        ],
        'raw-PREROUTING': [
          'ip daddr 192.0.2.2 iifname != "bridge1" counter drop comment "DROP DIRECT ACCESS"',
          'iifname != "lo" ip daddr 127.0.0.1 tcp dport 8080 counter drop comment "DROP REMOTE LOOPBACK"',
        ],
      },
    ],
    [
      'without the userland proxy',
      { hairpin: true },
      {},
      '8080:80',
      {
        'nat-OUTPUT': ['fib daddr type local counter jump nat-prerouting-and-output'],
        'nat-prerouting-and-output': ['tcp dport 8080 counter dnat to 192.0.2.2:80 comment "DNAT"'],
        'nat-postrouting-in__docker0': ['fib saddr type local counter masquerade comment "MASQUERADE FROM HOST"'],
        'nat-postrouting-in__bridge1': [
          'fib saddr type local counter masquerade comment "MASQUERADE FROM HOST"',
          'ip saddr 192.0.2.2 ip daddr 192.0.2.2 tcp dport 80 counter masquerade comment "MASQ TO OWN PORT"',
        ],
      },
    ],
    [
      'in mode nat-unprotected',
      {},
      { mode: 'nat-unprotected' },
      '8080:80',
      {
        'raw-PREROUTING': [],
        'filter-forward-in__bridge1': [
          ESTABLISHED,
          'iifname "bridge1" counter accept comment "ICC"',
          'counter accept comment "UNPROTECTED"',
        ],
      },
    ],
    [
      'in mode routed',
      {},
      { mode: 'routed' },
      '0:80',
      {
        'raw-PREROUTING': [],
        'nat-prerouting-and-output': [],
        'nat-postrouting-out__bridge1': [],
        'filter-forward-in__bridge1': [
          ESTABLISHED,
          'ip protocol icmp counter accept comment "ICMP"',
          'iifname "bridge1" counter accept comment "ICC"',
          'ip daddr 192.0.2.2 tcp dport 80 counter accept',
          'counter drop comment "UNPUBLISHED PORT DROP"',
        ],
      },
    ],
    [
      'with the behaviour of 20.10: networks are apart, the host guards nothing else',
      { layout: 'docker20' },
      {},
      '8080:80',
      {
        'raw-PREROUTING': [],
        'filter-forward-in__docker0': [
          'iifname { "bridge1" } counter drop comment "ISOLATION"',
          ESTABLISHED,
          'iifname "docker0" counter accept comment "ICC"',
        ],
        'filter-forward-in__bridge1': [
          'iifname { "docker0" } counter drop comment "ISOLATION"',
          ESTABLISHED,
          'iifname "bridge1" counter accept comment "ICC"',
          'ip daddr 192.0.2.2 tcp dport 80 counter accept',
        ],
        'nat-postrouting-in__bridge1': [
          'ip saddr 192.0.2.2 ip daddr 192.0.2.2 tcp dport 80 counter masquerade comment "MASQ TO OWN PORT"',
        ],
      },
    ],
  ])('%s', (_, settings, change, published, expected) => {
    expect(chains(settings, items({ ...BRIDGE1, ...change }, published))).toEqual({ ...usual, ...expected })
  })

  test.each([
    [true, 'accept'],
    [false, 'drop'],
  ])('of an internal network with icc %s', (icc, verdict) => {
    const internal = items({ ...BRIDGE1, internal: true, icc })
    expect(chains({}, internal)).toMatchObject({
      'raw-PREROUTING': [],
      'nat-prerouting-and-output': [],
      'filter-forward-in__bridge1': [
        ESTABLISHED,
        'iifname != "bridge1" counter drop comment "INTERNAL NETWORK INGRESS"',
        `counter ${verdict} comment "ICC"`,
      ],
      'filter-forward-out__bridge1': [
        ESTABLISHED,
        'oifname != "bridge1" counter drop comment "INTERNAL NETWORK EGRESS"',
      ],
      'nat-postrouting-out__bridge1': [],
    })
  })

  test('of IPv6 with a source address and no proxy, on a loopback address', () => {
    const v6 = network('br-dummy', 'fd49:efd7:54aa::/64', { snatTo: 'fd34:d0d4:672f::123' })
    const all: FirewallItem[] = [
      { kind: 'base', family: 'ip6' },
      { kind: 'network', network: v6 },
      { kind: 'endpoint', network: v6, address: 'fd49:efd7:54aa::1' },
      port(v6, 'fd49:efd7:54aa::1', '::1:8080:80'),
    ]
    expect(chains({ hairpin: true }, all, 'ip6')).toMatchObject({
      'nat-prerouting-and-output': [
        'ip6 saddr != fe80::/10 ip6 daddr ::1 tcp dport 8080 counter dnat to [fd49:efd7:54aa::1]:80 comment "DNAT"',
      ],
      'raw-PREROUTING': ['ip6 daddr fd49:efd7:54aa::1 iifname != "br-dummy" counter drop comment "DROP DIRECT ACCESS"'],
      'nat-postrouting-in__br-dummy': [
        'fib saddr type local counter snat to fd34:d0d4:672f::123 comment "SNAT FROM HOST"',
        'ip6 saddr fd49:efd7:54aa::1 ip6 daddr fd49:efd7:54aa::1 tcp dport 80 counter masquerade comment "MASQ TO OWN PORT"',
      ],
      'nat-postrouting-out__br-dummy': [
        'oifname != "br-dummy" ip6 saddr fd49:efd7:54aa::/64 counter snat to fd34:d0d4:672f::123 comment "SNAT"',
      ],
    })
    expect(chains({}, all, 'ip6')['nat-OUTPUT']).toEqual([
      'ip6 daddr != ::1 fib daddr type local counter jump nat-prerouting-and-output',
    ])
  })
})

test('without a base there is no table', () => {
  expect(docker29(SETTINGS, 'ip6', items(BRIDGE1))).toBeUndefined()
})

describe('a change of the table', () => {
  const tableOf = (...all: FirewallItem[]) => {
    const table = docker29(SETTINGS, 'ip', [{ kind: 'base', family: 'ip' }, ...all])
    if (!table) throw new Error('no table')
    return table
  }
  const one: FirewallItem = { kind: 'network', network: BRIDGE1 }

  test('is nothing when nothing changes', () => {
    expect(changeScript(tableOf(one), tableOf(one))).toBe('')
  })

  test('only adds what a chain gets at its end, so that its counters go on', () => {
    const endpoint: FirewallItem = { kind: 'endpoint', network: BRIDGE1, address: CONTAINER }
    expect(changeScript(tableOf(one), tableOf(one, endpoint))).toBe(
      'add rule ip docker-bridges raw-PREROUTING ip daddr 192.0.2.2 iifname != "bridge1" counter drop comment "DROP DIRECT ACCESS"\n',
    )
  })

  test('takes a network out of the maps before its chains go', () => {
    const lines = changeScript(tableOf({ kind: 'network', network: DOCKER0 }, one), tableOf(one)).split('\n')
    const element = lines.findIndex((line) =>
      line.startsWith('delete element ip docker-bridges filter-forward-in-jumps'),
    )
    const chain = lines.indexOf('delete chain ip docker-bridges filter-forward-in__docker0')
    expect(element).toBeGreaterThanOrEqual(0)
    expect(chain).toBeGreaterThan(element)
  })

  test('a closed policy is that of the forward chain', () => {
    expect(rebuildScript(tableOf({ kind: 'forwardDrop', family: 'ip' }))).toContain('priority 0; policy drop;')
  })
})
