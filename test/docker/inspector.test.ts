import { afterAll, beforeAll, expect, test } from 'vitest'
import { Inspector } from '../../src/inspect/inspector.ts'
import { selectNamespace } from '../../src/model/select.ts'
import type { HostSnapshot, Namespace } from '../../src/model/snapshot.ts'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'

let engine: DockerEngine
let snapshot: HostSnapshot
let host: Namespace

beforeAll(async () => {
  engine = await startDockerEngine()
  await engine.docker('network', 'create', 'front')
  await engine.runContainer('ts-web', '--network', 'front', '-p', '8080:80')
  await engine.runContainer('ts-db', '--network', 'front')
  const inspector = new Inspector({ engines: { deadlineMs: 20_000 } })
  try {
    inspector.discover()
    await inspector.identify()
    await inspector.read(['links', 'addrs', 'firewall'])
    snapshot = inspector.snapshot()
  } finally {
    inspector.close()
  }
  host = selectNamespace(snapshot, `pid:${engine.pid}`)
})

afterAll(() => engine?.stop())

test('the rules that Docker wrote equal iptables-save, in its order and form', async () => {
  const saved = await engine.inside('iptables-save')
  const expected = saved.split('\n').filter((line) => line.startsWith('-A '))
  const ours = host.firewall.filter(({ family, syntax }) => family === 'ip' && syntax === 'iptables')
  const tables = [...saved.matchAll(/^\*(\w+)$/gm)].map(([, table]) => table)
  const read = tables.flatMap((table) =>
    ours.filter((rule) => rule.table === table).map(({ chain, text }) => `-A ${chain} ${text}`),
  )
  expect(expected.some((line) => line.includes('DNAT'))).toBe(true)
  expect(read).toEqual(expected)
})

test('each container’s eth0 and its port on the network’s bridge name each other', () => {
  const network = snapshot.networks.find(({ name, bridge }) => name === 'front' && bridge !== undefined)
  const bridge = host.links.find(({ name }) => name === network?.bridge)
  expect(bridge?.kind).toBe('bridge')
  for (const name of ['ts-web', 'ts-db']) {
    const namespace = selectNamespace(snapshot, name)
    const inside = namespace.links.find((link) => link.name === 'eth0')
    const outside = host.links.find(
      (link) => link.peer?.namespace === namespace.inode && link.peer.index === inside?.index,
    )
    expect(outside).toMatchObject({ kind: 'veth', master: bridge?.index })
    expect(inside?.peer).toEqual({ namespace: host.inode, index: outside?.index })
  }
})

test('the address of each container is the one that the engine gave it', () => {
  for (const name of ['ts-web', 'ts-db']) {
    const container = snapshot.containers.find((each) => each.name === name)
    const addresses = selectNamespace(snapshot, name).addresses.map(({ address }) => address.split('/')[0])
    for (const { addresses: given } of container?.networks ?? [])
      expect(addresses).toEqual(expect.arrayContaining([...given]))
  }
})
