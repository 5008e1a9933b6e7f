import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addAddress, addRoute, changeLink, getLink, inNewNamespace } from 'netlink-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NetworkConfig } from '../../src/driver/network-driver.ts'
import { NetworkHost } from '../../src/driver/network-host.ts'
import { BridgeDriver } from '../../src/driver/networks/bridge/bridge-driver.ts'
import { connectTcp, listenTcp } from '../../src/kernel/namespace-sockets.ts'
import { binding, networkConfig, randomId } from '../driver/networks/bridge-build.ts'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'

let engine: DockerEngine
let folder: string
let host: NetworkHost
let outside: NetworkHost
const closing: (() => void)[] = []

const OUTSIDE = { host: '198.51.100.1', peer: '198.51.100.2' }
const SILENCE_MS = 1000

beforeAll(async () => {
  engine = await startDockerEngine()
  folder = mkdtempSync(join(tmpdir(), 'tsnet-beside-'))
  // by a descriptor of our own: the engine's process will be another after its restart
  host = openHeld(openSync(`/proc/${engine.pid}/ns/net`, 'r'))
  outside = newNamespace()
  await engine.inside('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1')
  await engine.inside('ip', 'addr', 'add', `${OUTSIDE.host}/24`, 'dev', 'up0')
  await engine.inside('ip', 'link', 'set', 'up0', 'up')
  host.route.request(changeLink(0, { name: 'up1', namespace: { fd: outside.fd } }))
  configure(outside, 'up1', `${OUTSIDE.peer}/24`, OUTSIDE.host)
  await engine.docker('network', 'create', '--subnet', '10.210.1.0/24', '-o', bridgeName('br-theirs'), 'theirs')
  await engine.runContainer('theirs', '--network', 'theirs', '--ip', '10.210.1.2', '-p', '18080:80')
  await engine.docker('exec', '-d', 'theirs', 'sh', '-c', 'while :; do echo theirs | nc -l -p 80; done')
  await engine.docker('exec', '-d', 'theirs', 'sh', '-c', 'while :; do echo theirs | nc -l -p 90; done')
})

afterAll(async () => {
  for (const close of closing.reverse()) close()
  await engine?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

function bridgeName(name: string): string {
  return `com.docker.network.bridge.name=${name}`
}

function newNamespace(): NetworkHost {
  return openHeld(inNewNamespace(() => openSync('/proc/thread-self/ns/net', 'r')))
}

function openHeld(fd: number): NetworkHost {
  const opened = NetworkHost.open(`/proc/${process.pid}/fd/${fd}`)
  closing.push(() => {
    opened.close()
    closeSync(fd)
  })
  return opened
}

function configure(place: NetworkHost, link: string, cidr: string, gateway: string): void {
  const [address = '', length = ''] = cidr.split('/')
  const { index } = getLink(place.route, { name: link })
  place.route.request(addAddress({ index, address, prefixLength: Number(length) }))
  place.route.request(changeLink(index, { up: true }))
  place.route.request(addRoute({ family: 4, destination: 'default', gateway }))
}

async function serve(place: NetworkHost, port: number): Promise<void> {
  const server = createServer((socket: Socket) => {
    socket.on('error', () => undefined)
    socket.end('ours\n')
  })
  await listenTcp(place, server, { address: '0.0.0.0', port })
  closing.push(() => server.close())
}

function reach(from: NetworkHost, address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp(from, { address, port })
    const done = (answer: string): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => done('nothing'), SILENCE_MS)
    socket.on('data', (chunk) => done(chunk.toString().trim()))
    socket.on('error', (error) => done(error.message))
  })
}

/** A container of the engine asks. */
async function theirReach(address: string, port: number): Promise<string> {
  const script = `echo | timeout 1 nc ${address} ${port} || true`
  const answer = await engine.docker('exec', 'theirs', 'sh', '-c', script)
  return answer === '' ? 'nothing' : answer
}

async function rules(): Promise<string> {
  const saved = [await engine.inside('iptables-save'), await engine.inside('ip6tables-save')].join('\n')
  return saved.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '')
}

async function makeOurs(driver: BridgeDriver, network: NetworkConfig): Promise<NetworkHost> {
  const place = newNamespace()
  const id = randomId()
  const given = { networkId: network.id, id, interface: { address: '10.220.1.2/24' }, options: {} }
  await driver.createEndpoint({ ...given, exposedPorts: [], portBindings: [] })
  const { interfaceName } = await driver.join({
    networkId: network.id,
    endpointId: id,
    sandboxKey: '',
    options: {},
    sandboxFd: place.fd,
  })
  configure(place, interfaceName.source ?? '', '10.220.1.2/24', '10.220.1.1')
  await driver.programExternalConnectivity({
    networkId: network.id,
    endpointId: id,
    exposedPorts: [],
    portBindings: [binding('28080:80')],
  })
  await serve(place, 80)
  await serve(place, 90)
  return place
}

describe.each(['docker28', 'docker20'] as const)(
  'our networks with rules of %s beside a real engine 20.10',
  (layout) => {
    test('are apart from its networks both ways, also after it was started again, and leave its rules as they were', async () => {
      const before = await rules()
      const driver = new BridgeDriver({
        host,
        stateFolder: join(folder, layout),
        firewall: { layout, backend: 'iptables', chainPrefix: 'TSNET', comment: 'tsnet:beside' },
        tag: 'tsnet:beside',
      })
      closing.push(() => driver.close())
      const network = networkConfig({ subnet: '10.220.1.0/24' })
      await driver.createNetwork(network)
      const ours = await makeOurs(driver, network)
      await serveOutside()

      const check = async (): Promise<void> => {
        // both have their way out, and their published ports, although the engine has set FORWARD to DROP
        expect(before).toContain(':FORWARD DROP')
        expect(await reach(ours, OUTSIDE.peer, 443)).toBe('ours')
        expect(await theirReach(OUTSIDE.peer, 443)).toBe('ours')
        expect(await reach(outside, OUTSIDE.host, 28080)).toBe('ours')
        expect(await reach(outside, OUTSIDE.host, 18080)).toBe('theirs')
        // containers reach each other's published ports, and nothing else
        expect(await theirReach(OUTSIDE.host, 28080)).toBe('ours')
        expect(await reach(ours, OUTSIDE.host, 18080)).toBe('theirs')
        for (const port of [80, 90]) expect(await reach(ours, '10.210.1.2', port)).toBe('nothing')
        expect(await theirReach('10.220.1.2', 90)).toBe('nothing')
      }
      await check()
      // it flushes its chains and puts its own jumps first
      await engine.restart()
      await engine.docker('start', 'theirs').catch(() => undefined)
      await engine.docker('exec', '-d', 'theirs', 'sh', '-c', 'while :; do echo theirs | nc -l -p 80; done')
      await engine.docker('exec', '-d', 'theirs', 'sh', '-c', 'while :; do echo theirs | nc -l -p 90; done')
      await check()
      await driver.restore()
      await check()
      await driver.deleteNetwork(network.id)
      expect(sorted(await rules())).toEqual(sorted(before))
    })
  },
)

let servesOutside = false

async function serveOutside(): Promise<void> {
  if (servesOutside) return
  servesOutside = true
  await serve(outside, 443)
}

/** The engine, started again, puts its networks in an order of its own. */
function sorted(saved: string): string[] {
  return saved.split('\n').sort()
}
