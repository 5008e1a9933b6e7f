import { describe, expect, test } from 'vitest'
import { describeObject } from '../../src/lab/plan/describe-object.ts'
import { planLab } from '../../src/lab/plan/plan.ts'
import { readLab } from '../../src/lab/read-lab.ts'
import { objectsOf } from '../../src/lab/resolve/lab-object.ts'
import { formatProblem } from '../../src/model/file/problem.ts'
import { labOf } from '../helpers/lab-text.ts'

const HEAD = `name: svc
segments: {lan: {subnet: 192.168.0.0/24}}
hosts: {h1: {segments: {lan: 192.168.0.1/24}}, h2: {segments: {lan: 192.168.0.2/24}}}
networks: {net: {driver: overlay, subnet: 10.5.0.0/24, host: [h1, h2]}, br: {host: h1}}
`
const WEB = 'services: {web: {replicas: 2, networks: [net], ports: ["8080:80"], workload: http}}\n'
const problemsOf = (text: string): string => readLab('lab.yaml', text).problems.map(formatProblem).join('\n')

describe('a service in a lab file', () => {
  test('has its address before its tasks, and a load balancer on each host after them', () => {
    const lab = labOf(HEAD + WEB)
    expect(objectsOf(lab, 'service').map(describeObject)).toEqual([
      'service web in network ingress: VIP 10.0.0.2, web.1 web.2',
      'service web in network net: VIP 10.5.0.2, web.1 web.2',
    ])
    const inNet = objectsOf(lab, 'endpoint').filter(({ network }) => network === 'net')
    expect(inNet.map(({ container, host, ipv4 }) => [container, host, ipv4])).toEqual([
      ['web.1', 'h1', '10.5.0.3'],
      ['web.2', 'h2', '10.5.0.4'],
      ['lb_net.h1', 'h1', '10.5.0.5'],
      ['lb_net.h2', 'h2', '10.5.0.6'],
    ])
    expect(objectsOf(lab, 'balancer').map(describeObject)[2]).toBe(
      'h1 balances web in network net: VIP 10.5.0.2, mark 257, to 10.5.0.3 10.5.0.4',
    )
    expect(objectsOf(lab, 'ingress').map(({ host }) => host)).toEqual(['h1', 'h2'])
  })

  test('keeps its address and mark when a task more comes', () => {
    const before = labOf(HEAD + WEB)
    const after = labOf(HEAD + WEB.replace('replicas: 2', 'replicas: 3'), before)
    expect(objectsOf(after, 'balancer').map(({ vip, mark }) => [vip, mark])).toEqual(
      objectsOf(before, 'balancer').map(({ vip, mark }) => [vip, mark]),
    )
    const steps = planLab(before, after).map(({ action, object }) => `${action} ${object.id}`)
    expect(steps).toContain('make container web.3')
    expect(steps.filter((step) => step.includes('container web.1') || step.includes('endpoint'))).toEqual([
      'make endpoint web.3 in ingress',
      'make endpoint web.3 in net',
      'make endpoint web.3 in docker_gwbridge',
    ])
  })

  test('without a virtual address has no load balancer', () => {
    const lab = labOf(`${HEAD}services: {each: {replicas: 2, networks: [net], endpoint_mode: dnsrr}}\n`)
    expect(objectsOf(lab, 'balancer')).toEqual([])
    expect(objectsOf(lab, 'container').map(({ name }) => name)).toEqual(['each.1', 'each.2'])
  })

  test.each([
    ['a bridge', WEB.replace('[net]', '[br]'), 'a service is in overlay networks, br is bridge'],
    ['no network', WEB.replace('networks: [net], ', ''), 'networks is missing: a service is in an overlay network'],
    ['a port that it leaves open', WEB.replace('8080:80', '80'), 'a service names the port that it publishes'],
    ['an address of a host', WEB.replace('8080:80', '127.0.0.1:8080:80'), 'a service publishes on every address'],
    [
      'a port without a virtual address',
      WEB.replace('ports', 'endpoint_mode: dnsrr, ports'),
      "can't be used with dnsrr",
    ],
    [
      'a port of another',
      `${WEB.trimEnd().slice(0, -1)}, two: {networks: [net], ports: ["8080:81"]}}\n`,
      "port '8080' is already in use by service web",
    ],
    ['a port of a container', `${WEB}containers: {a: {host: h1, ports: ["8080:80"]}}\n`, 'is that of the service web'],
    ['the name of a container', `${WEB}containers: {web: {host: h1}}\n`, 'the name web belongs to a container already'],
  ])('is refused with %s', (_, text, problem) => {
    expect(problemsOf(HEAD + text)).toContain(problem)
  })

  test('is refused on a host whose back end is nft', () => {
    const nft = HEAD.replace('192.168.0.2/24}}', '192.168.0.2/24}, docker: {backend: nft}}')
    expect(problemsOf(nft + WEB)).toContain('services need the back end iptables, h2 has nft')
  })
})
