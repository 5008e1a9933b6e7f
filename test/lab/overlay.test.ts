import { describe, expect, test } from 'vitest'
import { describeObject } from '../../src/lab/plan/describe-object.ts'
import { planLab } from '../../src/lab/plan/plan.ts'
import { readLab } from '../../src/lab/read-lab.ts'
import { objectsOf } from '../../src/lab/resolve/lab-object.ts'
import { formatProblem } from '../../src/model/file/problem.ts'
import { labOf } from '../helpers/lab-text.ts'

const HEAD = `name: ov
segments: {lan: {subnet: 192.168.0.0/24}, other: {subnet: 192.168.1.0/24}}
hosts:
  h1: {segments: {lan: 192.168.0.1/24}}
  h2: {segments: {lan: 192.168.0.2/24}}
`
const NET = 'networks: {net: {driver: overlay, subnet: 10.5.0.0/24}}\n'
const TWO = 'containers:\n  a: {host: h1, networks: [net]}\n  b: {host: h2, networks: [net]}\n'
const problemsOf = (text: string): string[] => readLab('lab.yaml', text).problems.map(formatProblem)

describe('an overlay network in a lab file', () => {
  test('is one network on the hosts that have containers in it, who are told of each other', () => {
    const lab = labOf(HEAD + NET + TWO)
    const overlays = objectsOf(lab, 'network').filter(({ driver }) => driver === 'overlay')
    expect(overlays.map(({ host, vtep }) => [host, vtep])).toEqual([
      ['h1', '192.168.0.1'],
      ['h2', '192.168.0.2'],
    ])
    expect(new Set(overlays.map(({ networkId }) => networkId)).size).toBe(1)
    expect(overlays[0]?.networkId).toMatch(/^[0-9a-z]{25}$/)
    expect(objectsOf(lab, 'endpoint').map(({ container, network, ipv4 }) => [container, network, ipv4])).toEqual([
      ['a', 'net', '10.5.0.2'],
      ['a', 'docker_gwbridge', '172.18.0.2'],
      ['b', 'net', '10.5.0.3'],
      ['b', 'docker_gwbridge', '172.18.0.2'],
    ])
    expect(objectsOf(lab, 'peer').map(describeObject)).toEqual([
      'h2 learns of a in network net: 10.5.0.2/24, MAC 02:42:0a:05:00:02, behind 192.168.0.1',
      'h1 learns of b in network net: 10.5.0.3/24, MAC 02:42:0a:05:00:03, behind 192.168.0.2',
    ])
  })

  test('has the first subnet and VXLAN id that a swarm would give it, the same on all hosts', () => {
    const lab = labOf(
      `${HEAD}networks: {one: {driver: overlay, host: [h1, h2]}, two: {driver: overlay, host: [h2, h1]}}\n`,
    )
    const shown = objectsOf(lab, 'network').map(({ name, host, pools, options }) => [
      ...[name, host, pools[0]?.subnet, options['com.docker.network.driver.overlay.vxlanid_list']],
    ])
    expect(shown).toEqual([
      ['one', 'h1', '10.0.1.0/24', '4097'],
      ['one', 'h2', '10.0.1.0/24', '4097'],
      ['two', 'h2', '10.0.2.0/24', '4098'],
      ['two', 'h1', '10.0.2.0/24', '4098'],
    ])
  })

  test('keeps its ids when another one comes before it', () => {
    const before = labOf(HEAD + NET + TWO)
    const text = `${HEAD}networks: {first: {driver: overlay, host: [h1, h2]}, net: {driver: overlay, subnet: 10.5.0.0/24}}\n${TWO}`
    const after = labOf(text, before)
    const made = planLab(before, after).map(({ action, object }) => `${action} ${object.id}`)
    expect(made).toEqual(['make network first at h1', 'make network first at h2'])
  })

  test('needs no docker_gwbridge for containers that have another way out, nor where it is internal', () => {
    const gateways = (text: string) =>
      objectsOf(labOf(text), 'network').filter(({ name }) => name === 'docker_gwbridge')
    expect(gateways(`${HEAD}${NET.replace('subnet', 'internal: true, subnet')}${TWO}`)).toEqual([])
    const both = `${HEAD}networks: {net: {driver: overlay}, out: {host: h1}}\ncontainers: {a: {host: h1, networks: [net, out]}}\n`
    expect(gateways(both)).toEqual([])
  })

  test('gives no address twice, on whichever hosts', () => {
    const fixed = TWO.replaceAll('[net]', '{net: {ipv4_address: 10.5.0.9}}')
    expect(problemsOf(HEAD + NET + fixed)).toEqual(['lab.yaml:9:48: 10.5.0.9 belongs to a already'])
  })

  test('spans routers where its hosts have routes', () => {
    const far = HEAD.replace('h2: {segments: {lan: 192.168.0.2/24}}', 'h2: {segments: {other: 192.168.1.2/24}}')
    const problem = (from: string, to: string, address: string) =>
      `lab.yaml:6:17: ${from} does not reach ${to} at ${address}: they share no segment or link, and it has no route there`
    expect(problemsOf(far + NET + TWO)).toEqual([
      problem('h1', 'h2', '192.168.1.2'),
      problem('h2', 'h1', '192.168.0.1'),
    ])
    const routed = far
      .replace('192.168.0.1/24}', '192.168.0.1/24}, routes: [default via 192.168.0.254]')
      .replace('192.168.1.2/24}', '192.168.1.2/24}, routes: [192.168.0.0/24 via 192.168.1.254]')
    expect(problemsOf(routed + NET + TWO)).toEqual([])
  })

  test.each([
    [
      'a host without an address',
      HEAD.replace('h2: {segments: {lan: 192.168.0.2/24}}', 'h2:') + NET + TWO,
      'lab.yaml:6:17: h2 has no IPv4 address on a segment or link: net needs one to span hosts',
    ],
    [
      'IPv6',
      `${HEAD}networks: {net: {driver: overlay, ipam: {config: [{subnet: 10.5.0.0/24}, {subnet: 'fd00::/64'}]}}}\n${TWO}`,
      'an overlay network has no IPv6',
    ],
    [
      'an id that is none',
      `${HEAD}networks: {net: {driver: overlay, options: {com.docker.network.driver.overlay.vxlanid_list: none}}}\n${TWO}`,
      'a VXLAN id is from 1 to 16777215',
    ],
    [
      'a bridge that is to be encrypted',
      `${HEAD}networks: {net: {host: h1, encrypted: true}}\n`,
      'only an overlay is encrypted, not the driver bridge',
    ],
    [
      'more containers on all hosts than addresses',
      `${HEAD}${NET.replace('/24', '/30')}${TWO}`,
      '2 containers need an address, 1 are left',
    ],
    [
      'a container on a host that it is not on',
      `${HEAD}${NET.replace('subnet', 'host: h1, subnet')}${TWO}`,
      'the network net is on h1, the container on h2',
    ],
  ])('is refused with %s', (_, text, problem) => {
    expect(problemsOf(text).join('\n')).toContain(problem)
  })
})
