import { statSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { discoverNamespaces } from '../../src/kernel/namespaces.ts'
import type { Owner } from '../../src/model/snapshot.ts'
import { identifyOwners, type Owners } from '../../src/owners/identify.ts'
import { type DockerEngine, IMAGE, startDockerEngine, until } from '../helpers/docker-engine.ts'

const FOLDER = '/run/docker/netns'
let engine: DockerEngine
let found: Owners
let overlayId: string

// Without IP_VS in the kernel the sandboxes are all there, only the virtual addresses in them are not (see test/vm).
beforeAll(async () => {
  engine = await startDockerEngine({ ownPids: true })
  await engine.inside('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1')
  await engine.inside('ip', 'address', 'add', '192.0.2.1/24', 'dev', 'up0')
  await engine.inside('ip', 'link', 'set', 'up0', 'up')
  await engine.docker('swarm', 'init', '--advertise-addr', '192.0.2.1')
  overlayId = await engine.docker('network', 'create', '--driver', 'overlay', '--attachable', 'shop')
  const service = [
    '--name',
    'api',
    '--network',
    'shop',
    '--replicas',
    '2',
    '--publish',
    '8080:80',
    '--no-resolve-image',
  ]
  await engine.docker('service', 'create', '--detach', ...service, IMAGE, 'sleep', '86400')
  await until('both tasks run', 90_000, async () => (await taskIds()).length === 2)
  found = await identifyOwners(discoverNamespaces().namespaces, { deadlineMs: 20_000 })
})

afterAll(() => engine?.stop())

async function taskIds(): Promise<string[]> {
  const words = ['ps', '--quiet', '--no-trunc', '--filter', 'label=com.docker.swarm.service.name=api']
  return (await engine.docker(...words)).split('\n').filter((id) => id !== '')
}

function ownerOfMount(name: string): Owner | undefined {
  return found.owners.get(statSync(`/proc/${engine.pid}/root${FOLDER}/${name}`).ino)
}

test('each task is a container with its service, though its process ids are of another pid namespace', async () => {
  for (const id of await taskIds()) {
    const [inspected] = JSON.parse(await engine.docker('inspect', id))
    const task = found.containers.find((container) => container.id === id)
    const labels = inspected.Config.Labels
    expect(task?.swarm).toEqual({
      service: 'api',
      serviceId: labels['com.docker.swarm.service.id'],
      task: labels['com.docker.swarm.task.name'],
      taskId: labels['com.docker.swarm.task.id'],
    })
    const sandbox = inspected.NetworkSettings.SandboxKey.replace('/var/run/', '/run/')
    expect(task?.namespace).toBe(statSync(`/proc/${engine.pid}/root${sandbox}`).ino)
    expect(statSync(`/proc/${task?.pid}/ns/net`).ino).toBe(task?.namespace)
    expect(task?.pid).not.toBe(inspected.State.Pid)
    expect(task?.networks.map(({ network }) => network).sort()).toEqual(['ingress', 'shop'])
    expect(found.owners.get(task?.namespace ?? 0)).toMatchObject({ kind: 'docker', containerId: id, name: task?.name })
  }
})

test('every sandbox of the engine’s own is named after what it is for and the network that it serves', async () => {
  const ingressId = await engine.docker('network', 'inspect', '--format', '{{.Id}}', 'ingress')
  const shop = { kind: 'docker-sandbox', networkId: overlayId, networkName: 'shop' }
  const ingress = { kind: 'docker-sandbox', networkId: ingressId, networkName: 'ingress' }
  expect(ownerOfMount('ingress_sbox')).toEqual({ ...ingress, name: 'ingress_sbox', sandbox: 'ingress' })
  const balancer = `lb_${overlayId.slice(0, 9)}`
  expect(ownerOfMount(balancer)).toEqual({ ...shop, name: balancer, sandbox: 'load-balancer' })
  for (const [id, owner] of [
    [overlayId, shop],
    [ingressId, ingress],
  ] as const) {
    const name = `1-${id.slice(0, 10)}`
    expect(ownerOfMount(name)).toEqual({ ...owner, name, sandbox: 'overlay' })
  }
})

test('nothing in the engine’s folder of namespaces is left without an owner of Docker', async () => {
  const names = (await engine.inside('ls', FOLDER)).split('\n')
  expect(names).toHaveLength(6)
  for (const name of names) expect(ownerOfMount(name)?.kind).toMatch(/^docker/)
})

test('overlay networks carry their VXLAN ids', async () => {
  const format = '{{index .Options "com.docker.network.driver.overlay.vxlanid_list"}}'
  for (const name of ['shop', 'ingress']) {
    const vnis = (await engine.docker('network', 'inspect', '--format', format, name)).split(',').map(Number)
    const network = found.networks.find((each) => each.name === name)
    expect(network).toMatchObject({ driver: 'overlay', scope: 'swarm', vnis, encrypted: false })
    expect(network?.ingress ?? false).toBe(name === 'ingress')
  }
})
