import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NativeIpam } from '../../../src/driver/ipam/native-ipam.ts'
import { type Faults, parseFaults } from '../../../src/driver/plugin/fault.ts'
import { PLUGIN_METHODS } from '../../../src/driver/plugin/methods.ts'
import { PluginServer } from '../../../src/driver/plugin/plugin-server.ts'
import { BODY_LIMIT } from '../../../src/driver/plugin/read-body.ts'
import { CREATE_ENDPOINT, CREATE_NETWORK, ENDPOINT_ID, IDS, JOIN, NETWORK_ID, PORTS } from './captured.ts'
import { MemoryDriver } from './memory-driver.ts'
import { rawCall } from './raw-call.ts'

let folder: string
let socket: string
let driver: MemoryDriver
let servers: PluginServer[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsnet-plugin-'))
  socket = join(folder, 'plugins/tsnet.sock')
  driver = new MemoryDriver()
  servers = []
})

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()))
  rmSync(folder, { recursive: true })
})

async function serve(faults: Faults = new Map(), path = socket): Promise<PluginServer> {
  const ipam = new NativeIpam({ stateFolder: join(folder, 'ipam') })
  const server = new PluginServer({ drivers: { network: driver, ipam }, faults })
  servers.push(server)
  await server.listen(path)
  return server
}

async function post(path: string, message?: unknown): Promise<unknown> {
  const answer = await rawCall(socket, path, message === undefined ? '' : JSON.stringify(message))
  expect([path, answer.status, answer.text]).toEqual([path, 200, expect.stringMatching(/^\{.*\}\n$/)])
  expect(answer.type).toBe('application/vnd.docker.plugins.v1.1+json')
  return JSON.parse(answer.text)
}

async function refusal(path: string, body: string): Promise<{ status: number; text: string }> {
  const { status, text } = await rawCall(socket, path, body)
  const { Err, Error: error } = JSON.parse(text)
  expect(error).toBe(Err)
  return { status, text: Err }
}

describe('the sequence that an engine sends', () => {
  beforeEach(() => serve())

  test('activates the plugin and learns what it can', async () => {
    expect(await post('Plugin.Activate')).toEqual({ Implements: ['NetworkDriver', 'IpamDriver'] })
    expect(await post('NetworkDriver.GetCapabilities')).toEqual({ Scope: 'local', ConnectivityScope: 'local' })
    expect(await post('IpamDriver.GetCapabilities')).toEqual({
      RequiresMACAddress: false,
      RequiresRequestReplay: false,
    })
    expect(await post('IpamDriver.GetDefaultAddressSpaces')).toEqual({
      LocalDefaultAddressSpace: 'LocalDefault',
      GlobalDefaultAddressSpace: 'GlobalDefault',
    })
  })

  test('reserves addresses', async () => {
    const request = { AddressSpace: 'LocalDefault', Pool: '10.77.0.0/24', SubPool: '10.77.0.64/26', V6: false }
    const pool = await post('IpamDriver.RequestPool', { ...request, Options: { io: '1' } })
    const PoolID = 'LocalDefault/10.77.0.0/24/10.77.0.64/26'
    expect(pool).toEqual({ PoolID, Pool: '10.77.0.0/24', Data: {} })
    const Options = { RequestAddressType: 'com.docker.network.gateway' }
    expect(await post('IpamDriver.RequestAddress', { PoolID, Address: '10.77.0.1', Options })).toEqual({
      Address: '10.77.0.1/24',
      Data: {},
    })
    expect(await post('IpamDriver.RequestAddress', { PoolID, Address: '', Options: null })).toEqual({
      Address: '10.77.0.64/24',
      Data: {},
    })
    expect(await post('IpamDriver.ReleaseAddress', { PoolID, Address: '10.77.0.64' })).toEqual({})
    expect(await post('IpamDriver.ReleasePool', { PoolID })).toEqual({})
  })

  test('makes a network and an endpoint, joins it, publishes its ports and takes it all back', async () => {
    expect(await post('NetworkDriver.CreateNetwork', CREATE_NETWORK)).toEqual({})
    expect(driver.networks.get(NETWORK_ID)).toEqual({
      id: NETWORK_ID,
      options: { 'com.docker.network.driver.mtu': '1400', r3key: 'r3val' },
      internal: false,
      enableIpv4: true,
      enableIpv6: false,
      ipv4: [
        {
          addressSpace: 'r3local',
          pool: '10.77.0.0/24',
          gateway: '10.77.0.1/24',
          auxAddresses: { a1: '10.77.0.5/24' },
        },
      ],
      ipv6: [],
    })
    expect(await post('NetworkDriver.CreateEndpoint', CREATE_ENDPOINT)).toEqual({ Interface: {} })
    expect(driver.endpoints.get(ENDPOINT_ID)).toEqual({
      networkId: NETWORK_ID,
      id: ENDPOINT_ID,
      interface: { address: '10.77.0.70/24', mac: '02:42:0a:4d:00:77' },
      exposedPorts: [
        { protocol: 'tcp', port: 80 },
        { protocol: 'udp', port: 81 },
      ],
      portBindings: [{ protocol: 'tcp', port: 80, hostPort: 18100, hostPortEnd: 18100 }],
      options: {},
    })
    expect(await post('NetworkDriver.Join', JOIN)).toEqual({
      InterfaceName: { SrcName: 'memc6e9f9f5', DstPrefix: 'eth' },
      Gateway: '10.77.0.1',
      GatewayIPv6: '',
      StaticRoutes: [{ Destination: '192.0.2.0/24', RouteType: 1, NextHop: '' }],
      DisableGatewayService: false,
    })
    expect(await post('NetworkDriver.ProgramExternalConnectivity', { ...IDS, Options: PORTS })).toEqual({})
    expect(driver.published.get(ENDPOINT_ID)?.portBindings).toHaveLength(1)
    expect(await post('NetworkDriver.EndpointOperInfo', IDS)).toEqual({ Value: { link: 'memc6e9f9f5' } })
    for (const method of ['RevokeExternalConnectivity', 'Leave', 'DeleteEndpoint']) {
      expect(await post(`NetworkDriver.${method}`, IDS)).toEqual({})
    }
    expect(await post('NetworkDriver.DeleteNetwork', { NetworkID: NETWORK_ID })).toEqual({})
    expect([driver.networks.size, driver.endpoints.size, driver.joined.size, driver.published.size]).toEqual([
      0, 0, 0, 0,
    ])
  })

  test('in a swarm allocates with options that come back, and tells of nodes', async () => {
    const network = { NetworkID: 'dmb9xpooq09bw31xp19eyovwj', Options: { o1: 'v1' } }
    const data = [{ AddressSpace: '', Gateway: '10.77.0.1/24', Pool: '10.77.0.0/24' }]
    const allocation = { ...network, IPv4Data: data, IPv6Data: null }
    expect(await post('NetworkDriver.AllocateNetwork', allocation)).toEqual({ Options: { o1: 'v1' } })
    expect(await post('NetworkDriver.FreeNetwork', { NetworkID: network.NetworkID })).toEqual({})
    const node = { Address: '10.250.0.1', BindAddress: '10.250.0.1', Self: true }
    for (const method of ['DiscoverNew', 'DiscoverDelete']) {
      expect(await post(`NetworkDriver.${method}`, { DiscoveryType: 1, DiscoveryData: node })).toEqual({})
    }
    expect(await post('NetworkDriver.GwAllocCheck', { Options: {} })).toEqual({ SkipIPv4: false, SkipIPv6: false })
  })

  test('may spell keys as it likes, leave out what is empty, and say more than is known', async () => {
    const message = { networkid: NETWORK_ID, ipv4data: null, Options: null, Labels: { a: 'b' } }
    expect(await post('NetworkDriver.CreateNetwork', message)).toEqual({})
    expect(driver.networks.get(NETWORK_ID)).toMatchObject({
      enableIpv4: true,
      enableIpv6: false,
      ipv4: [],
      options: {},
    })
  })
})

describe('what cannot be is refused:', () => {
  beforeEach(() => serve())

  const inNetwork = (fields: object) => JSON.stringify({ ...CREATE_NETWORK, ...fields })
  const port = (fields: object) => {
    const binding = { Proto: 6, IP: '', Port: 80, HostIP: '', HostPort: 1, HostPortEnd: 1, ...fields }
    return JSON.stringify({ ...CREATE_ENDPOINT, Options: { 'com.docker.network.portmap': [binding] } })
  }

  test.each([
    ['a body that is empty', 'NetworkDriver.CreateNetwork', '', 'body: is empty'],
    ['a body that is no JSON', 'NetworkDriver.Join', '{"NetworkID":', 'body: '],
    ['a body that is no object', 'NetworkDriver.Join', '[]', 'body: list where object is expected'],
    ['a network without an id', 'NetworkDriver.CreateNetwork', '{}', 'NetworkID "": not an id'],
    ['an id that is a path', 'NetworkDriver.DeleteNetwork', '{"NetworkID":"../../etc"}', 'not an id'],
    ['an endpoint without an id', 'NetworkDriver.Leave', `{"NetworkID":"${NETWORK_ID}"}`, 'EndpointID "": not an id'],
    ['an id that is a number', 'NetworkDriver.Leave', '{"NetworkID":7}', 'NetworkID: number where string is expected'],
    ['options that are a list', 'NetworkDriver.CreateNetwork', inNetwork({ Options: [] }), 'Options: list where map'],
    [
      'a gateway that is a flag',
      'NetworkDriver.CreateNetwork',
      inNetwork({ IPv4Data: [{ Gateway: true }] }),
      'IPv4Data[0].Gateway: boolean',
    ],
    ['a port of ICMP', 'NetworkDriver.CreateEndpoint', port({ Proto: 1 }), 'IP protocol 1 has no ports'],
    ['a port that is none', 'NetworkDriver.CreateEndpoint', port({ HostPort: 65_536 }), 'cannot be'],
    [
      'a range that ends before it begins',
      'NetworkDriver.CreateEndpoint',
      port({ HostPort: 9, HostPortEnd: 8 }),
      'cannot be',
    ],
    ['a pool without an id', 'IpamDriver.ReleasePool', '{}', 'PoolID: is missing'],
    [
      'a part without its pool',
      'IpamDriver.RequestPool',
      '{"AddressSpace":"LocalDefault","SubPool":"10.0.0.0/25"}',
      'without its pool',
    ],
  ])('%s', async (_, path, body, reason) => {
    const { status, text } = await refusal(path, body)
    expect([status, text]).toEqual([400, expect.stringContaining(reason)])
  })

  test('what the driver cannot do is an error in both spellings', async () => {
    const answer = await refusal('NetworkDriver.CreateEndpoint', JSON.stringify(CREATE_ENDPOINT))
    expect(answer).toEqual({ status: 500, text: `network ${NETWORK_ID}: is unknown` })
  })

  test('a method that there is not', async () => {
    expect((await refusal('NetworkDriver.NoSuchMethod', '{}')).status).toBe(404)
    expect((await refusal('VolumeDriver.List', '{}')).status).toBe(404)
    expect((await rawCall(socket, 'Plugin.Activate', '', { method: 'GET' })).status).toBe(405)
  })

  test('a message without end, and the next one is answered', async () => {
    expect((await refusal('NetworkDriver.Join', 'x'.repeat(BODY_LIMIT + 1))).status).toBe(413)
    await post('Plugin.Activate')
  })

  test.each([...PLUGIN_METHODS].filter(([, { takesBody }]) => takesBody).map(([path]) => path))(
    '%s without a body, as it comes in a retry',
    async (path) => {
      expect((await refusal(path, '')).status).toBe(400)
    },
  )
})

test('a plugin of one kind neither announces nor answers the other', async () => {
  const server = new PluginServer({ drivers: { ipam: new NativeIpam({ stateFolder: join(folder, 'ipam') }) } })
  servers.push(server)
  await server.listen(socket)
  expect(await post('Plugin.Activate')).toEqual({ Implements: ['IpamDriver'] })
  expect((await refusal('NetworkDriver.GetCapabilities', '')).status).toBe(404)
})

describe('the socket', () => {
  test('is open to its owner alone, and is gone when the server closes', async () => {
    const server = await serve()
    expect((statSync(socket).mode & 0o7777).toString(8)).toBe('600')
    expect(process.umask()).toBe(0o022)
    await server.close()
    expect(readdirSync(join(folder, 'plugins'))).toEqual([])
  })

  test('that a dead process left is replaced', async () => {
    mkdirSync(join(folder, 'plugins'))
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(join(folder, 'before'), resolve))
    // what a killed process leaves is a name that nobody listens behind
    linkSync(join(folder, 'before'), socket)
    await new Promise((resolve) => other.close(resolve))
    expect(statSync(socket).isSocket()).toBe(true)
    await serve()
    await post('Plugin.Activate')
  })

  test('that a live process serves is left alone', async () => {
    await serve()
    await expect(serve()).rejects.toThrow(/another process serves it/)
    await post('Plugin.Activate')
  })

  test('whose place something else has is not made', async () => {
    writeFileSync(join(folder, 'file'), 'mine')
    await expect(serve(new Map(), join(folder, 'file'))).rejects.toThrow('something else is there')
    await expect(serve(new Map(), join(folder, 'x'.repeat(120)))).rejects.toThrow('longer than 107 bytes')
  })

  test('is held open for calls that come late', async () => {
    await serve()
    const client = connect(socket)
    const answers: string[] = []
    client.on('data', (chunk) => answers.push(chunk.toString()))
    const text = 'POST /Plugin.Activate HTTP/1.1\r\nHost: \r\nContent-Length: 0\r\n\r\n'
    client.write(text)
    await expect.poll(() => answers.join('')).toContain('Implements')
    expect(answers.join('')).not.toMatch(/keep-alive: timeout/i)
    client.destroy()
  })
})

describe('calls that come together', () => {
  /** How many of them are under way at once, at most. */
  function watched(): { run: () => Promise<void>; most: () => number } {
    let running = 0
    let most = 0
    const run = async () => {
      most = Math.max(most, ++running)
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
      running--
    }
    return { run, most: () => most }
  }

  const send = (method: string, message: object) => rawCall(socket, `NetworkDriver.${method}`, JSON.stringify(message))
  const statuses = async (calls: Promise<{ status: number }>[]) =>
    (await Promise.all(calls)).map(({ status }) => status)

  test('and make networks do not overlap, and one that fails does not stop the next', async () => {
    const { run, most } = watched()
    driver.createNetwork = async ({ id }) => {
      await run()
      if (id.endsWith('3')) throw new Error('the third fails')
    }
    await serve()
    const calls = Array.from({ length: 6 }, (_, at) => send('CreateNetwork', { NetworkID: `n${at}` }))
    expect(await statuses(calls)).toEqual([200, 200, 200, 500, 200, 200])
    expect(most()).toBe(1)
  })

  test('overlap for endpoints, but neither for one of them nor with a network', async () => {
    const ofOne = watched()
    const ofAll = watched()
    driver.deleteEndpoint = async (_, id) => {
      await Promise.all([ofAll.run(), id === 'e0' ? ofOne.run() : undefined])
    }
    driver.deleteNetwork = async () => {
      await ofOne.run()
    }
    await serve()
    const endpoints = ['e0', 'e1', 'e2', 'e0', 'e3']
    const calls = endpoints.map((EndpointID) => send('DeleteEndpoint', { NetworkID: 'n', EndpointID }))
    expect(await statuses([...calls, send('DeleteNetwork', { NetworkID: 'n' })])).toEqual([...Array(6)].fill(200))
    expect(ofOne.most()).toBe(1)
    expect(ofAll.most()).toBeGreaterThan(1)
  })
})

describe('a plugin made sick', () => {
  const methods = [...PLUGIN_METHODS.keys(), 'Plugin.Activate']

  test('answers late, wrongly or never, by method', async () => {
    const texts = [
      'Plugin.Activate=delay:300',
      'NetworkDriver.GetCapabilities=error:no, thanks',
      'NetworkDriver.Join=hang',
    ]
    await serve(parseFaults([...texts, '*=garbage'], methods))
    const start = performance.now()
    expect((await rawCall(socket, 'Plugin.Activate')).status).toBe(200)
    expect(performance.now() - start).toBeGreaterThan(295)
    expect(await refusal('NetworkDriver.GetCapabilities', '')).toEqual({ status: 500, text: 'no, thanks' })
    const garbage = await rawCall(socket, 'IpamDriver.GetCapabilities')
    expect(garbage.status).toBe(200)
    expect(() => JSON.parse(garbage.text)).toThrow()
    const signal = AbortSignal.timeout(300)
    await expect(rawCall(socket, 'NetworkDriver.Join', '{}', { signal })).rejects.toThrow(/aborted/)
  })

  test.each([
    ['a method that there is not', 'NetworkDriver.Jump=hang', 'no method "NetworkDriver.Jump"'],
    ['no fault', 'NetworkDriver.Join', 'no method ""'],
    ['a fault that there is not', '*=explode', 'what shall go wrong?'],
    ['a delay without a number', '*=delay:soon', 'what shall go wrong?'],
    ['an error without a text', '*=error:', 'what shall go wrong?'],
    ['a hang with a detail', '*=hang:3', 'what shall go wrong?'],
  ])('cannot have %s', (_, text, reason) => {
    expect(() => parseFaults([text], methods)).toThrow(reason)
  })
})
