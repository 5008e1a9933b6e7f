import { describe, expect, test } from 'vitest'
import type { NetworkRules } from '../../../src/driver/firewall/firewall.ts'
import { Engine, listing, network, port } from './build.ts'

const DOCKER0 = network('docker0', '172.17.0.0/16')
const BRIDGE1 = network('bridge1', '192.0.2.0/24')
const CONTAINER = '192.0.2.2'

/** Documented for 28: bridge1 with a published port beside docker0. */
const EXPECTED = {
  filter: `
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d 192.0.2.2/32 ! -i bridge1 -o bridge1 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER ! -i bridge1 -o bridge1 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-BRIDGE -o bridge1 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-CT -o bridge1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A DOCKER-FORWARD -i bridge1 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i bridge1 ! -o bridge1 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o bridge1 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP`,
  nat: `
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 192.0.2.0/24 ! -o bridge1 -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i bridge1 -j RETURN
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80`,
  raw: '-A PREROUTING -d 192.0.2.2/32 ! -i bridge1 -j DROP',
}

function engine(
  settings: Partial<NetworkRules> = {},
  { published = '8080:80', hairpin = false }: { published?: string; hairpin?: boolean } = {},
): Engine {
  const one = { ...BRIDGE1, ...settings }
  return new Engine('docker28', { hairpin })
    .networks(DOCKER0, one)
    .add({ kind: 'endpoint', network: one, address: CONTAINER }, port(one, CONTAINER, published))
}

/** The documented lines of a table with some of them replaced by others (none = left out). */
function replaced(table: keyof typeof EXPECTED, changes: Readonly<Record<string, readonly string[]>>): string[] {
  const lines = listing(EXPECTED[table]).flatMap((line) => changes[line] ?? [line])
  expect(listing(EXPECTED[table])).toEqual(expect.arrayContaining(Object.keys(changes)))
  return lines
}

test('the rules are the documented ones for a network with a published port', () => {
  for (const table of ['filter', 'nat', 'raw'] as const) {
    expect(engine().all(table)).toEqual(listing(EXPECTED[table]))
  }
})

describe('what differs', () => {
  test('without communication between containers', () => {
    const rules = engine({ icc: false })
    expect(rules.all('filter')).toEqual(
      replaced('filter', {
        '-A DOCKER-FORWARD -i bridge1 -j ACCEPT': [
          '-A DOCKER-FORWARD -i bridge1 -o bridge1 -j DROP',
          '-A DOCKER-FORWARD -i bridge1 ! -o bridge1 -j ACCEPT',
        ],
      }),
    )
    expect(rules.all('nat')).toEqual(listing(EXPECTED.nat))
  })

  test('of a port published on a loopback address', () => {
    const rules = engine({}, { published: '127.0.0.1:8080:80' })
    expect(rules.all('nat')).toEqual(
      replaced('nat', {
        '-A DOCKER ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80': [
          '-A DOCKER -d 127.0.0.1/32 ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80',
        ],
      }),
    )
    expect(rules.all('raw')).toEqual([
      '-A PREROUTING -d 192.0.2.2/32 ! -i bridge1 -j DROP',
      '-A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8080 -j DROP',
    ])
  })

  test('without the userland proxy', () => {
    const rules = engine({}, { hairpin: true })
    expect(rules.all('filter')).toEqual(listing(EXPECTED.filter))
    expect(rules.all('nat')).toEqual(
      listing(`
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o bridge1 -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 192.0.2.0/24 ! -o bridge1 -j MASQUERADE
-A POSTROUTING -o docker0 -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 192.0.2.2/32 -d 192.0.2.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80`),
    )
  })

  test('in mode nat-unprotected', () => {
    const rules = engine({ mode: 'nat-unprotected' })
    expect(rules.all('filter')).toEqual(
      replaced('filter', {
        '-A DOCKER -d 192.0.2.2/32 ! -i bridge1 -o bridge1 -p tcp -m tcp --dport 80 -j ACCEPT': [],
        '-A DOCKER ! -i bridge1 -o bridge1 -j DROP': ['-A DOCKER ! -i bridge1 -o bridge1 -j ACCEPT'],
      }),
    )
    expect(rules.all('nat')).toEqual(listing(EXPECTED.nat))
    expect(rules.all('raw')).toEqual([])
  })

  test('in mode routed', () => {
    const rules = engine({ mode: 'routed' }, { published: '0:80' })
    expect(rules.all('filter')).toEqual(
      replaced('filter', {
        '-A DOCKER ! -i bridge1 -o bridge1 -j DROP': [
          '-A DOCKER -o bridge1 -p icmp -j ACCEPT',
          '-A DOCKER ! -i bridge1 -o bridge1 -j DROP',
        ],
        '-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2': [
          '-A DOCKER-ISOLATION-STAGE-1 -i bridge1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
          '-A DOCKER-ISOLATION-STAGE-1 -o bridge1 -j RETURN',
          '-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2',
        ],
      }),
    )
    expect(rules.all('nat')).toEqual(
      replaced('nat', {
        '-A POSTROUTING -s 192.0.2.0/24 ! -o bridge1 -j MASQUERADE': [],
        '-A DOCKER ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 192.0.2.2:80': [],
      }),
    )
    expect(rules.all('raw')).toEqual([])
  })

  test.each([
    [true, 'ACCEPT'],
    [false, 'DROP'],
  ])('of an internal network with icc %s', (icc, verdict) => {
    const one = { ...BRIDGE1, internal: true, icc }
    const rules = new Engine('docker28').networks(DOCKER0, one)
    rules.add({ kind: 'endpoint', network: one, address: CONTAINER })
    const without = new Engine('docker28').networks(DOCKER0)
    expect(rules.all('nat')).toEqual(without.all('nat'))
    expect(rules.all('raw')).toEqual([])
    expect(rules.chain('filter', 'DOCKER-ISOLATION-STAGE-1')).toEqual([
      '-A DOCKER-ISOLATION-STAGE-1 ! -s 192.0.2.0/24 -o bridge1 -j DROP',
      '-A DOCKER-ISOLATION-STAGE-1 ! -d 192.0.2.0/24 -i bridge1 -j DROP',
      ...without.chain('filter', 'DOCKER-ISOLATION-STAGE-1'),
    ])
    expect(rules.chain('filter', 'DOCKER-FORWARD')).toEqual([
      ...without.chain('filter', 'DOCKER-FORWARD'),
      `-A DOCKER-FORWARD -i bridge1 -o bridge1 -j ${verdict}`,
    ])
    for (const chain of ['DOCKER', 'DOCKER-BRIDGE', 'DOCKER-CT', 'DOCKER-ISOLATION-STAGE-2', 'FORWARD']) {
      expect(rules.chain('filter', chain)).toEqual(without.chain('filter', chain))
    }
  })

  test('with trusted links of the host: they come before the drop', () => {
    expect(engine({ trustedInterfaces: ['wg0', 'eth9'] }).all('raw')).toEqual([
      '-A PREROUTING -d 192.0.2.2/32 -i wg0 -j ACCEPT',
      '-A PREROUTING -d 192.0.2.2/32 -i eth9 -j ACCEPT',
      '-A PREROUTING -d 192.0.2.2/32 ! -i bridge1 -j DROP',
    ])
  })

  test('of IPv6 with a source address, on a loopback address', () => {
    const v6 = network('bridge1', 'fd49:efd7:54aa::/64', { snatTo: 'fd34:d0d4:672f::123' })
    const rules = new Engine('docker28', {}, { family: 'ip6' })
      .networks(v6)
      .add({ kind: 'endpoint', network: v6, address: 'fd49:efd7:54aa::1' })
      .add(port(v6, 'fd49:efd7:54aa::1', '::1:8080:80'))
    expect(rules.all('nat')).toEqual(
      listing(`
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s fd49:efd7:54aa::/64 ! -o bridge1 -j SNAT --to-source fd34:d0d4:672f::123
-A DOCKER -i bridge1 -j RETURN
-A DOCKER ! -s fe80::/10 -d ::1/128 ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd49:efd7:54aa::1]:80`),
    )
    expect(rules.all('raw')).toEqual(['-A PREROUTING -d fd49:efd7:54aa::1/128 ! -i bridge1 -j DROP'])
  })
})
