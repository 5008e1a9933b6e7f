import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { HostSnapshot, IpvsService, Link, Namespace } from '../../src/model/snapshot.ts'
import { readBridgeVlans, readIpLinks, readTcQdiscs } from '../helpers/vm/iproute.ts'
import { readXfrmStates } from '../helpers/vm/iproute-xfrm.ts'
import { listLines, listLinesOf, saveLines, saveLinesOf } from '../helpers/vm/ipvsadm.ts'
import { runInVm } from '../helpers/vm/run-in-vm.ts'

const SCRIPT = fileURLToPath(new URL('guest/kernel-features.sh', import.meta.url))
const LINKS = ['dummy', '8021q', 'veth', 'br_netfilter', 'ipvlan', 'bonding', 'vrf', 'wireguard']
const IPSEC = ['esp4', 'esp6', 'xfrm_user', 'gcm', 'authenc', 'cbc']

let output: (section: string) => string
let snapshot: HostSnapshot

beforeAll(async () => {
  const modules = [...LINKS, ...IPSEC, 'ip_vs', 'sch_netem']
  const { sections, status, output: console } = await runInVm(SCRIPT, { modules, timeoutMs: 300_000 })
  expect(status, console).toBe(0)
  output = (name) => {
    const section = sections.get(name)
    expect(section?.status, `${name}: ${sections.get(`${name}.stderr`)?.output ?? 'no error text'}`).toBe(0)
    return section?.output ?? ''
  }
  snapshot = JSON.parse(output('snapshot'))
})

function namespaceNamed(name: string): Namespace {
  const found = snapshot.namespaces.find((each) => (each.owner.kind === 'host' ? 'host' : each.names[0]) === name)
  if (found === undefined) throw new Error(`no namespace ${name} in the snapshot`)
  return found
}

function linksByName(namespace: Namespace): Record<string, Link> {
  return Object.fromEntries(namespace.links.map((link) => [link.name, link]))
}

const hostLinks = () => linksByName(namespaceNamed('host'))

type ServiceRow = IpvsService & { readonly namespace: { readonly name: string } }

test('show ipvs --json equals ipvsadm -Ln in the host', () => {
  const rows: ServiceRow[] = JSON.parse(output('show-ipvs'))
  const services = rows.filter(({ namespace }) => namespace.name === 'host')
  expect(listLinesOf(services)).toEqual(listLines(output('ipvsadm-list')))
  expect(services).toHaveLength(6)
})

test('show ipvs --json -n NAME equals ipvsadm -Ln in that namespace alone', () => {
  expect(listLinesOf(JSON.parse(output('show-ipvs-left')))).toEqual(listLines(output('ipvsadm-list-left')))
})

test('the services of the snapshot equal ipvsadm -Sn', () => {
  expect(saveLinesOf(namespaceNamed('host').ipvs)).toEqual(saveLines(output('ipvsadm-save')))
})

test('the snapshot says that the kernel has IPVS', () => {
  expect(snapshot.features['ip_vs']).toBe(true)
})

test('every link has the kind, flags and MTU that ip -d link shows', () => {
  const ours = namespaceNamed('host').links.map(({ name, kind, mtu, mac, flags, operstate, qdisc }) => {
    return { name, kind, mtu, mac, flags: [...flags].sort(), operstate, qdisc }
  })
  expect(ours).toEqual(readIpLinks(output('links')).map(({ data: _, ...link }) => link))
})

test('VLAN links have the id and protocol that ip -d link shows, above their parent', () => {
  const { d0, 'd0.100': inner, 'd0.200': outer } = hostLinks()
  const shown = readIpLinks(output('links')).filter(({ kind }) => kind === 'vlan')
  const ours = [inner, outer].map((link) => ({ name: link?.name, ...link?.vlan }))
  expect(ours).toEqual(shown.map(({ name, data }) => ({ name, id: data['id'], protocol: data['protocol'] })))
  for (const link of [inner, outer]) expect(link?.parent?.index).toBe(d0?.index)
})

test('the VLANs of bridge ports equal bridge vlan', () => {
  const ours = Object.fromEntries(
    namespaceNamed('host').links.flatMap(({ name, port }) => (port?.vlans === undefined ? [] : [[name, port.vlans]])),
  )
  const { br0: _bridgeItself, ...ports } = readBridgeVlans(output('bridge-vlans'))
  expect(ours).toEqual(ports)
})

test('an IPVLAN in another namespace has its mode and flags and points to its parent in the host', () => {
  const { iv0 } = linksByName(namespaceNamed('vm-right'))
  const [shown] = readIpLinks(output('links-right')).filter(({ kind }) => kind === 'ipvlan')
  expect(iv0?.ipvlan?.mode).toBe(shown?.data['mode'])
  expect(iv0?.ipvlan?.flags).toEqual(['vepa'])
  expect(iv0?.parent).toEqual({ namespace: namespaceNamed('host').inode, index: hostLinks()['d0']?.index })
})

test('a bond says its mode and which member is active', () => {
  const { bond7, d1 } = hostLinks()
  const [shown] = readIpLinks(output('links')).filter(({ kind }) => kind === 'bond')
  expect(bond7?.bond).toEqual({ mode: shown?.data['mode'], activeSlave: d1?.index })
  expect(shown?.data['active_slave']).toBe('d1')
  expect(d1?.master).toBe(bond7?.index)
})

test('IPsec states equal ip xfrm state', () => {
  const ours = namespaceNamed('host').xfrm.states.map(
    ({ source, destination, protocol, spi, reqid, mode, mark, markMask }) => {
      return { source, destination, protocol, spi, reqid, mode, mark, markMask }
    },
  )
  expect(ours).toEqual(readXfrmStates(output('xfrm-states')))
  expect(namespaceNamed('host').xfrm.states.map(({ algorithm }) => algorithm)).toEqual([
    'cbc(aes) + hmac(sha256)',
    'rfc4106(gcm(aes))',
  ])
})

test('an IPsec policy has the selector, mark and template that were set', () => {
  expect(namespaceNamed('host').xfrm.policies).toEqual([
    expect.objectContaining({
      direction: 'out',
      source: '10.1.0.1/32',
      destination: '10.1.0.2/32',
      protocol: 17,
      destinationPort: 4789,
      mark: 0xd0c4e3,
      priority: 5,
      templates: [expect.objectContaining({ source: '10.1.0.1', destination: '10.1.0.2', spi: 0x12345678 })],
    }),
  ])
})

test('no IPsec key is in a snapshot or on a screen', () => {
  expect(output('xfrm-states')).toContain('0102030405060708')
  for (const section of ['snapshot', 'show-xfrm']) expect(output(section)).not.toMatch(/0102030405060708/)
})

test('queueing disciplines equal tc qdisc, netem among them', () => {
  const { links, qdiscs } = namespaceNamed('host')
  const names = new Map(links.map(({ index, name }) => [index, name]))
  const ours = qdiscs.map(({ link, kind, handle }) => `${names.get(link)} ${kind} ${handle}`).sort()
  expect(ours).toEqual(readTcQdiscs(output('qdiscs')))
  expect(ours).toContain('d0 netem 1:')
})
