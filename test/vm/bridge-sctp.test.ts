import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runInVm } from '../helpers/vm/run-in-vm.ts'

const SCRIPT = fileURLToPath(new URL('guest/bridge-sctp.sh', import.meta.url))
const MODULES = ['sctp', 'veth', 'bridge', 'br_netfilter', 'nf_tables', 'nft_compat', 'nft_chain_nat', 'xt_sctp']

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

test('on a kernel with SCTP a published SCTP port answers, with every kind of rules', async () => {
  const { sections, output: console } = await runInVm(SCRIPT, { modules: MODULES, timeoutMs: 540_000 })
  const report = JSON.parse(sections.get('report')?.output ?? 'null') as Report | null
  expect(report, console.slice(-4000)).not.toBeNull()
  const tests = report?.testResults.flatMap(({ assertionResults }) => assertionResults) ?? []
  expect(tests.filter(({ status }) => status !== 'passed')).toEqual([])
  expect(tests.filter(({ fullName }) => fullName.includes('a published SCTP port answers'))).toHaveLength(4)
})
