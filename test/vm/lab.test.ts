import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { Trace } from '../../src/model/trace.ts'
import { builtProgram } from '../helpers/netns-program.ts'
import { runInVm } from '../helpers/vm/run-in-vm.ts'

const SCRIPT = fileURLToPath(new URL('guest/lab.sh', import.meta.url))
const MODULES = [
  ...['8021q', 'macvlan', 'ipvlan', 'dummy', 'veth', 'bridge', 'br_netfilter', 'sch_netem', 'sch_tbf'],
  ...['vxlan', 'esp4', 'xfrm_user', 'ip_vs', 'ip_vs_rr', 'xt_ipvs'],
]

interface Results {
  readonly results: readonly { readonly name: string; readonly result: string; readonly detail?: string }[]
}

let output: (section: string) => string
let statusOf: (section: string) => number | undefined

beforeAll(async () => {
  await builtProgram()
  const { sections, status, output: console } = await runInVm(SCRIPT, { modules: MODULES, timeoutMs: 540_000 })
  expect(status, console).toBe(0)
  statusOf = (name) => sections.get(name)?.status
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

test('an encrypted overlay is built where the kernel has ESP, with what it leaves of the MTU', () => {
  expect(output('up-encrypted')).toContain('overlay-encrypted is up')
  expect(notPassed('validate-encrypted')).toEqual([])
})

test('between its hosts there is ESP alone, and plain VXLAN of the network beside it', () => {
  const secret = output('wire-secret').trim().split('\n')
  expect(secret).toHaveLength(4)
  for (const line of secret) expect(line).toMatch(/IP 192\.168\.56\.1[12] > 192\.168\.56\.1[12]: ESP\(spi=0x/)
  const open = output('wire-open')
  expect(open).toContain('VXLAN, flags [I] (0x08), vni 4098')
  expect(open).not.toContain('ESP')
})

test('a trace follows a packet through ESP, by the number that it left with', () => {
  const traced = JSON.parse(output('trace-secret')) as Trace
  expect(traced).toMatchObject({ verdict: 'delivered', disagreements: [], notes: [] })
  const sealed = traced.hops.filter(({ text }) => text.includes('in ESP 0x'))
  expect(sealed.map(({ name, direction }) => `${name} ${direction}`)).toEqual([
    ...['host-A out', 'lan in', 'lan out', 'host-B in'],
  ])
  expect(new Set(sealed.map(({ text }) => /ESP 0x\w+ number \d+/.exec(text)?.[0])).size).toBe(1)
})

test('its associations and policies are those of Docker', () => {
  const states = output('states').match(/^src .*$/gm)
  expect(states?.toSorted()).toEqual([
    'src 192.168.56.11 dst 192.168.56.12',
    ...Array.from({ length: 3 }, () => 'src 192.168.56.12 dst 192.168.56.11'),
  ])
  expect(output('states').match(/proto esp spi 0x[0-9a-f]{8} reqid 13681891 mode transport/g)).toHaveLength(4)
  expect(output('states').match(/aead rfc4106\(gcm\(aes\)\) 0x[0-9a-f]{40} 64/g)).toHaveLength(4)
  expect(output('policies').replaceAll(/\s+/g, ' ').trim()).toMatch(
    /^src 192\.168\.56\.11\/32 dst 192\.168\.56\.12\/32 proto udp dport 4789 dir out priority 0 (ptype main )?mark 0xd0c4e3\/0xffffffff tmpl src 192\.168\.56\.11 dst 192\.168\.56\.12 proto esp spi 0x[0-9a-f]{8} reqid 13681891 mode transport$/,
  )
})

test('its rules are those of Docker 28 and of 20.10', () => {
  const lines = (section: string) => (output(section).match(/^-A (INPUT|OUTPUT) .*4789.*$/gm) ?? []).toSorted()
  const bpf =
    '-m udp --dport 4789 -m bpf --bytecode "6,177 0 0 0,64 0 0 12,84 0 0 4294967040,21 1 0 1048832,6 0 0 0,6 0 0 4294967295"'
  expect(lines('rules-28')).toEqual([
    `-A INPUT -p udp -m policy --dir in --pol none ${bpf} -j DROP`,
    `-A OUTPUT -p udp ${bpf} -j MARK --set-xmark 0xd0c4e3/0xffffffff`,
  ])
  const u32 = '-m udp --dport 4789 -m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100100"'
  expect(lines('rules-20')).toEqual([
    `-A INPUT -p udp -m policy --dir in --pol ipsec ${u32} -j ACCEPT`,
    `-A INPUT -p udp -m policy --dir in --pol none ${u32} -j DROP`,
    `-A OUTPUT -p udp ${u32} -j MARK --set-xmark 0xd0c4e3/0xffffffff`,
  ])
})

test('what comes in unencrypted is dropped, and lab apply puts a policy back that somebody flushed', () => {
  expect(statusOf('plain')).toBe(1)
  expect(output('repaired')).toContain('overlay-encrypted')
  expect(output('again')).toContain('1 received')
})

test('services are built where the kernel has IPVS, balanced and published on every host', () => {
  expect(output('up-services')).toContain('services is up')
  expect(notPassed('validate-services')).toEqual([])
})

test('their load balancers and hosts have the virtual servers and rules of Docker', () => {
  const destinations = (mark: number, ...addresses: string[]) => [
    `-A -f ${mark} -s rr`,
    ...addresses.map((address) => `-a -f ${mark} -r ${address}:0 -m -w 1`),
  ]
  const lines = (section: string) => output(section).trim().split('\n')
  expect(lines('ipvs')).toEqual(destinations(257, '10.0.1.4', '10.0.1.5', '10.0.1.6'))
  expect(lines('ipvs-ingress')).toEqual(destinations(256, '10.0.0.3', '10.0.0.4', '10.0.0.5'))
  expect(lines('ipvs-fewer')).toEqual(destinations(257, '10.0.1.4', '10.0.1.5'))
  const rules = (section: string) => lines(section).filter((line) => line.startsWith('-A'))
  expect(rules('balancer-rules')).toEqual([
    '-A INPUT -d 10.0.1.2/32 -j MARK --set-xmark 0x101/0xffffffff',
    '-A POSTROUTING -d 10.0.1.0/24 -m ipvs --ipvs -j SNAT --to-source 10.0.1.9',
  ])
  expect(rules('ingress-rules')).toEqual([
    '-A PREROUTING -p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x100/0xffffffff',
    '-A INPUT -d 10.0.0.2/32 -j MARK --set-xmark 0x100/0xffffffff',
    '-A POSTROUTING -d 10.0.0.0/24 -m ipvs --ipvs -j SNAT --to-source 10.0.0.6',
  ])
  expect(rules('host-rules').filter((line) => line.includes('INGRESS'))).toEqual([
    '-A DOCKER-FORWARD -j DOCKER-INGRESS',
    '-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j ACCEPT',
    '-A DOCKER-INGRESS -p tcp -m tcp --sport 8080 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A DOCKER-INGRESS -j RETURN',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS',
    '-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS',
    '-A DOCKER-INGRESS -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.6:8080',
    '-A DOCKER-INGRESS -j RETURN',
  ])
  expect(rules('task-rules').filter((line) => line.includes('10.0.0.3'))).toEqual([
    '-A INPUT -d 10.0.0.3/32 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT',
    '-A INPUT -d 10.0.0.3/32 -p sctp -j DROP',
    '-A INPUT -d 10.0.0.3/32 -p udp -j DROP',
    '-A INPUT -d 10.0.0.3/32 -p tcp -j DROP',
    '-A OUTPUT -s 10.0.0.3/32 -p tcp -m tcp --sport 80 -m conntrack --ctstate ESTABLISHED -j ACCEPT',
    '-A OUTPUT -s 10.0.0.3/32 -p sctp -j DROP',
    '-A OUTPUT -s 10.0.0.3/32 -p udp -j DROP',
    '-A OUTPUT -s 10.0.0.3/32 -p tcp -j DROP',
    '-A PREROUTING -d 10.0.0.3/32 -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 80',
  ])
})

test('a packet to a published port is predicted through the mesh to a task and back', () => {
  expect(output('path-mesh')).toContain('delivered')
})

test('nothing is left when all are down', () => {
  expect(output('down-services')).toContain('services is down')
  expect(output('down-encrypted')).toContain('overlay-encrypted is down')
  expect(output('down-trunk')).toContain('vlan-trunk is down')
  expect(output('down')).toContain('features is down')
  expect(output('left')).toBe('')
})
