import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { discoverNamespaces } from '../../src/kernel/namespaces.ts'
import { selectNamespace } from '../../src/model/select.ts'
import type { Container, Owner } from '../../src/model/snapshot.ts'
import { identifyOwners, type Owners } from '../../src/owners/identify.ts'
import { type DockerEngine, IMAGE, startDockerEngine } from '../helpers/docker-engine.ts'

let engine: DockerEngine
let found: Owners

beforeAll(async () => {
  engine = await startDockerEngine()
  await engine.docker('network', 'create', '--subnet', '10.91.0.0/24', '--internal', 'back')
  await engine.docker('network', 'create', '--label', 'tier=edge', 'front')
  await engine.inside('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1')
  await engine.inside('ip', 'link', 'set', 'up0', 'up')
  await engine.docker('network', 'create', '-d', 'macvlan', '-o', 'parent=up0', '--subnet', '10.92.0.0/24', 'lan')
  const compose = ['--label', 'com.docker.compose.project=shop', '--label', 'com.docker.compose.service=web']
  const ports = ['-p', '127.0.0.1:8080:80', '-p', '8053:53/udp']
  await engine.runContainer('shop-web-1', '--network', 'front', '--network-alias', 'www', ...compose, ...ports)
  await engine.docker('network', 'connect', 'back', 'shop-web-1')
  await engine.runContainer('sidecar', '--network', 'container:shop-web-1')
  await engine.runContainer('plain')
  await engine.runContainer('onlan', '--network', 'lan')
  await engine.runContainer('alone', '--network', 'none')
  await engine.runContainer('inhost', '--network', 'host')
  await engine.docker('create', '--name', 'stopped', IMAGE, 'true')
  found = await ask()
})

afterAll(() => engine?.stop())

async function ask(options: Parameters<typeof identifyOwners>[1] = { deadlineMs: 20_000 }): Promise<Owners> {
  return await identifyOwners(discoverNamespaces().namespaces, options)
}

function container(name: string): Container {
  const one = found.containers.find((each) => each.name === name)
  if (one === undefined) throw new Error(`${name} was not found`)
  return one
}

function ownerOf({ namespace }: Container): Owner | undefined {
  return found.owners.get(namespace ?? 0)
}

async function inspected(name: string) {
  return JSON.parse(await engine.docker('inspect', name))[0]
}

test('nothing of this engine is hidden', () => {
  expect(found.hidden.filter(({ subject }) => subject.includes(engine.socket))).toEqual([])
})

test.each(['shop-web-1', 'sidecar', 'plain', 'onlan', 'alone', 'inhost'])(
  '%s is in the namespace, and has the process and the addresses, that docker inspect says',
  async (name) => {
    const { State, Id, NetworkSettings } = await inspected(name)
    const { namespace, pid, id, networks, image, state } = container(name)
    expect({ id, pid, image, state }).toEqual({ id: Id, pid: State.Pid, image: IMAGE, state: 'running' })
    expect(namespace).toBe(statSync(`/proc/${State.Pid}/ns/net`).ino)
    const expected = Object.entries<Record<string, string>>(NetworkSettings.Networks).map(([network, endpoint]) => ({
      network,
      networkId: endpoint['NetworkID'],
      addresses: [endpoint['IPAddress']].filter(Boolean),
      mac: endpoint['MacAddress'] || undefined,
      gateway: endpoint['Gateway'] || undefined,
    }))
    expect(networks.map(({ aliases: _, ...rest }) => ({ mac: undefined, gateway: undefined, ...rest }))).toEqual(
      expected,
    )
  },
)

test('a stopped container is listed and is in no namespace', () => {
  expect(container('stopped')).toMatchObject({ state: 'created' })
  expect(container('stopped').namespace).toBeUndefined()
})

test('a namespace that two containers share is owned by the one whose sandbox it is', () => {
  expect(container('sidecar').namespace).toBe(container('shop-web-1').namespace)
  expect(ownerOf(container('sidecar'))).toEqual({
    kind: 'docker',
    name: 'shop-web-1',
    containerId: container('shop-web-1').id,
  })
})

test('a container on the host network does not become the owner of the engine’s namespace', () => {
  expect(container('inhost').namespace).toBe(statSync(`/proc/${engine.pid}/ns/net`).ino)
  expect(ownerOf(container('inhost'))?.kind).toBe('process')
})

test('compose labels, aliases and published ports are told', () => {
  const web = container('shop-web-1')
  expect(web.compose).toEqual({ project: 'shop', service: 'web' })
  expect(web.networks.find(({ network }) => network === 'front')?.aliases).toContain('www')
  expect(web.ports).toContainEqual({ protocol: 'tcp', containerPort: 80, hostAddress: '127.0.0.1', hostPort: 8080 })
  expect(web.ports).toContainEqual({ protocol: 'udp', containerPort: 53, hostAddress: '0.0.0.0', hostPort: 8053 })
})

test('networks carry their driver, subnets, bridge and labels', async () => {
  const named = Object.fromEntries(
    found.networks.filter(({ engine: kind }) => kind === 'docker').map((network) => [network.name, network]),
  )
  const id = await engine.docker('network', 'inspect', '--format', '{{.Id}}', 'back')
  expect(named['back']).toMatchObject({ id, driver: 'bridge', internal: true, bridge: `br-${id.slice(0, 12)}` })
  expect(named['back']?.subnets).toEqual([{ subnet: '10.91.0.0/24' }])
  expect(named['front']).toMatchObject({ labels: { tier: 'edge' }, internal: false, scope: 'local' })
  expect(named['lan']).toMatchObject({ driver: 'macvlan', options: { parent: 'up0' } })
  expect(named['bridge']).toMatchObject({ bridge: 'docker0', ipamDriver: 'default' })
})

test('every namespace that the engine keeps is discovered, and its mount is reachable from here', async () => {
  const discovered = discoverNamespaces().namespaces
  const names = (await engine.inside('ls', '/run/docker/netns')).split('\n')
  expect(names.length).toBeGreaterThanOrEqual(5)
  for (const name of names) {
    const path = `/proc/${engine.pid}/root/run/docker/netns/${name}`
    const namespace = discovered.find(({ inode }) => inode === statSync(path).ino)
    expect(namespace?.names).toContain(`/run/docker/netns/${name}`)
    for (const entry of namespace?.paths ?? []) expect(statSync(entry).ino).toBe(namespace?.inode)
  }
})

test('every namespace that an independent walk through /proc finds is discovered', () => {
  const before = namespacesOfProcesses()
  const discovered = new Set(discoverNamespaces().namespaces.map(({ inode }) => `net:[${inode}]`))
  const after = namespacesOfProcesses()
  const lasting = [...before].filter((link) => after.has(link))
  expect(lasting.length).toBeGreaterThanOrEqual(5)
  for (const link of lasting) expect(discovered).toContain(link)
})

function namespacesOfProcesses(): Set<string> {
  const links = new Set<string>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      links.add(readlinkSync(`/proc/${pid}/ns/net`))
    } catch {
      // ended, or not ours to read
    }
  }
  return links
}

test('a selector finds a container by name and by the beginning of its id', () => {
  const namespaces = discoverNamespaces().namespaces.map(({ inode, names, pids }) => ({
    inode,
    names,
    pids,
    owner: found.owners.get(inode) ?? { kind: 'netns' as const, name: '' },
  }))
  const snapshot = { namespaces, containers: found.containers }
  const { id, namespace, pid } = container('plain')
  for (const selector of ['plain', 'docker:plain', `docker:${id.slice(0, 12)}`, `pid:${pid}`]) {
    expect(selectNamespace(snapshot, selector).inode).toBe(namespace)
  }
  expect(selectNamespace(snapshot, 'sidecar').inode).toBe(container('shop-web-1').namespace)
})

test('an engine that is stopped in its tracks is hidden, and its containers are recognised without it', async () => {
  const { id, namespace } = container('plain')
  process.kill(engine.pid, 'SIGSTOP')
  try {
    const blind = await ask({ deadlineMs: 300 })
    expect(blind.hidden).toContainEqual({ subject: `docker (${engine.socket})`, reason: 'it did not answer in time' })
    expect(blind.owners.get(namespace ?? 0)).toEqual({ kind: 'docker', name: id.slice(0, 12), containerId: id })
    expect(blind.containers.map(({ name }) => name)).not.toContain('plain')
  } finally {
    process.kill(engine.pid, 'SIGCONT')
  }
})
