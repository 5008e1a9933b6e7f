import { describe, expect, test } from 'vitest'
import type { DnsNetwork } from '../../../src/driver/dns/dns-network.ts'
import { indexNetwork } from '../../../src/driver/dns/dns-zone.ts'
import { DNS_TYPE, type DnsBehaviour, type DnsView, resolve } from '../../../src/driver/dns/resolve.ts'

const FRONT: DnsNetwork = {
  name: 'front',
  kind: 'local',
  enableIpv6: false,
  records: [
    { names: ['web', 'www', '4fc6a65f1814'], addresses: ['10.1.0.2'], pointer: 'web' },
    { names: ['db'], addresses: ['10.1.0.3'], pointer: 'db' },
    { names: ['dotted.name'], addresses: ['10.1.0.4'], pointer: 'dotted.name' },
  ],
}
const BACK: DnsNetwork = {
  name: 'back.end',
  kind: 'local',
  enableIpv6: true,
  records: [
    { names: ['db'], addresses: ['10.2.0.3', 'fd02::3'], pointer: 'db' },
    { names: ['four'], addresses: ['10.2.0.4'], pointer: 'four' },
    { names: ['six'], addresses: ['fd02::6'], pointer: 'six' },
  ],
}
const SWARM: DnsNetwork = {
  name: 'ov',
  kind: 'dynamic',
  enableIpv6: false,
  records: [
    { names: ['app', 'app-alias'], addresses: ['10.0.1.2'] },
    { names: ['tasks.app', 'app.1.xyz'], addresses: ['10.0.1.3'], pointer: 'app.1.xyz' },
    { names: ['tasks.app', 'app.2.abc'], addresses: ['10.0.1.4'], pointer: 'app.2.abc' },
    { names: ['db'], addresses: ['10.0.1.9'], pointer: 'db.1.q' },
  ],
  services: [
    {
      name: 'app',
      portName: 'http',
      protocol: 'tcp',
      targets: [{ name: 'app.1.xyz', address: '10.0.1.3', port: 8080 }],
    },
  ],
}

interface Given {
  readonly networks?: readonly DnsNetwork[]
  readonly links?: Readonly<Record<string, string>>
  readonly behaviour?: DnsBehaviour
  readonly ndotsSet?: boolean
}

function view({ networks = [FRONT], links = {}, behaviour = '28', ndotsSet = false }: Given = {}): DnsView {
  const attachments = networks.map((network) => ({
    zone: indexNetwork(network),
    links: new Map(Object.entries(links)),
  }))
  return { attachments, ndotsSet, behaviour }
}

/** `web A` → the data of the answers, or what is done instead. */
function ask(words: string, given?: Given, random: () => number = () => 0) {
  const [name = '', type = ''] = words.split(' ')
  const resolution = resolve({ name, type: DNS_TYPE[type as keyof typeof DNS_TYPE] ?? 16 }, view(given), random)
  return resolution.kind === 'answer' ? resolution.answers.map(({ data }) => data) : resolution.kind
}

describe('a name', () => {
  test.each([
    ['web A', ['10.1.0.2']],
    ['WeB A', ['10.1.0.2']],
    ['www A', ['10.1.0.2']],
    ['4fc6a65f1814 A', ['10.1.0.2']],
    ['web.front A', ['10.1.0.2']],
    ['WEB.front A', ['10.1.0.2']],
    ['web.FRONT A', 'forward'],
    ['dotted.name A', ['10.1.0.4']],
    ['dotted.name.front A', ['10.1.0.4']],
    ['web.back.end A', 'forward'],
    ['nobody A', 'forward'],
    ['web.example.com A', 'forward'],
    ['web.dotted.name A', 'forward'],
    [' A', 'forward'],
    ['web TXT', 'forward'],
  ])('%s gives %j in one network', (words, expected) => {
    expect(ask(words)).toEqual(expected)
  })

  test.each([
    ['db A', [FRONT, BACK], ['10.1.0.3']],
    ['db A', [BACK, FRONT], ['10.2.0.3']],
    ['db.back.end A', [FRONT, BACK], ['10.2.0.3']],
    ['db.front A', [BACK, FRONT], ['10.1.0.3']],
    ['db A', [FRONT, SWARM], ['10.0.1.9']],
    ['web A', [SWARM, BACK], 'forward'],
  ])('%s is looked for in the networks of the sandbox, swarm first', (words, networks, expected) => {
    expect(ask(words, { networks })).toEqual(expected)
  })

  test('that is a link is the linked container, for this sandbox alone and before any other of that name', () => {
    expect(ask('legdb A', { links: { legdb: 'db' } })).toEqual(['10.1.0.3'])
    expect(ask('legdb A')).toBe('forward')
    expect(ask('web A', { links: { web: 'db' } })).toEqual(['10.1.0.3'])
    expect(ask('web.front A', { links: { web: 'db' } })).toEqual(['10.1.0.3'])
    expect(ask('web A', { links: { web: 'gone' } })).toBe('forward')
  })

  test('of a service is its virtual address, of its tasks each of theirs', () => {
    expect(ask('app A', { networks: [SWARM] })).toEqual(['10.0.1.2'])
    expect(ask('app-alias A', { networks: [SWARM] })).toEqual(['10.0.1.2'])
    expect(ask('app.2.abc A', { networks: [SWARM] })).toEqual(['10.0.1.4'])
    expect(ask('tasks.app A', { networks: [SWARM] })).toHaveLength(2)
  })
})

describe('of the family that a known name lacks', () => {
  test.each([
    // networks, behaviour, question → answer
    [FRONT, '20.10', 'web AAAA', []],
    [BACK, '20.10', 'four AAAA', 'forward'],
    [BACK, '20.10', 'six A', 'forward'],
    [FRONT, '28', 'web AAAA', []],
    [BACK, '28', 'four AAAA', []],
    [BACK, '28', 'six A', []],
    [BACK, '20.10', 'db AAAA', ['fd02::3']],
    [BACK, '28', 'db AAAA', ['fd02::3']],
  ] as const)('%o with engine %s: %s gives %j', (network, behaviour, words, expected) => {
    expect(ask(words, { networks: [network], behaviour })).toEqual(expected)
  })

  test('20.10 takes the first network that has it, 28 the first that knows the name', () => {
    expect(ask('db AAAA', { networks: [FRONT, BACK], behaviour: '20.10' })).toEqual(['fd02::3'])
    expect(ask('db AAAA', { networks: [FRONT, BACK], behaviour: '28' })).toEqual([])
  })
})

test('a known name has no mail exchanger, an unknown one is asked outside', () => {
  expect(ask('web MX')).toEqual([])
  expect(ask('six MX', { networks: [BACK], behaviour: '20.10' })).toEqual([])
  expect(ask('nobody MX')).toBe('forward')
})

describe('the name of an address', () => {
  test.each([
    ['2.0.1.10.in-addr.arpa PTR', ['web.front']],
    ['2.0.1.10.IN-ADDR.ARPA PTR', ['web.front']],
    ['9.0.1.10.in-addr.arpa PTR', 'forward'],
    ['2.1.0.10.in-addr.arpa PTR', 'forward'],
    ['3.1.0.10.in-addr.arpa PTR', ['app.1.xyz.ov']],
    ['3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.d.f.ip6.arpa PTR', ['db.back.end']],
  ])('%s is %j', (words, expected) => {
    expect(ask(words, { networks: [FRONT, SWARM, BACK] })).toEqual(expected)
  })

  test('a pointer of another kind is asked outside by 28 and not answered by 20.10', () => {
    expect(ask('b._dns-sd._udp.example PTR', { behaviour: '28' })).toBe('forward')
    expect(ask('b._dns-sd._udp.example PTR', { behaviour: '20.10' })).toBe('silence')
  })
})

test('SRV gives the ports of a service and the addresses of its targets', () => {
  const question = { name: 'HTTP.tcp.app', type: DNS_TYPE.SRV }
  expect(resolve(question, view({ networks: [SWARM] }), () => 0)).toEqual({
    kind: 'answer',
    answers: [{ type: 'SRV', name: 'HTTP.tcp.app', data: { port: 8080, target: 'app.1.xyz' } }],
    additionals: [{ type: 'A', name: 'app.1.xyz', data: '10.0.1.3' }],
  })
  expect(ask('http.udp.app SRV', { networks: [SWARM] })).toBe('forward')
  expect(ask('http.tcp SRV', { networks: [SWARM] })).toBe('forward')
})

test('a single label is not asked outside once the user has set ndots, but only for addresses', () => {
  expect(ask('nobody A', { ndotsSet: true })).toEqual([])
  expect(ask('nobody AAAA', { ndotsSet: true })).toEqual([])
  expect(ask('nobody MX', { ndotsSet: true })).toBe('forward')
  expect(ask('nobody.example A', { ndotsSet: true })).toBe('forward')
})

test('several addresses come in every order, each about as often', () => {
  const records = [{ names: ['rr'], addresses: ['10.9.0.1', '10.9.0.2', '10.9.0.3'] }]
  const networks = [{ ...FRONT, records }]
  const counts = new Map<string, number>()
  let seed = 1
  const random = () => {
    seed = (seed * 48271) % 2147483647
    return seed / 2147483647
  }
  for (let round = 0; round < 6000; round++) {
    const order = String(ask('rr A', { networks }, random))
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  expect(counts.size).toBe(6)
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
})
