import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { builtProgram, bundleProgram } from '../helpers/netns-program.ts'
import { runInVm } from '../helpers/vm/run-in-vm.ts'

const SCRIPT = fileURLToPath(new URL('guest/faults.sh', import.meta.url))
const MODULES = [
  ...['8021q', 'macvlan', 'veth', 'bridge', 'br_netfilter', 'vxlan', 'esp4', 'xfrm_user'],
  ...['ip_vs', 'ip_vs_rr', 'xt_ipvs', 'nf_conntrack_netlink'],
]

interface Row {
  readonly fault: string
  readonly problems: readonly string[]
}

test('faults that need VLANs, ESP, IPVS or the first namespace of a machine are named, cured and healed', async () => {
  await builtProgram()
  const main = await bundleProgram('bench/faults/main.ts')
  await rename(main, join(dirname(main), 'faults-vm.mjs'))
  const { sections, output } = await runInVm(SCRIPT, { modules: MODULES, timeoutMs: 540_000 })
  const told = sections.get('score.stderr')?.output ?? output
  const { score, rows }: { score: unknown; rows: readonly Row[] } = JSON.parse(sections.get('score')?.output ?? 'null')
  expect(
    rows.flatMap(({ fault, problems }) => problems.map((problem) => `${fault}: ${problem}`)),
    told,
  ).toEqual([])
  expect(rows.map(({ fault }) => fault).toSorted()).toEqual([
    'conntrack-full',
    'esp-blocked',
    'fwmark-mismatch',
    'ingress-rules-missing',
    'ipvs-dead-backend',
    'ipvs-no-backend',
    'vlan-not-trunked',
    'xfrm-mismatch',
  ])
  expect(score).toEqual({ recall: 1, precision: 1, fixRate: 1, healRate: 1 })
  expect(sections.get('limit-after')?.output).toBe(sections.get('limit')?.output)
}, 600_000)
