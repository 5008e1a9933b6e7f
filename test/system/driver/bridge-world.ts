import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changeLink } from 'netlink-ts'
import type { FirewallSettings } from '../../../src/driver/firewall/firewall.ts'
import type { NetworkConfig, PortBinding, TransportProtocol } from '../../../src/driver/network-driver.ts'
import { NetworkHost } from '../../../src/driver/network-host.ts'
import { BridgeDriver } from '../../../src/driver/networks/bridge/bridge-driver.ts'
import type { ProxyBinding, UserlandProxy } from '../../../src/driver/ports/userland-proxy.ts'
import { bindUdp, connectTcp, connectUdp, listenTcp } from '../../../src/kernel/namespace-sockets.ts'
import { randomId } from '../../driver/networks/bridge-build.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'

export const OUTSIDE = { host: '198.51.100.1', peer: '198.51.100.2', host6: '2001:db8:51::1', peer6: '2001:db8:51::2' }

/** How long a connection may take that should come about, and one that should not. */
const ANSWER_MS = 10_000
const SILENCE_MS = 700

export interface Reach {
  readonly protocol?: TransportProtocol
  /** It is not expected to answer: do not wait long. */
  readonly silent?: boolean
}

/** A machine of its own: `h1` plays the host, `out` is a neighbour of it. */
export class BridgeWorld {
  readonly #world: World
  readonly #folder = mkdtempSync(join(tmpdir(), 'tsnet-bridge-'))
  readonly #hosts = new Map<string, NetworkHost>()
  readonly #servers: Server[] = []
  readonly #closing: (() => void)[] = []

  private constructor(world: World) {
    this.#world = world
  }

  static async open(): Promise<BridgeWorld> {
    const world = new BridgeWorld(await openWorld())
    await world.addNamespace('h1')
    await world.addNamespace('out')
    const { host, peer, host6, peer6 } = OUTSIDE
    await world.ip('h1', 'link add up0 type veth peer name up1 netns out')
    for (const [name, link, v4, v6] of [
      ['h1', 'up0', host, host6],
      ['out', 'up1', peer, peer6],
    ] as const) {
      // its link-local address would be tentative for a while, and the state of the host another afterwards
      await world.ip(name, `link set ${link} addrgenmode none`)
      await world.ip(name, `addr add ${v4}/24 dev ${link}`)
      await world.ip(name, `addr add ${v6}/64 dev ${link} nodad`)
      await world.ip(name, `link set ${link} up`)
    }
    return world
  }

  get host(): NetworkHost {
    return this.namespace('h1')
  }

  get folder(): string {
    return join(this.#folder, 'state')
  }

  namespace(name: string): NetworkHost {
    const known = this.#hosts.get(name)
    if (known) return known
    const opened = NetworkHost.open(`/proc/${this.#world.pid}/root/run/netns/${name}`)
    this.#hosts.set(name, opened)
    return opened
  }

  async addNamespace(name: string): Promise<void> {
    await this.#world.run('ip', ['netns', 'add', name])
    await this.ip(name, 'link set lo up')
  }

  ip(namespace: string, words: string): Promise<string> {
    return this.#world.run('ip', ['-n', namespace, ...words.split(' ')])
  }

  run(namespace: string, command: string, words: readonly string[], input?: string): Promise<string> {
    return this.#world.run(command, words, { namespace, ...(input === undefined ? {} : { input }) })
  }

  start(namespace: string, command: string, words: readonly string[]): ChildProcess {
    return this.#world.start(command, words, { namespace })
  }

  /** Those with the same tag have one state. */
  driver(firewall: Partial<FirewallSettings>, userlandProxy?: UserlandProxy, tag = 'tsnet:test'): BridgeDriver {
    const driver = new BridgeDriver({
      host: this.host,
      stateFolder: join(this.folder, tag.replace(':', '-')),
      firewall: { layout: 'docker28', backend: 'iptables', chainPrefix: 'DOCKER', ...firewall },
      tag,
      ...(userlandProxy ? { userlandProxy } : {}),
    })
    this.#closing.push(() => driver.close())
    return driver
  }

  /** The real docker-proxy, in the host. */
  dockerProxy(): UserlandProxy & { readonly running: ReadonlyMap<string, ChildProcess> } {
    const running = new Map<string, ChildProcess>()
    const path = this.host.path
    return {
      running,
      start: async (binding) => {
        if (running.has(keyOf(binding))) return
        running.set(keyOf(binding), await startProxy(path, binding))
      },
      stop: async (binding) => {
        const child = running.get(keyOf(binding))
        running.delete(keyOf(binding))
        if (!child) return
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGKILL')
        await ended
      },
    }
  }

  /** All that would show that something was left behind in the host. */
  async state(): Promise<string> {
    const parts = [
      ['iptables-save'],
      ['ip6tables-save'],
      ['nft', 'list', 'ruleset'],
      ['ip', '-o', 'link'],
      ['ip', '-o', 'addr'],
      ['ip', 'route'],
      ['ss', '-Htulpn'],
      ['cat', '/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'],
      ['cat', '/proc/sys/net/bridge/bridge-nf-call-iptables', '/proc/sys/net/bridge/bridge-nf-call-ip6tables'],
    ]
    const texts = await Promise.all(parts.map(([command = '', ...words]) => this.run('h1', command, words)))
    return texts.map(steady).join('---\n')
  }

  async rules(family: 'ip' | 'ip6' = 'ip'): Promise<string> {
    return await this.run('h1', family === 'ip' ? 'iptables-save' : 'ip6tables-save', [])
  }

  /** Connects a new namespace to a network as a controller does, and lets it answer on some ports. */
  async container(driver: BridgeDriver, network: NetworkConfig, options: ContainerOptions): Promise<Container> {
    const { name, address, addressIpv6, ports = [], listen = ['tcp 80'] } = options
    await this.addNamespace(name)
    const id = randomId()
    const place = this.namespace(name)
    const given = { ...(address ? { address } : {}), ...(addressIpv6 ? { addressIpv6 } : {}) }
    const added = await driver.createEndpoint({
      networkId: network.id,
      id,
      interface: given,
      exposedPorts: [],
      portBindings: [],
      options: {},
    })
    const request = { networkId: network.id, endpointId: id, sandboxKey: place.path, options: {} }
    const joined = await driver.join(options.moved ? request : { ...request, sandboxFd: place.fd })
    await this.#configure(place, joined, { ...given, ...added })
    if (!network.internal) {
      await driver.programExternalConnectivity({
        networkId: network.id,
        endpointId: id,
        exposedPorts: [],
        portBindings: ports,
      })
    }
    for (const words of listen) await this.#listen(name, words)
    return { id, name, network: network.id, address: (address ?? '').split('/')[0] ?? '' }
  }

  async #configure(
    place: NetworkHost,
    joined: Awaited<ReturnType<BridgeDriver['join']>>,
    facts: { address?: string; addressIpv6?: string },
  ): Promise<void> {
    const { source = '', inSandbox = false } = joined.interfaceName
    const from = inSandbox ? place : this.host
    from.route.request(changeLink(0, { name: source, alias: 'given' }))
    if (!inSandbox) await run(['ip', 'link', 'set', source, 'netns', place.path], this.host.path)
    const inside = (words: string) => run(['ip', ...words.split(' ')], place.path)
    await inside(`link set ${source} name eth0`)
    if (facts.address) await inside(`addr add ${facts.address} dev eth0`)
    if (facts.addressIpv6) await inside(`addr add ${facts.addressIpv6} dev eth0 nodad`)
    await inside('link set eth0 up')
    if (joined.gateway) await inside(`route add default via ${joined.gateway}`)
    if (joined.gatewayIpv6) await inside(`-6 route add default via ${joined.gatewayIpv6}`)
  }

  /** @param words `tcp 80`, `udp 53`: whoever connects is told the namespace's name and their own address */
  async #listen(namespace: string, words: string): Promise<void> {
    const [protocol, port] = words.split(' ')
    if (protocol === 'udp') await this.serveUdp(namespace, Number(port))
    else if (protocol === 'sctp') await this.serveTcp(namespace, Number(port), '0.0.0.0', 'sctp')
    else await this.serveTcp(namespace, Number(port))
  }

  async serveTcp(namespace: string, port: number, address = '::', protocol: 'tcp' | 'sctp' = 'tcp'): Promise<void> {
    const server = createServer((socket: Socket) => {
      socket.on('error', () => undefined)
      // of an SCTP socket Node does not know the peer
      socket.end(`${namespace} ${socket.remoteAddress?.replace('::ffff:', '') ?? ''}`)
    })
    await listenTcp(this.namespace(namespace), server, { address, port, protocol, dualStack: address === '::' })
    this.#servers.push(server)
  }

  async serveUdp(namespace: string, port: number, addresses = ['0.0.0.0', '::']): Promise<void> {
    for (const address of addresses) {
      const socket = bindUdp(this.namespace(namespace), { address, port })
      socket.on('message', (_, peer) => socket.send(`${namespace} ${peer.address}`, peer.port, peer.address))
      this.#closing.push(() => socket.close())
    }
  }

  /** What answers there: `NAME CLIENT`; undefined = nothing does. */
  async reach(from: string, address: string, port: number, { protocol = 'tcp', silent = false }: Reach = {}) {
    const deadline = silent ? SILENCE_MS : ANSWER_MS
    return protocol === 'udp'
      ? await this.#reachUdp(from, { address, port }, deadline)
      : await this.#reachTcp(from, { address, port, protocol }, deadline)
  }

  #reachTcp(
    from: string,
    to: { address: string; port: number; protocol: 'tcp' | 'sctp' },
    deadline: number,
  ): Promise<string | undefined> {
    return new Promise((resolve) => {
      let text = ''
      const socket = connectTcp(this.namespace(from), to)
      const done = (answer: string | undefined): void => {
        clearTimeout(timer)
        socket.destroy()
        resolve(answer)
      }
      const timer = setTimeout(() => done(undefined), deadline)
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('end', () => done(text === '' ? undefined : text))
      socket.on('error', () => done(undefined))
    })
  }

  async #reachUdp(from: string, to: { address: string; port: number }, deadline: number): Promise<string | undefined> {
    const socket = await connectUdp(this.namespace(from), to).catch(() => undefined)
    if (!socket) return undefined
    return new Promise((resolve) => {
      const done = (answer: string | undefined): void => {
        clearTimeout(timer)
        clearInterval(again)
        socket.close()
        resolve(answer)
      }
      const timer = setTimeout(() => done(undefined), deadline)
      const again = setInterval(() => socket.send('?'), 200)
      socket.on('message', (text) => done(text.toString()))
      socket.on('error', () => undefined)
      socket.send('?')
    })
  }

  /** Ends what runs in the namespaces of containers, so that only the driver's things are left. */
  async removeContainers(...containers: Container[]): Promise<void> {
    for (const { name } of containers) {
      this.#hosts.get(name)?.close()
      this.#hosts.delete(name)
      await this.#world.run('ip', ['netns', 'delete', name])
    }
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0)) close()
    for (const server of this.#servers.splice(0)) server.close()
    for (const host of this.#hosts.values()) host.close()
    await this.#world.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** As a controller does it. */
export async function removeAll(
  driver: BridgeDriver,
  networks: readonly { readonly id: string }[],
  containers: readonly Container[],
): Promise<void> {
  for (const { network, id } of containers) {
    await driver.revokeExternalConnectivity(network, id)
    await driver.leave(network, id)
    await driver.deleteEndpoint(network, id)
  }
  for (const { id } of networks) await driver.deleteNetwork(id)
}

export interface ContainerOptions {
  readonly name: string
  /** CIDR. */
  readonly address?: string
  readonly addressIpv6?: string
  readonly ports?: readonly PortBinding[]
  readonly listen?: readonly string[]
  /** As an engine does: the link is made in the host and moved. */
  readonly moved?: boolean
}

export interface Container {
  readonly id: string
  readonly name: string
  readonly network: string
  readonly address: string
}

function keyOf({ protocol, hostAddress, hostPort }: ProxyBinding): string {
  return `${protocol} ${hostAddress} ${hostPort}`
}

/** docker-proxy reports `0` or `1` and an error on descriptor 3. */
function startProxy(namespace: string, binding: ProxyBinding): Promise<ChildProcess> {
  const words = [
    ...['-proto', binding.protocol, '-host-ip', binding.hostAddress, '-host-port', String(binding.hostPort)],
    ...['-container-ip', binding.containerAddress, '-container-port', String(binding.containerPort)],
  ]
  const child = spawn('nsenter', [`--net=${namespace}`, 'docker-proxy', ...words], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.stdio[3]?.once('data', (said: Buffer) => {
      if (said.toString().startsWith('0')) resolve(child)
      else reject(Object.assign(new Error(said.toString()), said.includes('in use') ? { code: 'EADDRINUSE' } : {}))
    })
  })
}

function run(words: readonly string[], namespace: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', [`--net=${namespace}`, '--', ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr?.on('data', (chunk) => {
      text += chunk
    })
    child.once('error', reject)
    child.once('close', (status) =>
      status === 0 ? resolve() : reject(new Error(`${words.join(' ')}: exit ${status}: ${text}`)),
    )
  })
}

/** Without what changes by nobody's doing: counters, and an address that is tentative for a while after it came. */
function steady(text: string): string {
  return text
    .replace(/^#.*$/gm, '')
    .replaceAll(' tentative', '')
    .replace(/packets \d+ bytes \d+/g, 'packets n bytes n')
    .replace(/\[\d+:\d+\]$/gm, '[n:n]')
}
