import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { predict } from '../../src/flow/predict.ts'
import { World } from '../../src/flow/world.ts'
import type { HostSnapshot } from '../../src/model/snapshot.ts'
import { journeyLine } from '../../src/report/journey-lines.ts'
import { runInVm, type VmResult } from '../helpers/vm/run-in-vm.ts'

const SCRIPT = fileURLToPath(new URL('guest/path.sh', import.meta.url))
const MODULES = [
  '8021q',
  'veth',
  'br_netfilter',
  'ipvlan',
  'ip_vs',
  'ip_vs_rr',
  'xt_ipvs',
  'nf_conntrack',
  'esp4',
  'xfrm_user',
  'gcm',
  'nf_tables',
  'nft_compat',
]

let sections: VmResult['sections']
let world: World

beforeAll(async () => {
  const result = await runInVm(SCRIPT, { modules: MODULES, timeoutMs: 400_000 })
  expect(result.status, result.output).toBe(0)
  sections = result.sections
  world = new World({ snapshots: [JSON.parse(sections.get('snapshot')?.output ?? '') as HostSnapshot] })
})

test.each([
  ['a VLAN that the trunk carries', 'v1', '10.10.0.2', true],
  ['a VLAN that it does not', 'v1', '10.20.0.2', false],
  ['a sibling on ipvlan', 'i1', '10.30.0.2', true],
  ['from ipvlan to the wire', 'i1', '10.30.0.20', true],
  ['from the wire to ipvlan', 'iout', '10.30.0.2', true],
  ['from the parent of an ipvlan to it', 'ihost', '10.30.0.1', false],
  ['a virtual address with a server', 'client', '10.40.0.90', true],
  ['a virtual address without one', 'client', '10.40.0.91', false],
  ['a virtual address by its mark', 'client', '10.40.0.92', true],
  ['the server itself', 'client', '10.41.0.2', true],
  ['IPsec whose ends know the same', 'e1', '10.50.0.2', true],
  ['IPsec whose ends do not', 'f1', '10.51.0.2', false],
])('%s: predicted as the kernel does it', (_, from, destination, connects) => {
  const namespace = world.spaces.find(({ name }) => name === from)?.namespace
  const source = { namespace: namespace?.inode ?? 0, name: from }
  const journey = predict(world, { source, destination, protocol: 'tcp', destinationPort: 80 })
  const isPredicted = journey.verdict === 'delivered' && journey.reply?.verdict === 'delivered'
  expect(sections.get(`${from}-${destination}`)?.status === 0).toBe(connects)
  expect(isPredicted, journeyLine(journey)).toBe(connects)
})
