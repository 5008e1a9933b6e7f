import { expect, test } from 'vitest'
import type { Network } from '../../src/model/snapshot.ts'
import { isEngineHost, sandboxOwner, unexplainedSandbox } from '../../src/owners/docker/sandboxes.ts'
import { parseLabName } from '../../src/owners/lab.ts'

function network(id: string, name: string, ingress = false): Network {
  const rest = { internal: false, ipv6: false, subnets: [], ipamDriver: 'default', options: {}, labels: {} }
  return { engine: 'docker', id, name, driver: 'overlay', scope: 'swarm', ...rest, ...(ingress ? { ingress } : {}) }
}

const NETWORKS = [network('xrvngt3kgtabcdefghijklmno', 'ingress', true), network('ir5mi0000000000000000abcd', 'shop')]

test.each([
  ['/run/docker/netns/ingress_sbox', 'ingress', 'ingress'],
  ['/run/docker/netns/lb_ir5mi0000', 'load-balancer', 'shop'],
  ['/run/docker/netns/1-ir5mi00000', 'overlay', 'shop'],
  ['/srv/exec/netns/12-xrvngt3kgt', 'overlay', 'ingress'],
  ['/run/docker/netns/1-unknownnet', 'overlay', undefined],
])('%s is the %s sandbox of %s', (path, sandbox, networkName) => {
  const owner = sandboxOwner(path, NETWORKS)
  expect(owner).toMatchObject({ kind: 'docker-sandbox', sandbox, name: path.split('/').at(-1) })
  expect(owner?.networkName).toBe(networkName)
})

test('what ip netns made is never taken for a sandbox of Docker', () => {
  expect(sandboxOwner('/run/netns/ingress_sbox', NETWORKS)).toBeUndefined()
  expect(unexplainedSandbox('/run/netns/0123456789ab')).toBeUndefined()
  expect(sandboxOwner('/run/docker/other/ingress_sbox', NETWORKS)).toBeUndefined()
})

test('a sandbox that no engine explains is still called Docker’s', () => {
  expect(unexplainedSandbox('/run/docker/netns/0123456789ab')).toEqual({ kind: 'docker', name: '0123456789ab' })
  expect(isEngineHost('/run/docker/netns/default')).toBe(true)
})

test('lab names are told from the tag or the folder', () => {
  expect(parseLabName('tsnet:two:h1')).toEqual({ lab: 'two', name: 'h1' })
  expect(parseLabName('/run/tsnet-shoot/labs/two/h1')).toEqual({ lab: 'two', name: 'h1' })
  for (const other of ['tsnet:', 'tsnet:two', 'tsnet:two:', 'tsnet::h1', 'two:h1', '/run/netns/h1']) {
    expect(parseLabName(other)).toBeUndefined()
  }
})
