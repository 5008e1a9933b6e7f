import { statSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { discoverNamespaces } from '../../src/kernel/namespaces.ts'
import { identifyOwners, type Owners } from '../../src/owners/identify.ts'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'

const POD = 'a0'.repeat(32)
const APP = 'b1'.repeat(32)
const ADDRESS = '/run/docker/containerd/containerd.sock'
const ANNOTATION = 'io.kubernetes.cri'
let engine: DockerEngine
let found: Owners
let inode: number

/** A real containerd with what a kubelet would have it run: a pod's sandbox, and a container that joins it. */
beforeAll(async () => {
  engine = await startDockerEngine()
  await engine.inside('mkdir', '-p', '/run/netns')
  await engine.inside('ip', 'netns', 'add', 'cni-1')
  inode = statSync(`/proc/${engine.pid}/root/run/netns/cni-1`).ino
  await run(POD, ['container-type=sandbox', 'sandbox-name=web-0', 'sandbox-namespace=shop'])
  const app = ['container-type=container', 'sandbox-name=web-0', 'sandbox-namespace=shop', `sandbox-id=${POD}`]
  await run(APP, [...app, 'container-name=nginx', 'image-name=registry/nginx:1'])
  const containerdStates = [`/proc/${engine.pid}/root/run/docker/containerd/daemon`]
  found = await identifyOwners(discoverNamespaces().namespaces, { containerdStates, deadlineMs: 20_000 })
})

afterAll(async () => {
  for (const id of [APP, POD]) {
    await engine?.inside('ctr', '-a', ADDRESS, '-n', 'k8s.io', 'task', 'delete', '--force', id).catch(() => '')
  }
  await engine?.stop()
})

async function run(id: string, annotations: readonly string[]): Promise<void> {
  const words = annotations.flatMap((annotation) => ['--annotation', `${ANNOTATION}.${annotation}`])
  const namespace = ['--with-ns', 'network:/run/netns/cni-1', '--cgroup', `${engine.cgroup}/pod/${id}`]
  const detached = ['run', '--detach', ...namespace, ...words, '--rootfs', engine.rootfs, id, '/bin/sleep', '86400']
  await engine.inside('ctr', '-a', ADDRESS, '-n', 'k8s.io', ...detached)
}

test('a pod’s sandbox and its container are listed with the names that the kubelet gave', () => {
  const byId = Object.fromEntries(found.containers.map((container) => [container.id, container]))
  const common = { engine: 'cri', state: 'running', pod: 'shop/web-0', namespace: inode }
  expect(byId[POD]).toMatchObject({ ...common, name: 'web-0' })
  expect(byId[APP]).toMatchObject({ ...common, name: 'nginx', image: 'registry/nginx:1' })
  for (const id of [POD, APP]) expect(statSync(`/proc/${byId[id]?.pid}/ns/net`).ino).toBe(inode)
})

test('the namespace of a pod belongs to the pod, whatever its name in /run/netns', () => {
  expect(found.owners.get(inode)).toEqual({ kind: 'cri', name: 'shop/web-0', pod: 'shop/web-0', containerId: POD })
})

test('without the state of its runtime a pod is still recognised as one, by its shim', async () => {
  const { owners } = await identifyOwners(discoverNamespaces().namespaces, { containerdStates: [], deadlineMs: 20_000 })
  expect(owners.get(inode)).toMatchObject({ kind: 'cri', containerId: expect.stringMatching(`^(${POD}|${APP})$`) })
})
