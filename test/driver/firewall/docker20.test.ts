import { describe, expect, test } from 'vitest'
import { Engine, listing, network, port } from './build.ts'

const DOCKER0 = network('docker0', '172.17.0.0/16')
const GWBRIDGE = network('docker_gwbridge', '172.18.0.0/16', { icc: false })
const NET1 = network('br-46cf6b57d632', '10.210.1.0/24')
const NOICC = network('br-6093814d70b8', '10.210.2.0/24', { icc: false })
const INTERNAL = network('br-0d0d0d0d0d0d', '10.210.3.0/24', { internal: true })

/** Saved from an engine 20.10.24: docker0 with one published port beside docker_gwbridge. */
const A = {
  filter: `
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker_gwbridge -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker_gwbridge -j DOCKER
-A FORWARD -i docker_gwbridge ! -o docker_gwbridge -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker_gwbridge ! -o docker_gwbridge -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker_gwbridge -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN`,
  nat: `
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i docker_gwbridge -j RETURN
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 18080 -j DNAT --to-destination 172.17.0.2:80`,
}

/** The same with a second network and two ports of a container in it. */
const B = {
  filter: `
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o br-46cf6b57d632 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-46cf6b57d632 -j DOCKER
-A FORWARD -i br-46cf6b57d632 ! -o br-46cf6b57d632 -j ACCEPT
-A FORWARD -i br-46cf6b57d632 -o br-46cf6b57d632 -j ACCEPT
-A FORWARD -o docker_gwbridge -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker_gwbridge -j DOCKER
-A FORWARD -i docker_gwbridge ! -o docker_gwbridge -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP
-A DOCKER -d 10.210.1.50/32 ! -i br-46cf6b57d632 -o br-46cf6b57d632 -p udp -m udp --dport 81 -j ACCEPT
-A DOCKER -d 10.210.1.50/32 ! -i br-46cf6b57d632 -o br-46cf6b57d632 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i br-46cf6b57d632 ! -o br-46cf6b57d632 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i docker_gwbridge ! -o docker_gwbridge -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o br-46cf6b57d632 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker_gwbridge -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN`,
  nat: `
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.210.1.0/24 ! -o br-46cf6b57d632 -j MASQUERADE
-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 10.210.1.50/32 -d 10.210.1.50/32 -p udp -m udp --dport 81 -j MASQUERADE
-A POSTROUTING -s 10.210.1.50/32 -d 10.210.1.50/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i br-46cf6b57d632 -j RETURN
-A DOCKER -i docker_gwbridge -j RETURN
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i br-46cf6b57d632 -p udp -m udp --dport 18082 -j DNAT --to-destination 10.210.1.50:81
-A DOCKER -d 127.0.0.1/32 ! -i br-46cf6b57d632 -p tcp -m tcp --dport 18081 -j DNAT --to-destination 10.210.1.50:80`,
}

const engine = (): Engine => new Engine('docker20').networks(DOCKER0, GWBRIDGE)
const withB = (): Engine =>
  engine()
    .add({ kind: 'network', network: NET1 })
    .add(port(NET1, '10.210.1.50', '18082:81/udp'), port(NET1, '10.210.1.50', '127.0.0.1:18081:80'))

describe('the rules are those that an engine 20.10 saved', () => {
  test('for the default bridge with a published port, beside docker_gwbridge', () => {
    const rules = engine().add(port(DOCKER0, '172.17.0.2', '18080:80'))
    expect(rules.all('filter')).toEqual(listing(A.filter))
    expect(rules.all('nat')).toEqual(listing(A.nat))
  })

  test('for a second network whose container publishes two ports', () => {
    const rules = withB()
    expect(rules.all('filter')).toEqual(listing(B.filter))
    expect(rules.all('nat')).toEqual(listing(B.nat))
  })

  test('for a network without communication between its containers', () => {
    const before = withB()
    const rules = withB()
      .add({ kind: 'network', network: NOICC })
      .add(port(NOICC, '10.210.2.2', '192.0.2.2:18083:80'))
    const br = 'br-6093814d70b8'
    const [user, isolation, ...others] = before.chain('filter', 'FORWARD')
    expect(rules.chain('filter', 'FORWARD')).toEqual([
      user,
      isolation,
      `-A FORWARD -o ${br} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      `-A FORWARD -o ${br} -j DOCKER`,
      `-A FORWARD -i ${br} ! -o ${br} -j ACCEPT`,
      ...others,
      `-A FORWARD -i ${br} -o ${br} -j DROP`,
    ])
    expect(rules.chain('filter', 'DOCKER')).toEqual([
      ...before.chain('filter', 'DOCKER'),
      `-A DOCKER -d 10.210.2.2/32 ! -i ${br} -o ${br} -p tcp -m tcp --dport 80 -j ACCEPT`,
    ])
    expect(rules.chain('filter', 'DOCKER-ISOLATION-STAGE-1')).toEqual([
      `-A DOCKER-ISOLATION-STAGE-1 -i ${br} ! -o ${br} -j DOCKER-ISOLATION-STAGE-2`,
      ...before.chain('filter', 'DOCKER-ISOLATION-STAGE-1'),
    ])
    expect(rules.chain('filter', 'DOCKER-ISOLATION-STAGE-2')).toEqual([
      `-A DOCKER-ISOLATION-STAGE-2 -o ${br} -j DROP`,
      ...before.chain('filter', 'DOCKER-ISOLATION-STAGE-2'),
    ])
    expect(rules.chain('nat', 'POSTROUTING')).toEqual([
      `-A POSTROUTING -s 10.210.2.0/24 ! -o ${br} -j MASQUERADE`,
      ...before.chain('nat', 'POSTROUTING'),
      '-A POSTROUTING -s 10.210.2.2/32 -d 10.210.2.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE',
    ])
    expect(rules.chain('nat', 'DOCKER')).toEqual([
      `-A DOCKER -i ${br} -j RETURN`,
      ...before.chain('nat', 'DOCKER'),
      `-A DOCKER -d 192.0.2.2/32 ! -i ${br} -p tcp -m tcp --dport 18083 -j DNAT --to-destination 10.210.2.2:80`,
    ])
  })

  test.each([
    [
      '',
      INTERNAL,
      (chain: readonly string[], rule: string) => [...chain.slice(0, 2), rule, ...chain.slice(2)],
      'ACCEPT',
    ],
    [
      ' and without communication inside',
      { ...INTERNAL, icc: false },
      (chain: readonly string[], rule: string) => [...chain, rule],
      'DROP',
    ],
  ] as const)('for an internal network%s', (_, internal, placed, verdict) => {
    const before = withB()
    const rules = withB().add({ kind: 'network', network: internal })
    const br = internal.bridge
    expect(rules.chain('filter', 'FORWARD')).toEqual(
      placed(before.chain('filter', 'FORWARD'), `-A FORWARD -i ${br} -o ${br} -j ${verdict}`),
    )
    expect(rules.chain('filter', 'DOCKER-ISOLATION-STAGE-1')).toEqual([
      `-A DOCKER-ISOLATION-STAGE-1 ! -s 10.210.3.0/24 -o ${br} -j DROP`,
      `-A DOCKER-ISOLATION-STAGE-1 ! -d 10.210.3.0/24 -i ${br} -j DROP`,
      ...before.chain('filter', 'DOCKER-ISOLATION-STAGE-1'),
    ])
    expect(rules.all('nat')).toEqual(before.all('nat'))
    for (const chain of ['DOCKER', 'DOCKER-ISOLATION-STAGE-2']) {
      expect(rules.chain('filter', chain)).toEqual(before.chain('filter', chain))
    }
  })

  test('for a source address instead of masquerading', () => {
    const rules = engine().add({ kind: 'network', network: { ...NET1, snatTo: '192.0.2.2' } })
    expect(rules.chain('nat', 'POSTROUTING')[0]).toBe(
      '-A POSTROUTING -s 10.210.1.0/24 ! -o br-46cf6b57d632 -j SNAT --to-source 192.0.2.2',
    )
  })

  test('for a network that is not masqueraded: its ports are translated all the same', () => {
    const rules = new Engine('docker20')
      .networks({ ...NET1, masquerade: false })
      .add(port(NET1, '10.210.1.50', '18082:81/udp'))
    const br = 'br-46cf6b57d632'
    expect(rules.chain('nat', 'DOCKER')).toEqual([
      `-A DOCKER ! -i ${br} -p udp -m udp --dport 18082 -j DNAT --to-destination 10.210.1.50:81`,
    ])
    expect(rules.chain('nat', 'POSTROUTING')).toEqual([
      '-A POSTROUTING -s 10.210.1.50/32 -d 10.210.1.50/32 -p udp -m udp --dport 81 -j MASQUERADE',
    ])
  })

  test('without the userland proxy', () => {
    const rules = new Engine('docker20', { hairpin: true })
      .networks(NET1)
      .add(port(NET1, '10.210.1.50', '18082:81/udp'))
    const br = 'br-46cf6b57d632'
    expect(rules.all('nat')).toEqual(
      listing(`
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o ${br} -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 10.210.1.0/24 ! -o ${br} -j MASQUERADE
-A POSTROUTING -s 10.210.1.50/32 -d 10.210.1.50/32 -p udp -m udp --dport 81 -j MASQUERADE
-A DOCKER -p udp -m udp --dport 18082 -j DNAT --to-destination 10.210.1.50:81`),
    )
  })

  test('for SCTP, whose checksum some links leave to hardware that others lack', () => {
    const rules = new Engine('docker20').networks(NET1).add(port(NET1, '10.210.1.50', '18082:81/sctp'))
    expect(rules.chain('mangle', 'POSTROUTING')).toEqual([
      '-A POSTROUTING -p sctp -m sctp --sport 81 -j CHECKSUM --checksum-fill',
    ])
    expect(rules.chain('filter', 'DOCKER')).toEqual([
      '-A DOCKER -d 10.210.1.50/32 ! -i br-46cf6b57d632 -o br-46cf6b57d632 -p sctp -m sctp --dport 81 -j ACCEPT',
    ])
  })

  test('for IPv6: a link-local client is not translated, an internal network is told apart by its links', () => {
    const v6 = network('br-46cf6b57d632', 'fd00:80::/64')
    const rules = new Engine('docker20', {}, { family: 'ip6' })
      .networks(v6, { ...v6, bridge: 'br-1', subnet: 'fd00:81::/64', internal: true })
      .add(port(v6, 'fd00:80::2', '8080:80'))
    expect(rules.chain('nat', 'DOCKER')).toEqual([
      '-A DOCKER -i br-46cf6b57d632 -j RETURN',
      '-A DOCKER ! -s fe80::/10 ! -i br-46cf6b57d632 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00:80::2]:80',
    ])
    expect(rules.chain('nat', 'OUTPUT')).toEqual(['-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER'])
    expect(rules.chain('filter', 'DOCKER-ISOLATION-STAGE-1').slice(0, 2)).toEqual([
      '-A DOCKER-ISOLATION-STAGE-1 ! -s fd00:81::/64 ! -i br-1 -o br-1 -j DROP',
      '-A DOCKER-ISOLATION-STAGE-1 ! -d fd00:81::/64 -i br-1 ! -o br-1 -j DROP',
    ])
  })
})

describe('routed mode (27)', () => {
  const routed = network('br-9', 'fd00:9::/64', { mode: 'routed' })
  const rules = new Engine('docker20', {}, { family: 'ip6' }).networks(routed).add(port(routed, 'fd00:9::2', '0:80'))

  test('opens the port without translating it', () => {
    expect(rules.chain('filter', 'DOCKER')).toEqual([
      '-A DOCKER -o br-9 -p ipv6-icmp -j ACCEPT',
      '-A DOCKER -d fd00:9::2/128 ! -i br-9 -o br-9 -p tcp -m tcp --dport 80 -j ACCEPT',
    ])
    expect(rules.chain('nat', 'DOCKER')).toEqual(['-A DOCKER -i br-9 -j RETURN'])
    expect(rules.chain('nat', 'POSTROUTING')).toEqual([])
  })
})
