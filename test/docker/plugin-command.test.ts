import type { ChildProcess } from 'node:child_process'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../helpers/docker-engine.ts'
import { descendants } from '../helpers/docker-leftovers.ts'
import { builtProgram } from '../helpers/netns-program.ts'
import { openWorld, type World } from '../helpers/netns-world.ts'

const SOCKET = '/run/docker/plugins/tsnet.sock'
const STATE = '/run/state'
const DEADLINE_MS = 30_000
const ID = 'c6e9f9f5'.repeat(8)

let program: string
let world: World

beforeAll(async () => {
  program = await builtProgram()
})

beforeEach(async () => {
  world = await openWorld()
})

afterEach(() => world?.close())

const words = (...rest: string[]) => [program, 'driver', ...rest]
const tsnet = (...rest: string[]) => world.tryRun(process.execPath, words(...rest))

interface Served {
  readonly child: ChildProcess
  log: string
}

async function serve(...options: string[]): Promise<Served> {
  const child = world.start(process.execPath, words('serve', '--state', STATE, ...options), { stdio: 'pipe' })
  const served = { child, log: '' }
  child.stderr?.on('data', (chunk: Buffer) => {
    served.log += chunk.toString()
  })
  await until('the plugin listens', DEADLINE_MS, () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${served.log}`)
    return served.log.includes('listening on')
  })
  return served
}

async function end({ child }: Served): Promise<void> {
  // the parent is nsenter, which waits in our process namespace
  const [pid] = descendants(child.pid ?? 0)
  if (pid !== undefined) process.kill(pid, 'SIGTERM')
  await until('the plugin ends', DEADLINE_MS, () => child.exitCode !== null || child.signalCode !== null)
}

async function post(method: string, message: object, socket = SOCKET): Promise<unknown> {
  const data = ['--data', JSON.stringify(message), '--unix-socket', socket]
  return JSON.parse(await world.run('curl', ['--silent', ...data, `http://plugin/${method}`]))
}

async function links(namespace?: string): Promise<string[]> {
  const text = await world.run('ip', ['-j', 'link'], namespace === undefined ? {} : { namespace })
  return (JSON.parse(text) as { ifname: string }[]).map(({ ifname }) => ifname)
}

const NETWORK = {
  NetworkID: ID,
  Options: { 'com.docker.network.generic': {} },
  IPv4Data: [{ AddressSpace: 'LocalDefault', Pool: '10.60.0.0/24', Gateway: '10.60.0.1/24' }],
  IPv6Data: [],
}
const BRIDGE = `br-${ID.slice(0, 12)}`

interface Check {
  readonly id: string
  readonly outcome: string
}

describe('driver conformance', () => {
  test('passes our bridge and our macvlan driver and finds nothing of them left', async () => {
    await world.run('ip', ['link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1'])
    await serve()
    const before = [await links(), await world.run('iptables-save', [])]
    for (const options of [[], ['--option', 'tsnet.driver=macvlan', '--option', 'parent=up0']]) {
      const { status, stdout, stderr } = await tsnet('conformance', 'tsnet', '--json', ...options)
      const checks = JSON.parse(stdout) as Check[]
      expect(checks.filter(({ outcome }) => outcome === 'fail' || outcome === 'warning')).toEqual([])
      expect(checks.find(({ id }) => id === 'container/link-unconfigured')?.outcome).toBe('pass')
      expect(stderr).toMatch(/^\d{2,3} passed, 0 failed, 0 warnings, \d skipped\n$/)
      expect(status).toBe(0)
    }
    expect([await links(), await world.run('iptables-save', [])]).toEqual(before)
  })

  test('tells of a sick plugin what an engine would do, and fails', async () => {
    await serve('--fault', 'NetworkDriver.Join=hang', '--fault', 'IpamDriver.ReleasePool=garbage')
    const { status, stdout, stderr } = await tsnet('conformance', SOCKET, '--deadline', '300')
    expect(status).toBe(1)
    const join = /✖ container\/join .*\n {4}found: NetworkDriver.Join: no answer within 300 ms\n {4}Docker: /
    expect(stdout).toMatch(join)
    expect(stdout).toContain('✖ every-answer/decodes')
    expect(stderr).toMatch(/\d+ passed, \d+ failed/)
  })

  test('of a plugin that is not there is not possible', async () => {
    expect(await tsnet('conformance', 'nobody')).toMatchObject({ status: 4, stderr: '✖ plugin nobody: not found\n' })
    expect((await tsnet('conformance', 'tsnet', '--deadline', 'soon')).status).toBe(2)
    expect((await tsnet('conformance', 'tsnet', '--driver', 'volume')).status).toBe(2)
  })
})

describe('driver serve', () => {
  test('leaves its networks when it ends, and takes them over when it comes back', async () => {
    const first = await serve()
    expect(await post('NetworkDriver.CreateNetwork', NETWORK)).toEqual({})
    await end(first)
    expect(await world.tryRun('ls', [SOCKET])).toMatchObject({ status: 2 })
    expect(await links()).toContain(BRIDGE)
    await world.run('ip', ['link', 'delete', BRIDGE])
    await serve()
    expect(await links()).toContain(BRIDGE)
    expect(await world.run('ip', ['-br', 'address', 'show', 'dev', BRIDGE])).toContain('10.60.0.1/24')
    expect(await post('NetworkDriver.DeleteNetwork', { NetworkID: ID })).toEqual({})
    expect(await links()).toEqual(['lo'])
  })

  test('removes what nobody knows any more, and nothing that is in use', async () => {
    const add = async (name: string, alias: string, ...kind: string[]) => {
      await world.run('ip', ['link', 'add', name, 'type', ...kind])
      await world.run('ip', ['link', 'set', name, 'alias', alias])
    }
    await world.run('ip', ['netns', 'add', 'box'])
    await add('lost0', `tsnet:driver endpoint ${ID}`, 'veth', 'peer', 'name', 'lost1')
    await add('used0', `tsnet:driver endpoint ${ID}`, 'veth', 'peer', 'name', 'eth0', 'netns', 'box')
    await add('brlost', `tsnet:driver network ${ID}`, 'bridge')
    await add('brused', `tsnet:driver network ${ID}`, 'bridge')
    await add('brother', `tsnet:other network ${ID}`, 'bridge')
    await world.run('ip', ['link', 'set', 'used0', 'master', 'brused'])
    const { log } = await serve()
    expect(await links()).toEqual(['lo', 'used0', 'brused', 'brother'])
    expect(log).toContain('removed what nobody knows any more: ')
  })

  test('is alone on its socket, its state and its namespace', async () => {
    await serve()
    const failure = async (...options: string[]) => {
      const { status, stderr } = await tsnet('serve', ...options)
      return [status, stderr.split('\n')[0]]
    }
    expect(await failure('--state', STATE)).toEqual([4, `✖ socket ${STATE}/in-use.sock: another process serves it`])
    const elsewhere = await failure('--state', '/run/other', '--socket', '/run/other.sock')
    expect(elsewhere).toEqual([4, expect.stringContaining('another driver serves it')])
    await world.run('ip', ['netns', 'add', 'box'])
    const taken = await failure('--state', '/run/other', '--netns', '/run/netns/box')
    expect(taken).toEqual([4, `✖ socket ${SOCKET}: another process serves it`])
    expect(await post('Plugin.Activate', {})).toEqual({ Implements: ['NetworkDriver', 'IpamDriver'] })
  })

  test('builds in another namespace when it is told to', async () => {
    await world.run('ip', ['netns', 'add', 'box'])
    await serve('--netns', 'box')
    expect(await post('NetworkDriver.CreateNetwork', NETWORK)).toEqual({})
    expect(await links()).toEqual(['lo'])
    expect(await links('box')).toContain(BRIDGE)
  })

  test.each([
    [['--driver', 'overlay'], 'there is only bridge, macvlan, ipvlan'],
    [['--layout', 'docker17'], 'there is only docker20, docker28'],
    [['--fault', 'NetworkDriver.Jump=hang'], 'there is no method "NetworkDriver.Jump"'],
    [['--tcp', 'localhost'], 'HOST:PORT is expected'],
    [['--tcp', '127.0.0.1:0'], '--tls-cert is missing'],
    [['--tcp', '127.0.0.1:0', '--tls-cert', '/nowhere'], '/nowhere: '],
  ])('does not start with %s', async (options, reason) => {
    const { status, stderr } = await tsnet('serve', '--state', STATE, ...options)
    expect([status, stderr]).toEqual([2, expect.stringContaining(reason)])
  })

  test('lets in who has a certificate, over TCP', async () => {
    const openssl = (...rest: string[]) => world.run('openssl', rest)
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const names = ['-subj', '/CN=plugin', '-addext', 'subjectAltName=IP:127.0.0.1']
    await openssl('req', '-x509', ...newKey, '-keyout', '/run/key.pem', '-out', '/run/cert.pem', ...names)
    const tls = ['--tls-cert', '/run/cert.pem', '--tls-key', '/run/key.pem', '--tls-ca', '/run/cert.pem']
    await serve('--tcp', '127.0.0.1:9443', ...tls)
    const call = ['--silent', '--cacert', '/run/cert.pem', '--data', '', 'https://127.0.0.1:9443/Plugin.Activate']
    const known = await world.run('curl', [...call, '--cert', '/run/cert.pem', '--key', '/run/key.pem'])
    expect(JSON.parse(known)).toEqual({ Implements: ['NetworkDriver', 'IpamDriver'] })
    expect((await world.tryRun('curl', call)).status).not.toBe(0)
  })
})
