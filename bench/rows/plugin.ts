import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { type DockerEngine, startDockerEngine, until } from '../../test/helpers/docker-engine.ts'
import type { BenchContext, Benchmark } from '../context.ts'
import { interleave } from '../measure.ts'
import { milliseconds, type Row } from '../row.ts'

const CONTAINER = 'bench-container'
const NETWORK = 'bench-network'
const ENDPOINTS = 100
const DEADLINE_MS = 30_000
const DRIVERS = ['tsnet', 'bridge']

/** Our plugin as a real engine calls it, beside the engine's built-in bridge driver; and its calls one by one. */
export const PLUGIN: Benchmark = {
  name: 'plugin',
  run: async (context) => {
    context.say('a Docker Engine and its plugin')
    const engine = await startDockerEngine()
    try {
      const plugin = await startPlugin(context, engine)
      try {
        return [...(await networks(context, engine)), ...(await calls(engine))]
      } finally {
        plugin.kill('SIGTERM')
      }
    } finally {
      await engine.stop()
    }
  },
}

/** Where it listens, through the engine's own mount namespace. */
function socketOf({ keeperPid }: DockerEngine): string {
  return `/proc/${keeperPid}/root/run/docker/plugins/tsnet.sock`
}

async function startPlugin({ program }: BenchContext, engine: DockerEngine): Promise<ChildProcess> {
  const inside = ['--target', String(engine.keeperPid), '--net', '--mount', '--']
  const serve = [process.execPath, program, 'driver', 'serve', '--state', '/run/tsnet-state']
  const plugin = spawn('nsenter', [...inside, ...serve], { stdio: 'ignore' })
  await until('the plugin listens', DEADLINE_MS, () => existsSync(socketOf(engine)))
  return plugin
}

/** `docker network create`, `connect` of a running container, and both undone: four runs of the client. */
async function networks(context: BenchContext, engine: DockerEngine): Promise<Row[]> {
  await engine.runContainer(CONTAINER)
  const round = (driver: string, subnet: string) => async (): Promise<void> => {
    await engine.docker('network', 'create', '-d', driver, '--subnet', subnet, NETWORK)
    await engine.docker('network', 'connect', NETWORK, CONTAINER)
    await engine.docker('network', 'disconnect', NETWORK, CONTAINER)
    await engine.docker('network', 'rm', NETWORK)
  }
  const medians = await interleave(
    context.rounds,
    DRIVERS.map((name, position) => ({ name, run: round(name, `10.9${position}.0.0/24`) })),
  )
  const [ours = 0, builtIn = 0] = DRIVERS.map((name) => medians.get(name))
  return [
    {
      name: 'docker network create, connect, disconnect, rm: time of the built-in bridge driver',
      ours: milliseconds(ours),
      peer: milliseconds(builtIn),
      figure: ours / builtIn,
      unit: '×',
    },
  ]
}

/** The life of an endpoint as an engine asks for it; every call is one sample. */
async function calls(engine: DockerEngine): Promise<Row[]> {
  const socketPath = socketOf(engine)
  const times: number[] = []
  const call = async (method: string, body: object): Promise<void> => {
    const start = performance.now()
    await post(socketPath, `NetworkDriver.${method}`, body)
    times.push(performance.now() - start)
  }
  const NetworkID = id()
  const pool = { AddressSpace: 'local', Pool: '10.99.0.0/16', Gateway: '10.99.0.1/16', AuxAddresses: {} }
  await call('CreateNetwork', { NetworkID, Options: {}, IPv4Data: [pool], IPv6Data: [] })
  for (let number = 0; number < ENDPOINTS; number++) {
    const endpoint = { NetworkID, EndpointID: id() }
    const port = { Proto: 6, Port: 80 }
    const options = {
      'com.docker.network.endpoint.exposedports': [port],
      'com.docker.network.portmap': [
        { ...port, IP: '', HostIP: '', HostPort: 20_000 + number, HostPortEnd: 20_000 + number },
      ],
    }
    const address = `10.99.1.${number + 1}/16`
    await call('CreateEndpoint', {
      ...endpoint,
      Interface: { Address: address, AddressIPv6: '', MacAddress: '' },
      Options: options,
    })
    await call('Join', { ...endpoint, SandboxKey: '/proc/self/ns/net', Options: options })
    await call('ProgramExternalConnectivity', { ...endpoint, Options: options })
    await call('EndpointOperInfo', endpoint)
    await call('RevokeExternalConnectivity', endpoint)
    await call('Leave', endpoint)
    await call('DeleteEndpoint', endpoint)
  }
  await call('DeleteNetwork', { NetworkID })
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  const row = (name: string, figure: number, atMost?: number): Row => ({
    name: `plugin, ${times.length} calls: ${name}`,
    ours: milliseconds(figure),
    figure,
    unit: 'ms',
    ...(atMost === undefined ? {} : { budget: { atMost } }),
  })
  return [row('p50', at(0.5)), row('p99', at(0.99), 50)]
}

/** As engines name them: 64 hex digits. */
function id(): string {
  return randomBytes(32).toString('hex')
}

function post(socketPath: string, method: string, body: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: `/${method}`, method: 'POST' }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`${method}: ${response.statusCode} ${text}`))
      })
    })
    call.on('error', reject)
    call.end(JSON.stringify(body))
  })
}
