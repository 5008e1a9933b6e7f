import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { builtProgram } from '../helpers/netns-program.ts'
import { runInVm } from '../helpers/vm/run-in-vm.ts'

const SCRIPT = fileURLToPath(new URL('guest/lab.sh', import.meta.url))
const MODULES = ['8021q', 'macvlan', 'ipvlan', 'dummy', 'veth', 'bridge', 'br_netfilter', 'sch_netem', 'sch_tbf']

interface Results {
  readonly results: readonly { readonly name: string; readonly result: string; readonly detail?: string }[]
}

let output: (section: string) => string

beforeAll(async () => {
  await builtProgram()
  const { sections, status, output: console } = await runInVm(SCRIPT, { modules: MODULES, timeoutMs: 540_000 })
  expect(status, console).toBe(0)
  output = (name) => {
    const section = sections.get(name)
    const said = `${section?.output ?? ''}${sections.get(`${name}.stderr`)?.output ?? ''}`
    expect(section?.status, `${name}: ${said}`).toBe(0)
    return section?.output ?? ''
  }
})

const notPassed = (section: string) =>
  (JSON.parse(output(section)) as Results).results.filter((r) => r.result !== 'passed')

test('vlan-trunk is built on a kernel with 802.1Q and passes its checks', () => {
  expect(output('up-trunk')).toContain('vlan-trunk is up')
  expect(notPassed('validate-trunk')).toEqual([])
})

test('what leaves a macvlan10 container is on the trunk with the tag of VLAN 10', () => {
  expect(output('frames')).toMatch(/vlan 10, .* 192\.168\.10\.2 > 192\.168\.10\.3: ICMP echo request/)
})

test('ipvlan in both modes, a macvlan network without a parent, and shaped cables pass their checks', () => {
  expect(output('up')).toContain('features is up')
  expect(notPassed('validate')).toEqual([])
})

test('a cable with a delay takes that long in each direction', () => {
  const times = [...output('delay').matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]))
  expect(times.length).toBeGreaterThan(0)
  expect(Math.min(...times)).toBeGreaterThan(200)
})

test('tc shows what the file asked for', () => {
  const qdiscs = JSON.parse(output('qdiscs')) as { dev: string; kind: string; options: Record<string, unknown> }[]
  const of = (dev: string) => qdiscs.find((qdisc) => qdisc.dev === dev)
  expect(of('eth1')).toMatchObject({ kind: 'netem', options: { delay: { delay: 0.1 }, rate: { rate: 1_000_000 } } })
  expect(of('eth2')).toMatchObject({ kind: 'netem', options: { 'loss-random': { loss: 1 } } })
  expect(of('eth3')).toMatchObject({ kind: 'tbf', options: { rate: 1_000_000 } })
})

test('nothing is left when both are down', () => {
  expect(output('down-trunk')).toContain('vlan-trunk is down')
  expect(output('down')).toContain('features is down')
  expect(output('left')).toBe('')
})
