import packet from 'dns-packet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DnsForwarder } from '../../src/driver/dns/dns-forwarder.ts'
import type { DnsNetwork } from '../../src/driver/dns/dns-network.ts'
import { dnsRules } from '../../src/driver/dns/dns-rules.ts'
import { indexNetwork } from '../../src/driver/dns/dns-zone.ts'
import { EmbeddedDns } from '../../src/driver/dns/embedded-dns.ts'
import { bridgeResolvConf, embeddedResolvConf } from '../../src/driver/dns/resolv-conf.ts'
import { NetworkHost } from '../../src/driver/network-host.ts'
import { type AskOptions, ask, exchangeRaw } from '../helpers/dns-client.ts'
import { type Answer, startDnsServer, type TestDnsServer } from '../helpers/dns-server.ts'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'

/** Long enough that a few answers with it do not fit into 512 bytes. */
const LONG = `pool-${'x'.repeat(50)}`
const SERVERS = ['10.93.1.1', '10.93.2.1'] as const
const OURS = { udpPort: 20_053, tcpPort: 20_053 }
const THEIRS = { address: '127.0.0.11', port: 53 }

let engine: DockerEngine
let host: NetworkHost
/** The container that asks: both name servers live in it. */
let sandbox: NetworkHost
let dns: EmbeddedDns
const servers: TestDnsServer[] = []

beforeAll(async () => {
  engine = await startDockerEngine()
  const net2 = ['--ipv6', '--subnet', 'fd93:2::/64', '--subnet', '10.93.2.0/24', '--gateway', '10.93.2.1', 'net.two']
  await engine.docker('network', 'create', '--subnet', '10.93.1.0/24', '--gateway', '10.93.1.1', 'net1')
  await engine.docker('network', 'create', ...net2)
  await engine.runContainer('web', '--network', 'net1', '--network-alias', 'www', '--network-alias', LONG)
  await engine.runContainer('db', '--network', 'net.two', '--network-alias', 'store')
  for (const name of ['p1', 'p2', 'p3', 'p4', 'p5'])
    await engine.runContainer(name, '--network', 'net1', '--network-alias', LONG)
  const outside = SERVERS.flatMap((server) => ['--dns', server])
  await engine.runContainer('asker', '--network', 'net1', '--link', 'web:linked', ...outside)
  await engine.docker('network', 'connect', 'net.two', 'asker')
  await engine.runContainer('plain')
  host = NetworkHost.open(`/proc/${engine.pid}/ns/net`)
  sandbox = NetworkHost.open(`/proc/${await pidOf('asker')}/ns/net`)
  servers.push(await startDnsServer(host, { address: SERVERS[0], port: 53 }, first))
  servers.push(await startDnsServer(host, { address: SERVERS[1], port: 53 }, second))
  dns = await startOurs()
})

afterAll(async () => {
  await dns?.close()
  for (const server of servers) await server.close()
  sandbox?.close()
  host?.close()
  await engine?.stop()
})

async function pidOf(name: string): Promise<string> {
  return engine.docker('inspect', '--format', '{{.State.Pid}}', name)
}

/** The second server has an answer to everything, so that it shows whether it was asked. */
const second: Answer = (query) => ({
  flags: packet.RECURSION_AVAILABLE,
  answers: [{ type: 'A', name: query.questions?.[0]?.name ?? '', ttl: 60, data: '10.9.9.2' }],
})

/** What the first one does, by the first label of the name. */
const BEHAVIOURS: Readonly<Record<string, Partial<packet.Packet> | undefined>> = {
  servfail: { flags: 2 },
  formerr: { flags: 1 },
  refused: { flags: 5 },
  nxdomain: { flags: 3 | packet.RECURSION_AVAILABLE },
  authority: { flags: 3 | packet.AUTHORITATIVE_ANSWER },
  nodata: { flags: packet.RECURSION_AVAILABLE },
  cut: { flags: packet.TRUNCATED_RESPONSE | packet.RECURSION_AVAILABLE },
  text: {
    flags: packet.AUTHORITATIVE_ANSWER,
    answers: [{ type: 'TXT', name: 'text.example', ttl: 7, data: [Buffer.from('words')] }],
  },
}

const first: Answer = (query) => {
  const name = query.questions?.[0]?.name ?? ''
  const label = name.split('.')[0] ?? ''
  if (label in BEHAVIOURS) return BEHAVIOURS[label]
  if (label === 'silent') return undefined
  return { flags: packet.RECURSION_AVAILABLE, answers: [{ type: 'A', name, ttl: 60, data: '10.9.9.1' }] }
}

/** Our DNS, with what the engine says of its networks, in the same namespace and towards the same servers. */
async function startOurs(): Promise<EmbeddedDns> {
  const attachments = []
  // the engine orders the networks of a container by their names
  for (const name of ['net.two', 'net1']) {
    const links = new Map(name === 'net1' ? [['linked', 'web']] : [])
    attachments.push({ zone: indexNetwork(await networkOf(name)), links })
  }
  const outside = SERVERS.map((address) => ({ address, fromHost: false }))
  const behaviour = '20.10'
  const forwarder = new DnsForwarder({ sandbox, host, servers: outside, forward: true, behaviour })
  return EmbeddedDns.start({ sandbox, ...OURS, view: { attachments, ndotsSet: false, behaviour }, forwarder })
}

interface InspectedEndpoint {
  readonly IPAddress: string
  readonly GlobalIPv6Address: string
  readonly Aliases: readonly string[] | null
}

async function networkOf(network: string): Promise<DnsNetwork> {
  const [{ EnableIPv6, Containers }] = JSON.parse(await engine.docker('network', 'inspect', network))
  const records = []
  for (const { Name: name } of Object.values(Containers) as { Name: string }[]) {
    const [{ NetworkSettings }] = JSON.parse(await engine.docker('inspect', name))
    const endpoint = NetworkSettings.Networks[network] as InspectedEndpoint
    const addresses = [endpoint.IPAddress, endpoint.GlobalIPv6Address].filter((address) => address !== '')
    records.push({ names: [name, ...(endpoint.Aliases ?? [])], addresses, pointer: name })
  }
  return { name: network, kind: 'local', enableIpv6: EnableIPv6, records }
}

/** All that a client can tell of a reply; the order of addresses is drawn. */
function facts(reply: packet.DecodedPacket | undefined) {
  if (!reply) return 'silence'
  const { rcode, flag_aa, flag_tc, flag_rd, flag_ra, flag_ad, flag_cd, questions, answers, additionals } =
    reply as packet.DecodedPacket & { rcode: string }
  const flags = { flag_aa, flag_tc, flag_rd, flag_ra, flag_ad, flag_cd }
  // which of several come is drawn as well when not all fit
  const shown = flag_tc ? answers?.length : answers?.map((answer) => JSON.stringify(answer)).sort()
  return { rcode, flags, questions, answers: shown, additionals: additionals?.length }
}

async function both(words: string, options: AskOptions = {}) {
  const ours = facts(await ask(sandbox, words, { ...options, server: { ...THEIRS, port: OURS.udpPort } }))
  return { ours, theirs: facts(await ask(sandbox, words, { ...options, server: THEIRS })) }
}

const NAMES = [
  'web A',
  'WeB A',
  'www A',
  'web.net1 A',
  'web.NET1 A',
  'web.net.two A',
  'linked A',
  'LINKED A',
  'linked.net1 A',
  'db A',
  'db.net.two A',
  'store.net.two AAAA',
  'db AAAA',
  'web AAAA',
  'p1 AAAA',
  'web MX',
  'db MX',
  'web TXT',
  'web SRV',
  'asker A',
  'text.example TXT',
  'other.example A',
  'other.example AAAA',
  'other.example MX',
  '9.9.9.10.in-addr.arpa PTR',
]

describe('the answers of a real engine and of ours are the same:', () => {
  test.each(NAMES)('%s', async (words) => {
    for (const transport of ['udp', 'tcp'] as const) {
      const { ours, theirs } = await both(words, { transport })
      expect(ours).toEqual(theirs)
    }
  })

  test('short id, and the name of an address', async () => {
    const id = (await engine.docker('inspect', '--format', '{{.Id}}', 'web')).slice(0, 12)
    const address = await engine.docker('inspect', '--format', '{{.NetworkSettings.Networks.net1.IPAddress}}', 'web')
    const reversed = address.split('.').reverse().join('.')
    for (const words of [`${id} A`, `${reversed}.in-addr.arpa PTR`]) {
      const { ours, theirs } = await both(words)
      expect(ours).toEqual(theirs)
      expect(theirs).toMatchObject({ rcode: 'NOERROR', answers: [expect.stringMatching(/web\.net1|10\.93\.1\./)] })
    }
  })

  test('more than fits: cut by UDP, whole by EDNS and TCP', async () => {
    for (const options of [{}, { udpPayloadSize: 1232 }, { transport: 'tcp' }] as const) {
      const { ours, theirs } = await both(`${LONG}.net1 A`, options)
      expect(ours).toEqual(theirs)
    }
    expect((await both(`${LONG}.net1 A`)).theirs).toMatchObject({ flags: { flag_tc: true } })
  })

  test.each(['servfail', 'formerr', 'refused', 'nxdomain', 'authority', 'nodata', 'cut', 'silent'])(
    'after the first server outside says %s',
    async (name) => {
      const { ours, theirs } = await both(`${name}.example A`)
      expect(ours).toEqual(theirs)
    },
  )

  test.each([
    [
      'two questions',
      packet.encode({
        id: 7,
        questions: [
          { name: 'web', type: 'A' },
          { name: 'db', type: 'A' },
        ],
      }),
    ],
    ['a response', packet.encode({ id: 7, type: 'response', questions: [{ name: 'web', type: 'A' }] })],
    ['no question', packet.encode({ id: 7, questions: [] })],
    ['another opcode', packet.encode({ id: 7, flags: 2 << 11, questions: [{ name: 'web', type: 'A' }] })],
    ['half a question', packet.encode({ id: 7, questions: [{ name: 'web', type: 'A' }] }).subarray(0, 15)],
    ['eleven bytes', Buffer.alloc(11, 1)],
  ])('to what is no query: %s', async (_, message) => {
    const send = (port: number) =>
      exchangeRaw(sandbox, message, { transport: 'udp', server: { ...THEIRS, port }, timeoutMs: 500 })
    const headers = [await send(OURS.udpPort), await send(THEIRS.port)].map((reply) => reply?.toString('hex', 0, 4))
    expect(headers[0]).toBe(headers[1])
  })
})

test('the rules in the sandbox are those that we would write', async () => {
  const saved = (await sandbox.run('iptables-save', ['-t', 'nat'])).stdout.replace(/^#.*\n/gm, '')
  const port = (protocol: string) => Number(new RegExp(`-p ${protocol} .*--sport (\\d+)`).exec(saved)?.[1])
  const own = NetworkHost.open(`/proc/${await pidOf('plain')}/ns/net`)
  try {
    const input = dnsRules({ udpPort: port('udp'), tcpPort: port('tcp') })
    await own.run('iptables-restore', ['--noflush'], { input })
    expect((await own.run('iptables-save', ['-t', 'nat'])).stdout.replace(/^#.*\n/gm, '')).toBe(saved)
  } finally {
    own.close()
  }
})

test('resolv.conf is the one that we would write', async () => {
  const conf = { path: '/etc/resolv.conf', text: `${await engine.inside('cat', '/etc/resolv.conf')}\n` }
  const read = (name: string) => engine.docker('exec', name, 'cat', '/etc/resolv.conf')
  expect(embeddedResolvConf(conf, { servers: SERVERS }, '20.10').text.trim()).toBe(await read('asker'))
  expect(embeddedResolvConf(conf, {}, '20.10').text.trim()).toBe(await read('web'))
  const onBridge = bridgeResolvConf(conf, {}, { behaviour: '20.10', ipv6: false })
  expect(onBridge.trim()).toBe(await read('plain'))
  const options = ['--dns-search', 'a.example', '--dns-opt', 'ndots:2', '--dns', '9.9.9.9']
  const overrides = { servers: ['9.9.9.9'], search: ['a.example'], options: ['ndots:2'] }
  await engine.runContainer('chosen', '--network', 'net1', ...options)
  await engine.runContainer('bridged', ...options)
  expect(embeddedResolvConf(conf, overrides, '20.10').text.trim()).toBe(await read('chosen'))
  const chosen = bridgeResolvConf(conf, overrides, { behaviour: '20.10', ipv6: false })
  expect(chosen.trim()).toBe(await read('bridged'))
})
