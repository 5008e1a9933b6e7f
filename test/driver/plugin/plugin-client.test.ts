import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NativeIpam } from '../../../src/driver/ipam/native-ipam.ts'
import type { EndpointConfig, NetworkConfig } from '../../../src/driver/network-driver.ts'
import { findPlugin } from '../../../src/driver/plugin/discovery.ts'
import { PluginServer } from '../../../src/driver/plugin/plugin-server.ts'
import { RemoteIpam } from '../../../src/driver/plugin/remote-ipam.ts'
import { RemoteNetworkDriver } from '../../../src/driver/plugin/remote-network-driver.ts'
import { ENGINE_TIMING, type RetryTiming, retry } from '../../../src/driver/plugin/retry.ts'
import { ENDPOINT_ID, NETWORK_ID } from './captured.ts'
import { MemoryDriver } from './memory-driver.ts'

let folder: string
let socket: string
let closing: (() => Promise<void>)[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsnet-client-'))
  socket = join(folder, 'p.sock')
  closing = []
})

afterEach(async () => {
  await Promise.all(closing.map((close) => close()))
  rmSync(folder, { recursive: true })
})

/** A clock that only sleeping moves. */
function timing(): RetryTiming & { slept: number[] } {
  const slept: number[] = []
  return {
    ...ENGINE_TIMING,
    slept,
    now: () => slept.reduce((sum, ms) => sum + ms, 0),
    sleep: async (ms) => void slept.push(ms),
  }
}

const NETWORK: NetworkConfig = {
  id: NETWORK_ID,
  options: { 'com.docker.network.driver.mtu': '1400' },
  internal: true,
  enableIpv4: true,
  enableIpv6: true,
  ipv4: [
    { addressSpace: 'a', pool: '10.77.0.0/24', gateway: '10.77.0.1/24', auxAddresses: { a1: '10.77.0.5/24' } },
    { addressSpace: 'a', pool: '10.78.0.0/24', auxAddresses: {} },
  ],
  ipv6: [{ addressSpace: 'a', pool: 'fd00:77::/64', gateway: 'fd00:77::1/64', auxAddresses: {} }],
}

const ENDPOINT: EndpointConfig = {
  networkId: NETWORK_ID,
  id: ENDPOINT_ID,
  interface: { address: '10.77.0.70/24', addressIpv6: 'fd00:77::2/64', mac: '02:42:0a:4d:00:77' },
  exposedPorts: [
    { protocol: 'tcp', port: 80 },
    { protocol: 'sctp', port: 81 },
  ],
  portBindings: [
    { protocol: 'udp', port: 53, hostAddress: '127.0.0.1', hostPort: 5000, hostPortEnd: 5010 },
    { protocol: 'tcp', port: 80, hostPort: 0, hostPortEnd: 0 },
  ],
  options: { color: 'blue' },
}

async function servePlugin(): Promise<MemoryDriver> {
  const driver = new MemoryDriver()
  const ipam = new NativeIpam({ stateFolder: join(folder, 'ipam') })
  const server = new PluginServer({ drivers: { network: driver, ipam } })
  closing.push(() => server.close())
  await server.listen(socket)
  return driver
}

type Script = Readonly<Record<string, object | string | { status: number; text: string }>>

/** A plugin that answers what it is told to. Returns the calls it gets. */
async function serveScript(script: Script): Promise<string[]> {
  const calls: string[] = []
  const server: Server = createServer((request, response) => {
    const method = (request.url ?? '').slice(1)
    calls.push(method)
    const answer = { 'Plugin.Activate': { Implements: ['NetworkDriver', 'IpamDriver'] }, ...script }[method] ?? {}
    const { status = 200, text = undefined } = answer as { status?: number; text?: string }
    response.writeHead(status)
    response.end(text ?? (typeof answer === 'string' ? answer : JSON.stringify(answer)))
  })
  closing.push(() => new Promise((resolve) => server.close(() => resolve())))
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return calls
}

describe('a driver behind a socket', () => {
  test('is told what the one in front of it is told, and its answers come back', async () => {
    const driver = await servePlugin()
    const remote = await RemoteNetworkDriver.open(socket)
    expect(await remote.capabilities()).toEqual({ scope: 'local', connectivityScope: 'local' })
    await remote.createNetwork(NETWORK)
    expect(driver.networks.get(NETWORK_ID)).toEqual(NETWORK)
    expect(await remote.createEndpoint(ENDPOINT)).toEqual({})
    expect(driver.endpoints.get(ENDPOINT_ID)).toEqual(ENDPOINT)
    const request = { networkId: NETWORK_ID, endpointId: ENDPOINT_ID }
    const joined = await remote.join({ ...request, sandboxKey: '/x', options: { foo: 'fooValue' } })
    expect(joined).toEqual({
      interfaceName: { source: `mem${ENDPOINT_ID.slice(0, 8)}`, prefix: 'eth' },
      gateway: '10.77.0.1',
      gatewayIpv6: 'fd00:77::1',
      routes: [{ destination: '192.0.2.0/24' }],
      disableGatewayService: false,
    })
    expect(driver.joined.get(ENDPOINT_ID)?.options).toEqual({ foo: 'fooValue' })
    const { exposedPorts, portBindings } = ENDPOINT
    await remote.programExternalConnectivity({ ...request, exposedPorts, portBindings })
    expect(driver.published.get(ENDPOINT_ID)).toEqual({ ...request, exposedPorts, portBindings })
    expect(await remote.endpointInfo(NETWORK_ID, ENDPOINT_ID)).toEqual({ link: `mem${ENDPOINT_ID.slice(0, 8)}` })
    await remote.revokeExternalConnectivity(NETWORK_ID, ENDPOINT_ID)
    await remote.leave(NETWORK_ID, ENDPOINT_ID)
    await remote.deleteEndpoint(NETWORK_ID, ENDPOINT_ID)
    await remote.deleteNetwork(NETWORK_ID)
    expect([driver.networks.size, driver.endpoints.size, driver.joined.size, driver.published.size]).toEqual([
      0, 0, 0, 0,
    ])
  })

  test('fills what was left open', async () => {
    await servePlugin()
    const remote = await RemoteNetworkDriver.open(socket)
    await remote.createNetwork(NETWORK)
    const open = { ...ENDPOINT, interface: { address: '10.77.0.70/24' } }
    expect(await remote.createEndpoint(open)).toEqual({ mac: '02:77:c6:e9:f9:f5' })
  })

  test('that fails tells why', async () => {
    await servePlugin()
    const remote = await RemoteNetworkDriver.open(socket)
    await expect(remote.createEndpoint(ENDPOINT)).rejects.toThrow(
      `NetworkDriver.CreateEndpoint: network ${NETWORK_ID}: is unknown`,
    )
  })
})

describe('what an engine would not take', () => {
  test.each<[string, object | string, string]>([
    ['no scope', {}, "expecting 'local' or 'global', got "],
    ['an unknown scope', { Scope: 'fake' }, "expecting 'local' or 'global', got fake"],
    ['an unknown scope of connectivity', { Scope: 'local', ConnectivityScope: 'fake' }, 'got fake'],
    ['a scope that is a number', { Scope: 1 }, 'Scope: number where string is expected'],
    ['an error with status 200', { Err: 'no' }, 'remote: no'],
    ['an error with status 500', { status: 500, text: '{"Err":"no"}' }, 'NetworkDriver.GetCapabilities: no'],
    ['an error in plain text', { status: 404, text: '404 page not found\n' }, 'GetCapabilities: 404 page not found'],
    ['an error without a word', { status: 503, text: '' }, 'GetCapabilities: status 503'],
    ['no JSON', '<html>', 'GetCapabilities: '],
  ])('as capabilities: %s', async (_, answer, reason) => {
    await serveScript({ 'NetworkDriver.GetCapabilities': answer })
    await expect(RemoteNetworkDriver.open(socket)).rejects.toThrow(reason)
  })

  const LOCAL = { 'NetworkDriver.GetCapabilities': { Scope: 'local', foo: 'bar', ConnectivityScope: 'global' } }

  test('unknown keys are let through, and null is an empty answer', async () => {
    await serveScript({ ...LOCAL, 'NetworkDriver.CreateNetwork': 'null', 'NetworkDriver.CreateEndpoint': 'null' })
    const remote = await RemoteNetworkDriver.open(socket)
    expect(await remote.capabilities()).toEqual({ scope: 'local', connectivityScope: 'global' })
    await remote.createNetwork(NETWORK)
    expect(await remote.createEndpoint(ENDPOINT)).toEqual({})
  })

  test.each<[string, object, string]>([
    ['the address that it was given', { Address: '10.77.0.70/24' }, 'driver modified address'],
    ['another IPv6 address', { AddressIPv6: 'fd00:77::3/64' }, 'driver modified addressIpv6'],
    ['another MAC', { MacAddress: '02:42:0a:4d:00:78' }, 'driver modified mac'],
  ])('an endpoint with %s, which is then taken back', async (_, answered, reason) => {
    const calls = await serveScript({ ...LOCAL, 'NetworkDriver.CreateEndpoint': { Interface: answered } })
    const remote = await RemoteNetworkDriver.open(socket)
    await expect(remote.createEndpoint(ENDPOINT)).rejects.toThrow(reason)
    expect(calls.at(-1)).toBe('NetworkDriver.DeleteEndpoint')
  })

  test.each<[string, object]>([
    ['an address without a mask', { Address: '10.77.0.9' }],
    ['an address of the other family', { AddressIPv6: '10.77.0.9/24' }],
    ['a MAC that is none', { MacAddress: 'zero' }],
  ])('an endpoint with %s', async (_, answered) => {
    await serveScript({ ...LOCAL, 'NetworkDriver.CreateEndpoint': { Interface: answered } })
    const remote = await RemoteNetworkDriver.open(socket)
    await expect(remote.createEndpoint({ ...ENDPOINT, interface: {} })).rejects.toThrow()
  })

  test.each<[string, object, string]>([
    ['a gateway with a mask', { Gateway: '10.77.0.1/24' }, 'is no address'],
    ['a route of an unknown kind', { StaticRoutes: [{ Destination: '10.0.0.0/8', RouteType: 7 }] }, 'RouteType 7'],
    ['a route by way of nothing', { StaticRoutes: [{ Destination: '10.0.0.0/8', RouteType: 0 }] }, 'is no address'],
    ['a route to nowhere', { StaticRoutes: [{ Destination: 'home', RouteType: 1 }] }, 'not a CIDR'],
  ])('joining with %s, which is then left', async (_, answered, reason) => {
    const calls = await serveScript({ ...LOCAL, 'NetworkDriver.Join': answered })
    const remote = await RemoteNetworkDriver.open(socket)
    const request = { networkId: NETWORK_ID, endpointId: ENDPOINT_ID, sandboxKey: '/x', options: {} }
    await expect(remote.join(request)).rejects.toThrow(reason)
    expect(calls.at(-1)).toBe('NetworkDriver.Leave')
  })

  test('a plugin that cannot publish is fine', async () => {
    const missing = { status: 404, text: '404 page not found' }
    await serveScript({
      ...LOCAL,
      'NetworkDriver.ProgramExternalConnectivity': missing,
      'NetworkDriver.RevokeExternalConnectivity': missing,
    })
    const remote = await RemoteNetworkDriver.open(socket)
    const ids = { networkId: NETWORK_ID, endpointId: ENDPOINT_ID }
    await remote.programExternalConnectivity({ ...ids, exposedPorts: [], portBindings: [] })
    await remote.revokeExternalConnectivity(NETWORK_ID, ENDPOINT_ID)
  })

  test('a plugin of another kind', async () => {
    await serveScript({ 'Plugin.Activate': { Implements: ['InvalidDriver'] } })
    await expect(RemoteNetworkDriver.open(socket)).rejects.toThrow('Plugin does not implement the requested driver')
    await expect(RemoteIpam.open(socket)).rejects.toThrow('Plugin does not implement the requested driver')
  })

  test('a plugin that is silent, without another try', async () => {
    const server = createServer(() => undefined)
    closing.push(
      () =>
        new Promise((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        }),
    )
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    const clock = timing()
    const opening = RemoteNetworkDriver.open(socket, { timing: clock, deadlineMs: 50 })
    await expect(opening).rejects.toThrow('Plugin.Activate: no answer within 50 ms')
    expect(clock.slept).toEqual([])
  })
})

describe('an IPAM driver behind a socket', () => {
  test('gives pools and addresses', async () => {
    await servePlugin()
    const remote = await RemoteIpam.open(socket)
    expect(await remote.capabilities()).toEqual({ requiresMacAddress: false, requiresRequestReplay: false })
    const { local: addressSpace } = await remote.defaultAddressSpaces()
    const request = { addressSpace, options: {}, v6: false }
    const pool = await remote.requestPool({ ...request, pool: '10.0.0.0/24', subPool: '10.0.0.128/25' })
    expect(pool).toEqual({ id: 'LocalDefault/10.0.0.0/24/10.0.0.128/25', pool: '10.0.0.0/24', data: {} })
    const given = await remote.requestAddress({ poolId: pool.id, options: {} })
    expect(given).toEqual({ address: '10.0.0.128/24', data: {} })
    const taken = { poolId: pool.id, address: '10.0.0.128', options: {} }
    await expect(remote.requestAddress(taken)).rejects.toThrow('Address already in use')
    await remote.releaseAddress(pool.id, '10.0.0.128')
    expect((await remote.requestAddress(taken)).address).toBe('10.0.0.128/24')
    await remote.releasePool(pool.id)
  })

  test('is asked again until its pool is in nobody’s way, and gets back what was', async () => {
    await servePlugin()
    const remote = await RemoteIpam.open(socket)
    const request = { addressSpace: 'LocalDefault', options: {}, v6: false }
    const avoid = ['172.17.0.0/16', '172.18.9.0/24', '0.0.0.0/0']
    expect((await remote.requestPool({ ...request, avoid })).pool).toBe('172.19.0.0/16')
    expect((await remote.requestPool(request)).pool).toBe('172.17.0.0/16')
  })

  test('that answers nothing but pools in use is left after a while', async () => {
    const calls = await serveScript({ 'IpamDriver.RequestPool': { PoolID: 'p', Pool: '10.0.0.0/24' } })
    const remote = await RemoteIpam.open(socket)
    const request = { addressSpace: 'x', options: {}, v6: false, avoid: ['10.0.0.0/8'] }
    await expect(remote.requestPool(request)).rejects.toThrow('all of them in use here')
    const count = (method: string) => calls.filter((call) => call === `IpamDriver.${method}`).length
    expect(count('RequestPool')).toBe(count('ReleasePool'))
  })

  test('may be older than its capabilities, and its error field is Error', async () => {
    await serveScript({
      'IpamDriver.GetCapabilities': { status: 404, text: 'not found' },
      'IpamDriver.RequestPool': { Error: 'no pool today' },
      'IpamDriver.RequestAddress': { Err: 'is not looked at' },
      'IpamDriver.ReleasePool': { status: 500, text: '{"Err":"no"}' },
    })
    const remote = await RemoteIpam.open(socket)
    expect(await remote.capabilities()).toEqual({ requiresMacAddress: false, requiresRequestReplay: false })
    const pool = remote.requestPool({ addressSpace: 'x', pool: '10.0.0.0/24', options: {}, v6: false })
    await expect(pool).rejects.toThrow('remote: no pool today')
    const address = remote.requestAddress({ poolId: 'x', options: {} })
    await expect(address).rejects.toThrow('answered neither an address nor an error')
    await expect(remote.releasePool('x')).rejects.toThrow('IpamDriver.ReleasePool: no')
  })
})

describe('a plugin that is not there', () => {
  test('is looked for as long as an engine looks', async () => {
    const clock = timing()
    const folders = { sockets: folder, specs: [] }
    await expect(RemoteNetworkDriver.open('nobody', { timing: clock, folders })).rejects.toThrow(
      'plugin nobody: not found',
    )
    expect(clock.slept).toEqual([1000, 2000, 4000, 8000])
  })

  test('or is dead is called as often', async () => {
    const clock = timing()
    await expect(RemoteNetworkDriver.open(socket, { timing: clock })).rejects.toThrow(/Plugin.Activate: .*ENOENT/)
    expect(clock.slept).toEqual([1000, 2000, 4000, 8000])
  })

  test('and comes is used', async () => {
    const clock = timing()
    const sleep = async (ms: number) => {
      await clock.sleep(ms)
      if (clock.slept.length === 2) await servePlugin()
    }
    const folders = { sockets: folder, specs: [] }
    const remote = await RemoteNetworkDriver.open('p', { timing: { ...clock, sleep }, folders })
    expect((await remote.capabilities()).scope).toBe('local')
  })

  test('waits between tries as an engine does, thirty seconds at most', () => {
    const waits = [1, 2, 3, 5, 7, 11].map((failures) => ENGINE_TIMING.waitMs(failures))
    expect(waits).toEqual([1000, 2000, 4000, 16_000, 30_000, 30_000])
  })

  test('is not tried again for an error that does not pass', async () => {
    let tries = 0
    const failing = async () => {
      tries++
      throw new Error('for good')
    }
    await expect(retry(failing, { isPassing: () => false, timing: timing() })).rejects.toThrow('for good')
    expect(tries).toBe(1)
  })
})

describe('a plugin is found', () => {
  const at = (path: string) => join(folder, path)
  const find = (name: string) => findPlugin(name, { sockets: at('run'), specs: [at('etc'), at('usr')] })
  const write = (path: string, text: string) => {
    mkdirSync(join(at(path), '..'), { recursive: true })
    writeFileSync(at(path), text)
  }

  test('by its socket before its files, of which .spec and /etc come first', async () => {
    write('usr/p.spec', 'unix:///usr-spec')
    expect(find('p')).toEqual({ kind: 'unix', path: '/usr-spec' })
    write('etc/p/p.json', '{"Name":"other","Addr":"unix:///etc-json"}')
    expect(find('p')).toEqual({ kind: 'unix', path: '/etc-json' })
    write('etc/p/p.spec', ' tcp://127.0.0.1:9999\n')
    expect(find('p')).toEqual({ kind: 'http', url: new URL('http://127.0.0.1:9999') })
    mkdirSync(at('run/p'), { recursive: true })
    write('run/p.sock', 'a file is no socket')
    expect(find('p')).toMatchObject({ kind: 'http' })
    const server = createServer()
    closing.push(() => new Promise((resolve) => server.close(() => resolve())))
    await new Promise<void>((resolve) => server.listen(at('run/p/p.sock'), resolve))
    expect(find('p')).toEqual({ kind: 'unix', path: at('run/p/p.sock') })
  })

  test.each<[string, object | undefined]>([
    [
      '{"Addr":"https://h:1","TLSConfig":{"CAFile":"/ca","CertFile":"/c","KeyFile":"/k"}}',
      { caFile: '/ca', certFile: '/c', keyFile: '/k', insecure: false },
    ],
    ['{"Addr":"https://h:1","TLSConfig":{}}', { insecure: true }],
    [
      '{"Addr":"https://h:1","TLSConfig":{"CAFile":"/ca","InsecureSkipVerify":true}}',
      { caFile: '/ca', insecure: true },
    ],
    ['{"Addr":"https://h:1"}', { insecure: false }],
  ])('by a file with %s', (text, tls) => {
    write('etc/p.json', text)
    expect(find('p')).toEqual({ kind: 'http', url: new URL('https://h:1'), tls })
  })

  test('by a path or a URL', () => {
    expect(find('/run/x.sock')).toEqual({ kind: 'unix', path: '/run/x.sock' })
    expect(find('unix:///run/x.sock')).toEqual({ kind: 'unix', path: '/run/x.sock' })
    expect(find('https://[::1]:7')).toEqual({ kind: 'http', url: new URL('https://[::1]:7'), tls: { insecure: true } })
    expect(find('nothing')).toBeUndefined()
  })

  test.each([
    ['a file without a scheme', () => write('etc/p.spec', 'localhost:8080'), 'Unknown protocol'],
    ['a file of another scheme', () => write('etc/p.spec', 'ftp://localhost'), 'Unknown protocol'],
    ['a file that is no JSON', () => write('etc/p.json', '{'), 'etc/p.json'],
    ['a file of another shape', () => write('etc/p.json', '{"Addr":1}'), 'Addr: number'],
  ])('not by %s', (_, prepare, reason) => {
    prepare()
    expect(() => find('p')).toThrow(reason)
  })

  test('not by a name that is a path in disguise', () => {
    expect(() => find('../p')).toThrow('not a name, path or URL')
  })
})

describe('over TCP', () => {
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })

  /** An authority and, of it, a certificate for both sides. */
  function makeCertificates(): void {
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca', '-days', '2')
    openssl('req', ...newKey, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=plugin')
    writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1\n')
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
    openssl('x509', '-req', '-in', 'request.pem', '-out', 'cert.pem', ...signed)
  }

  test('only who has a certificate of the authority is let in', async () => {
    makeCertificates()
    const read = (name: string) => readFileSync(join(folder, name), 'utf8')
    const server = new PluginServer({ drivers: { network: new MemoryDriver() } })
    closing.push(() => server.close())
    const tls = { certificate: read('cert.pem'), key: read('key.pem'), authority: read('ca.pem') }
    const port = await server.listenTls({ host: '127.0.0.1', port: 0, ...tls })
    const spec = (fields: object) => {
      writeFileSync(join(folder, 'p.json'), JSON.stringify({ Addr: `https://127.0.0.1:${port}`, TLSConfig: fields }))
      return { timing: timing(), folders: { sockets: folder, specs: [folder] } }
    }
    const files = {
      CAFile: join(folder, 'ca.pem'),
      CertFile: join(folder, 'cert.pem'),
      KeyFile: join(folder, 'key.pem'),
    }
    const remote = await RemoteNetworkDriver.open('p', spec(files))
    expect((await remote.capabilities()).scope).toBe('local')
    await expect(RemoteNetworkDriver.open('p', spec({ CAFile: files.CAFile }))).rejects.toThrow(/Plugin.Activate/)
    await expect(RemoteNetworkDriver.open('p', spec({ ...files, CAFile: '/gone' }))).rejects.toThrow('/gone')
  })
})
