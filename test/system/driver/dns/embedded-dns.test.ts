import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import packet from 'dns-packet'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DnsForwarder, type DnsServerAddress } from '../../../../src/driver/dns/dns-forwarder.ts'
import type { DnsNetwork } from '../../../../src/driver/dns/dns-network.ts'
import { DnsRuleInstaller } from '../../../../src/driver/dns/dns-rule-installer.ts'
import { indexNetwork } from '../../../../src/driver/dns/dns-zone.ts'
import { EmbeddedDns } from '../../../../src/driver/dns/embedded-dns.ts'
import type { DnsBehaviour, DnsView } from '../../../../src/driver/dns/resolve.ts'
import { decodeQuery } from '../../../../src/kernel/dns/dns-message.ts'
import { type AskOptions, ask, dataOf, exchangeRaw, rcodeOf } from '../../../helpers/dns-client.ts'
import { type Answer, startDnsServer, type TestDnsServer } from '../../../helpers/dns-server.ts'
import { type PrivateNamespace, privateNamespace, wire } from '../../../helpers/private-namespace.ts'

const PORTS = { udpPort: 40053, tcpPort: 40054 }
const NETWORK: DnsNetwork = {
  name: 'front',
  kind: 'local',
  enableIpv6: true,
  records: [
    { names: ['web', 'www'], addresses: ['10.66.0.2', 'fd66::2'], pointer: 'web' },
    { names: ['many'], addresses: Array.from({ length: 60 }, (_, at) => `10.66.1.${at}`) },
  ],
}

let host: PrivateNamespace
let sandbox: PrivateNamespace
let dns: EmbeddedDns | undefined
let servers: TestDnsServer[]
let folder: string

beforeEach(() => {
  host = privateNamespace()
  sandbox = privateNamespace()
  servers = []
  folder = mkdtempSync(join(tmpdir(), 'ts-dns-'))
  wire(
    { namespace: host, link: 'h', addresses: ['10.66.0.1/24', '10.66.0.11/24', '10.66.0.12/24', '10.66.0.13/24'] },
    { namespace: sandbox, link: 'eth0', addresses: ['10.66.0.2/24'] },
  )
})

afterEach(async () => {
  await dns?.close()
  dns = undefined
  for (const server of servers) await server.close()
  for (const namespace of [host, sandbox]) namespace.close()
  rmSync(folder, { recursive: true })
})

interface Given {
  readonly behaviour?: DnsBehaviour
  readonly servers?: readonly DnsServerAddress[]
  readonly forward?: boolean
  readonly timeoutMs?: number
}

function viewOf(network: DnsNetwork, behaviour: DnsBehaviour): DnsView {
  return { attachments: [{ zone: indexNetwork(network), links: new Map() }], ndotsSet: false, behaviour }
}

function forwarder({ behaviour = '28', servers = [], forward = true, timeoutMs = 1000 }: Given): DnsForwarder {
  return new DnsForwarder({ sandbox: sandbox.host, host: host.host, servers, forward, behaviour, timeoutMs })
}

/** The embedded DNS of the sandbox, with its rules. */
async function start(given: Given = {}): Promise<void> {
  await new DnsRuleInstaller(PORTS).install(sandbox.host)
  const view = viewOf(NETWORK, given.behaviour ?? '28')
  dns = await EmbeddedDns.start({ sandbox: sandbox.host, ...PORTS, view, forwarder: forwarder(given) })
}

async function outside(address: string, answer: Answer): Promise<DnsServerAddress> {
  servers.push(await startDnsServer(host.host, { address, port: 53 }, answer))
  return { address, fromHost: false }
}

const answering =
  (data: string): Answer =>
  (query) => ({ answers: [{ type: 'A', name: query.questions?.[0]?.name ?? '', ttl: 5, data }] })
const failing =
  (rcode: number, flags = 0): Answer =>
  () => ({ flags: rcode | flags })

const query = (words: string, options?: AskOptions) => ask(sandbox.host, words, options)

/** Runs a program in the sandbox that finds our DNS in its /etc/resolv.conf. */
async function asProgram(...words: string[]): Promise<string> {
  const file = join(folder, 'resolv.conf')
  writeFileSync(file, 'nameserver 127.0.0.11\noptions ndots:0\n')
  const script = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"'
  const { stdout } = await sandbox.host.run('unshare', ['--mount', 'sh', '-c', script, 'sh', file, ...words])
  return stdout
}

describe('through the rules of the sandbox', () => {
  test('names and addresses are answered, by UDP and by TCP', async () => {
    await start()
    for (const transport of ['udp', 'tcp'] as const) {
      expect(dataOf(await query('web A', { transport }))).toEqual(['10.66.0.2'])
      expect(dataOf(await query('www.front AAAA', { transport }))).toEqual(['fd66::2'])
      expect(dataOf(await query('2.0.66.10.in-addr.arpa PTR', { transport }))).toEqual(['web.front'])
    }
    expect(await query('web A')).toMatchObject({ rcode: 'NOERROR', flag_ra: true, flag_aa: false })
  })

  test('programs of others find the names: getent and the nslookup of busybox', async () => {
    await start()
    expect(await asProgram('getent', 'ahostsv4', 'web')).toMatch(/^10\.66\.0\.2\s+STREAM/)
    expect(await asProgram('getent', 'hosts', '10.66.0.2')).toMatch(/web\.front/)
    const looked = await asProgram('busybox', 'nslookup', 'www.front')
    expect(looked).toContain('Address: 10.66.0.2')
    expect(looked).toContain('Address: fd66::2')
  })

  test('what is too long is cut by UDP, flagged, and whole by TCP and EDNS', async () => {
    await start()
    const cut = await query('many')
    expect(cut?.flag_tc).toBe(true)
    expect(dataOf(cut).length).toBeLessThan(60)
    expect(dataOf(await query('many', { transport: 'tcp' }))).toHaveLength(60)
    expect(dataOf(await query('many', { udpPayloadSize: 4096 }))).toHaveLength(60)
    expect((await asProgram('getent', 'ahostsv4', 'many')).match(/STREAM/g)).toHaveLength(60)
  })

  test('garbage is refused or left alone, and the next query is answered', async () => {
    await start()
    const raw = (bytes: Buffer) =>
      exchangeRaw(sandbox.host, bytes, {
        transport: 'udp',
        server: { address: '127.0.0.11', port: 53 },
        timeoutMs: 200,
      })
    expect(await raw(Buffer.from('hello'))).toBeUndefined()
    const malformed = Buffer.concat([packet.encode({ id: 7, questions: [{ name: 'a', type: 'A' }] }).subarray(0, 14)])
    expect(packet.decode((await raw(malformed)) ?? Buffer.alloc(0))).toMatchObject({ id: 7, rcode: 'FORMERR' })
    expect(dataOf(await query('web'))).toEqual(['10.66.0.2'])
  })

  test('other names are served from the moment they are known', async () => {
    await start()
    expect(rcodeOf(await query('new'))).toBe('SERVFAIL')
    const records = [{ names: ['new'], addresses: ['10.66.0.9'] }]
    dns?.update(viewOf({ ...NETWORK, records }, '28'), forwarder({}))
    expect(dataOf(await query('new'))).toEqual(['10.66.0.9'])
    expect(rcodeOf(await query('web'))).toBe('SERVFAIL')
  })
})

describe('names that are not ours', () => {
  test('are asked outside, from within the sandbox, and come back as they are', async () => {
    const server = await outside('10.66.0.11', (query) => ({
      flags: packet.AUTHORITATIVE_ANSWER,
      answers: [{ type: 'TXT', name: query.questions?.[0]?.name ?? '', ttl: 77, data: ['some text'] }],
    }))
    await start({ servers: [server] })
    const reply = await query('example.com TXT')
    expect(reply).toMatchObject({ flag_aa: true, answers: [{ ttl: 77, data: [Buffer.from('some text')] }] })
    expect(servers[0]?.asked).toEqual(['udp example.com TXT'])
  })

  test('are asked by TCP when the client does, as after an answer that was cut', async () => {
    const server = await outside('10.66.0.11', (query, transport) =>
      transport === 'udp'
        ? { flags: packet.TRUNCATED_RESPONSE | packet.RECURSION_AVAILABLE }
        : answering('10.1.1.1')(query, transport),
    )
    await start({ servers: [server] })
    expect(await query('example.com')).toMatchObject({ flag_tc: true, answers: [] })
    expect(dataOf(await query('example.com', { transport: 'tcp' }))).toEqual(['10.1.1.1'])
    expect(await asProgram('getent', 'ahostsv4', 'example.com')).toMatch(/^10\.1\.1\.1/)
  })

  test.each([
    ['a failure', failing(2), '10.1.1.2'],
    ['a refusal', failing(5), '10.1.1.2'],
    ['an unknown code', failing(4), '10.1.1.2'],
    ['silence', () => undefined, '10.1.1.2'],
    ['NXDOMAIN of a server that only passes it on', failing(3), '10.1.1.2'],
    ['NXDOMAIN of an authority', failing(3, packet.AUTHORITATIVE_ANSWER), undefined],
    ['an answer', answering('10.1.1.1'), '10.1.1.1'],
    ['an answer without records', failing(0), undefined],
  ] as const)('after %s the next server is asked, or not', async (_, first, expected) => {
    const given = [await outside('10.66.0.11', first), await outside('10.66.0.12', answering('10.1.1.2'))]
    await start({ servers: given })
    expect(dataOf(await query('example.com'))[0]).toBe(expected)
  })

  test('the last answer is given when none was good, and no fourth server is asked', async () => {
    const given = [
      await outside('10.66.0.11', failing(5)),
      await outside('10.66.0.12', failing(3)),
      { address: '10.66.0.99', fromHost: false },
      await outside('10.66.0.13', answering('10.1.1.4')),
    ]
    await start({ servers: given })
    expect(rcodeOf(await query('example.com'))).toBe('NXDOMAIN')
    expect(servers.map(({ asked }) => asked.length)).toEqual([1, 1, 0])
  })

  test('without any answer 28 says so and 20.10 stays silent', async () => {
    await start({ servers: [{ address: '10.66.0.99', fromHost: false }], timeoutMs: 200 })
    expect(rcodeOf(await query('example.com'))).toBe('SERVFAIL')
    dns?.update(viewOf(NETWORK, '20.10'), forwarder({ behaviour: '20.10' }))
    expect(await query('example.com', { timeoutMs: 500 })).toBeUndefined()
  })

  test("a loopback server of the host is asked from the host's namespace, except for an internal network", async () => {
    servers.push(await startDnsServer(host.host, { address: '127.0.0.53', port: 53 }, answering('10.1.1.53')))
    const given = [{ address: '127.0.0.53', fromHost: true }]
    await start({ servers: given })
    expect(dataOf(await query('example.com'))).toEqual(['10.1.1.53'])
    dns?.update(viewOf(NETWORK, '28'), forwarder({ servers: given, forward: false }))
    expect(rcodeOf(await query('example.com'))).toBe('SERVFAIL')
    dns?.update(viewOf(NETWORK, '20.10'), forwarder({ servers: given, forward: false, behaviour: '20.10' }))
    expect(dataOf(await query('example.com'))).toEqual(['10.1.1.53'])
  })

  test('a forged answer, of another port or with another id, is not taken', async () => {
    const server = await outside('10.66.0.11', (query) => ({
      ...answering('6.6.6.6')(query, 'udp'),
      id: ((query.id ?? 0) + 1) & 0xffff,
    }))
    await start({ servers: [server, await outside('10.66.0.12', answering('10.1.1.2'))], timeoutMs: 300 })
    expect(dataOf(await query('example.com'))).toEqual(['10.1.1.2'])
  })

  test('many at once are all answered', async () => {
    const server = await outside('10.66.0.11', answering('10.1.1.1'))
    await start({ servers: [server] })
    // while the address of the server is resolved, the kernel keeps only some datagrams
    await expect.poll(async () => dataOf(await query('first.example'))).toEqual(['10.1.1.1'])
    const replies = await Promise.all(Array.from({ length: 200 }, (_, at) => query(`n${at}.example`)))
    expect(replies.map((reply) => dataOf(reply)[0])).toEqual(Array(200).fill('10.1.1.1'))
  })

  test.each([
    ['20.10', undefined],
    ['28', 5],
  ] as const)('more than 1024 at once are too many for %s', async (behaviour, rcode) => {
    const server = await outside('10.66.0.11', () => undefined)
    const busy = forwarder({ behaviour, servers: [server], timeoutMs: 60_000 })
    const message = packet.encode({ id: 1, questions: [{ name: 'example.com', type: 'A' }] })
    const decoded = decodeQuery(message)
    if (decoded.kind !== 'query') throw new Error('not a query')
    const asked = Array.from({ length: 1024 }, () => busy.ask(decoded.query, message, 'udp'))
    const tooMany = busy.ask(decoded.query, message, 'udp')
    if (behaviour === '20.10') expect(await tooMany).toBeUndefined()
    busy.close()
    const refused = await tooMany
    expect(refused && refused.readUInt16BE(2) & 15).toBe(rcode)
    expect(new Set(await Promise.all(asked))).toEqual(new Set([undefined]))
  })
})

test('ports that are taken are an error, and nothing stays open', async () => {
  await start()
  const before = readdirSync('/proc/self/fd').length
  const again = { sandbox: sandbox.host, view: viewOf(NETWORK, '28'), forwarder: forwarder({}) }
  await expect(EmbeddedDns.start({ ...again, ...PORTS })).rejects.toThrow('bind udp 127.0.0.11:40053: EADDRINUSE')
  await expect(EmbeddedDns.start({ ...again, ...PORTS, udpPort: 40055 })).rejects.toThrow('EADDRINUSE')
  expect(readdirSync('/proc/self/fd').length).toBe(before)
})

test('closing gives up what is outside, and leaves no descriptor', async () => {
  const before = readdirSync('/proc/self/fd').length
  await start({ servers: [{ address: '10.66.0.99', fromHost: false }], timeoutMs: 60_000 })
  const waiting = [query('example.com', { timeoutMs: 500 }), query('other.example', { timeoutMs: 500 })]
  expect(dataOf(await query('web', { transport: 'tcp' }))).toEqual(['10.66.0.2'])
  await dns?.close()
  dns = undefined
  expect(await Promise.all(waiting)).toEqual([undefined, undefined])
  // the netlink socket through which the rules were written stays with the namespace
  expect(readdirSync('/proc/self/fd').length).toBe(before + 1)
})
