import { expect, test } from 'vitest'
import { containerOfCgroup, containerOfShim } from '../../src/owners/container-process.ts'

const ID = '0123456789abcdef'.repeat(4)

test.each([
  ['docker', `0::/system.slice/docker-${ID}.scope\n`],
  ['docker', `12:pids:/docker/${ID}\n0::/docker/${ID}\n`],
  ['docker', `0::/docker/${ID}/init\n`],
  ['podman', `0::/machine.slice/libpod-${ID}.scope/container\n`],
  ['cri', `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-${ID}.scope\n`],
  ['cri', `0::/kubepods/besteffort/pod5f1c/${ID}\n`],
  ['cri', `0::/kubepods.slice/kubepods-pod1.slice/docker-${ID}.scope\n`],
  ['cri', `0::/kubepods.slice/kubepods-pod1.slice/crio-${ID}.scope\n`],
])('a %s container is told from %s', (engine, cgroup) => {
  expect(containerOfCgroup(cgroup)).toEqual({ engine, id: ID })
})

test.each([
  '',
  '0::/\n',
  '0::/user.slice/user-0.slice/session-1.scope\n',
  `0::/docker/${ID.slice(1)}\n`,
  `0::/docker/${ID}ab\n`,
])('no container is made up from %j', (cgroup) => {
  expect(containerOfCgroup(cgroup)).toBeUndefined()
})

test('a shim tells the container whose parent it is', () => {
  const shim = ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'moby', '-id', ID, '-address', '/run/c.sock']
  expect(containerOfShim(shim)).toEqual({ engine: 'docker', id: ID })
  expect(containerOfShim(['conmon', '--api-version', '1', '-c', ID])).toEqual({ engine: 'podman', id: ID })
  expect(containerOfShim(['containerd-shim', '-namespace', 'other', '-id', ID])).toBeUndefined()
  expect(containerOfShim(['containerd-shim', '-namespace'])).toBeUndefined()
  expect(containerOfShim([])).toBeUndefined()
})
