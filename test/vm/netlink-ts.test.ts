import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runInVm } from '../helpers/vm/run-in-vm.ts'

const SCRIPT = fileURLToPath(new URL('guest/netlink-ts.sh', import.meta.url))
const MODULES = ['dummy', '8021q', 'bonding', 'ipvlan', 'vrf', 'ip_gre', 'geneve', 'ifb', 'vxlan', 'macvtap']
const QDISCS = ['sch_tbf', 'sch_htb', 'sch_netem', 'cls_u32']

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

test('on a kernel with dummy, 802.1Q, bonding and IPVLAN every link and object equals what ip shows', async () => {
  const { sections } = await runInVm(SCRIPT, { modules: [...MODULES, ...QDISCS], timeoutMs: 540_000 })
  const output = sections.get('report')?.output ?? ''
  const report = JSON.parse(output) as Report
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  expect(tests.filter(({ status }) => status !== 'passed')).toEqual([])
  for (const kind of ['dummy', 'bond', 'vlan', 'ipvlan']) {
    expect(tests.map(({ fullName }) => fullName)).toContain(`${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind} is made`)
  }
})
