import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { identifyOwners } from '../../src/owners/identify.ts'
import { type FakeEngine, startFakeEngine } from '../helpers/fake-engine.ts'

// fixtures/podman: answers of podman 4.3.1 (Debian 12) to `podman run --network blue -p 8081:80` and a pod's container
const fixture = (name: string) => readFileSync(new URL(`../../fixtures/podman/${name}.json`, import.meta.url), 'utf8')
const ids: { Id: string; Names: string[] }[] = JSON.parse(fixture('containers'))

let engine: FakeEngine | undefined
afterEach(() => engine?.close())

function answer(path: string): string {
  const base = '/v4.0.0/libpod'
  if (path === `${base}/containers/json?all=true`) return fixture('containers')
  if (path === `${base}/networks/json`) return fixture('networks')
  const asked = ids.find(({ Id }) => path === `${base}/containers/${Id}/json`)
  return fixture(`container-${asked?.Names[0]}`)
}

test('what a real podman answered becomes containers and networks', async () => {
  engine = await startFakeEngine((request, response) => response.end(answer(request.url ?? '')))
  const found = await identifyOwners([], { podmanSockets: [engine.socket], deadlineMs: 10_000 })
  const podman = found.containers.filter((container) => container.engine === 'podman')
  expect(podman.map(({ name, pod, state }) => ({ name, pod, state }))).toEqual([
    { name: 'pweb', pod: undefined, state: 'running' },
    { name: 'inpod', pod: 'mypod', state: 'running' },
  ])
  const blue = found.networks.find(({ name }) => name === 'blue')
  expect(blue).toMatchObject({ engine: 'podman', driver: 'bridge', bridge: 'podman1', ipamDriver: 'host-local' })
  expect(blue?.subnets).toEqual([{ subnet: '10.93.0.0/24', gateway: '10.93.0.1' }])
  expect(podman[0]?.networks).toEqual([
    expect.objectContaining({ network: 'blue', networkId: blue?.id, addresses: ['10.93.0.2'], gateway: '10.93.0.1' }),
  ])
  expect(podman[0]?.ports).toEqual([{ protocol: 'tcp', containerPort: 80, hostPort: 8081 }])
  expect(podman[1]?.networkMode).toMatch(/^container:[0-9a-f]{64}$/)
})

test('a podman that never answers is given up at the deadline', async () => {
  engine = await startFakeEngine(() => undefined)
  const { hidden } = await identifyOwners([], { podmanSockets: [engine.socket], deadlineMs: 50 })
  expect(hidden).toContainEqual({ subject: `podman (${engine.socket})`, reason: 'it did not answer in time' })
})
