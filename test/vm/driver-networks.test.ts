import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runInVm } from '../helpers/vm/run-in-vm.ts'

const SCRIPT = fileURLToPath(new URL('guest/driver-networks.sh', import.meta.url))
const MODULES = ['veth', 'bridge', 'macvlan', 'ipvlan', 'dummy', '8021q', 'nf_tables', 'nft_compat', 'xt_addrtype']

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

test('on a kernel with VLANs, dummy links and ipvlan every macvlan and ipvlan network works', async () => {
  const { sections, output } = await runInVm(SCRIPT, { modules: MODULES, timeoutMs: 590_000 })
  const text = sections.get('report')?.output ?? ''
  expect(text, sections.get('run')?.output ?? output).not.toBe('')
  const report = JSON.parse(text) as Report
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  expect(tests.filter(({ status }) => status !== 'passed')).toEqual([])
  const names = tests.map(({ fullName }) => fullName)
  for (const topic of ['a VLAN sub-interface', 'without a parent', 'containers of one ipvlan network']) {
    expect(names.some((name) => name.startsWith(topic))).toBe(true)
  }
})
