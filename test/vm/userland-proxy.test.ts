import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runInVm } from '../helpers/vm/run-in-vm.ts'

const SCRIPT = fileURLToPath(new URL('guest/userland-proxy.sh', import.meta.url))

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

test('on a kernel with SCTP the userland proxy carries it, as it does TCP and UDP', async () => {
  const { sections } = await runInVm(SCRIPT, { modules: ['sctp', 'veth'], timeoutMs: 540_000 })
  const report = JSON.parse(sections.get('report')?.output ?? '') as Report
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  expect(tests.filter(({ status }) => status !== 'passed')).toEqual([])
  expect(tests.map(({ fullName }) => fullName)).toContain('SCTP: messages go both ways')
})
