import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DockerEngine, startDockerEngine, until } from '../helpers/docker-engine.ts'
import { type EnginePlugin, startPlugin } from '../helpers/engine-plugin.ts'

const DEADLINE_MS = 30_000

let engine: DockerEngine
let plugin: EnginePlugin

beforeAll(async () => {
  engine = await startDockerEngine({ daemonOptions: ['--live-restore'] })
  plugin = await startPlugin(engine)
  const subnet = ['--subnet', '10.80.0.0/24']
  await engine.docker('network', 'create', '-d', 'tsnet', '--ipam-driver', 'tsnet', ...subnet, 'pets')
  await engine.runContainer('db', '--network', 'pets')
  await engine.runContainer('web', '--network', 'pets', '-p', '8080:80')
  await execute('web', 'sh', '-c', 'echo up > /tmp/index.html; httpd -p 80 -h /tmp')
})

afterAll(async () => {
  // in this order, for an engine waits 15 s at each call to a plugin that is gone
  await engine?.stop()
  await plugin?.end('SIGTERM')
})

/** Of the engine's host, sorted. */
async function links(): Promise<string[]> {
  const all = JSON.parse(await engine.inside('ip', '-j', 'link')) as { ifname: string }[]
  return all.map(({ ifname }) => ifname).sort()
}

const execute = (container: string, ...words: string[]) => engine.docker('exec', container, ...words)

/** That containers reach each other and their port answers, as the kernel alone can tell: nobody is asked. */
async function expectConnected(): Promise<void> {
  const pid = await containerPid('db')
  await engine.inside('nsenter', '--target', pid, '--net', 'ping', '-c', '1', '-W', '2', '10.80.0.3')
  await expectPublished()
}

async function expectPublished(): Promise<void> {
  const url = 'http://10.80.0.1:8080'
  expect(await engine.inside('curl', '--silent', '--max-time', '3', url)).toBe('up')
}

const pids = new Map<string, string>()

async function containerPid(name: string): Promise<string> {
  const known = pids.get(name)
  if (known !== undefined) return known
  const pid = await engine.docker('inspect', '--format', '{{.State.Pid}}', name)
  pids.set(name, pid)
  return pid
}

/** That containers can still come and go. */
async function expectAlive(name: string): Promise<void> {
  await engine.runContainer(name, '--network', 'pets', '-p', '8090:80')
  await execute(name, 'ping', '-c', '1', '-W', '2', 'web')
  await engine.docker('rm', '--force', name)
}

test('in the beginning all are connected', async () => {
  await expectConnected()
  await expectAlive('first')
})

test('the plugin ends, is away and comes back: containers do not notice', async () => {
  await plugin.end('SIGTERM')
  await expectConnected()
  plugin = await startPlugin(engine)
  await expectConnected()
  expect(await engine.inside('curl', '--silent', '--max-time', '3', 'http://127.0.0.1:8080')).toBe('up')
  await expectAlive('second')
})

test('the plugin is killed and comes back: containers do not notice', async () => {
  await plugin.end('SIGKILL')
  await expectConnected()
  plugin = await startPlugin(engine)
  await expectConnected()
  await expectAlive('third')
})

test('the plugin is killed while a container starts, which then starts, and nothing of it is left afterwards', async () => {
  const before = await links()
  await plugin.end('SIGTERM')
  plugin = await startPlugin(engine, '--fault', 'NetworkDriver.Join=hang')
  const starting = engine.runContainer('unlucky', '--network', 'pets').then(
    () => 'started',
    () => 'failed',
  )
  await until('it joins', DEADLINE_MS, () => plugin.log.includes('NetworkDriver.Join: hang'))
  await plugin.end('SIGKILL')
  plugin = await startPlugin(engine)
  expect(['started', 'failed']).toContain(await starting)
  await engine.docker('rm', '--force', 'unlucky')
  await until('its link is gone', DEADLINE_MS, async () => String(await links()) === String(before))
  await expectConnected()
  await expectAlive('fourth')
})

test('a sick plugin is told of in its own words', async () => {
  await plugin.end('SIGTERM')
  plugin = await startPlugin(engine, '--fault', 'NetworkDriver.CreateNetwork=error:no, thanks')
  const created = engine.docker('network', 'create', '-d', 'tsnet', '--subnet', '10.81.0.0/24', 'refused')
  await expect(created).rejects.toThrow('NetworkDriver.CreateNetwork: no, thanks')
  await plugin.end('SIGTERM')
  plugin = await startPlugin(engine)
})

test.each(['SIGTERM', 'SIGKILL'] as const)('the engine restarts after %s with its containers alive', async (signal) => {
  await engine.restart(signal)
  expect(await engine.docker('inspect', '--format', '{{.State.Running}}', 'db', 'web')).toBe('true\ntrue')
  await expectConnected()
  await execute('db', 'ping', '-c', '1', '-W', '2', 'web')
  await expectAlive(`after-${signal.toLowerCase()}`)
})

test('engine and plugin restart together, and what was connected can be taken apart', async () => {
  await plugin.end('SIGKILL')
  const restarted = engine.restart()
  plugin = await startPlugin(engine)
  await restarted
  await expectConnected()
  await engine.docker('network', 'disconnect', 'pets', 'db')
  await expect(execute('db', 'ping', '-c', '1', '-W', '1', '10.80.0.3')).rejects.toThrow()
  await engine.docker('network', 'connect', 'pets', 'db')
  await execute('db', 'ping', '-c', '1', '-W', '2', 'web')
})

test('when containers and network are removed, nothing is left', async () => {
  await engine.docker('rm', '--force', 'db', 'web')
  await engine.docker('network', 'rm', 'pets')
  expect(await links()).toEqual(['docker0', 'lo'])
  expect(await engine.inside('iptables-save')).not.toContain('TSNET')
  expect(await engine.inside('sh', '-c', 'cd /run/tsnet-state && find . -name "*.json"')).toBe('')
})
