import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readReport } from '../../scripts/tiers.mjs'

const folder = mkdtempSync(join(tmpdir(), 'tsnet-report-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Assertion {
  readonly fullName: string
  readonly status: string
  readonly meta: object
}

const assertion = (status: string, meta = {}): Assertion => ({ fullName: `is ${status}`, status, meta })

function read(files: { status: string; assertionResults: Assertion[] }[], exitStatus: number) {
  const path = join(folder, 'report.json')
  writeFileSync(path, JSON.stringify({ testResults: files }))
  return readReport(path, exitStatus)
}

describe('the report of a tier', () => {
  test('counts what passed and what failed', async () => {
    const assertionResults = [assertion('passed'), assertion('passed'), assertion('failed')]
    expect(await read([{ status: 'failed', assertionResults }], 1)).toEqual({ passed: 2, failed: 1, skips: [] })
  })

  test('counts a file that could not be loaded as a failure', async () => {
    expect(await read([{ status: 'failed', assertionResults: [] }], 1)).toMatchObject({ failed: 1 })
  })

  test('counts an error outside of every test as a failure', async () => {
    const passing = { status: 'passed', assertionResults: [assertion('passed')] }
    expect(await read([passing], 1)).toMatchObject({ passed: 1, failed: 1 })
  })

  test('counts a tier that wrote no report as a failure', async () => {
    expect(await readReport(join(folder, 'absent.json'), 0)).toMatchObject({ passed: 0, failed: 1 })
  })
})

describe('a skip', () => {
  const skipOf = async (status: string, meta: object) =>
    (await read([{ status: 'passed', assertionResults: [assertion(status, meta)] }], 0)).skips[0]

  test('is permitted when a vm test that exists covers it', async () => {
    const lack = { reason: 'this kernel has no IP_VS', coveredBy: 'test/vm/kernel-features.test.ts' }
    expect(await skipOf('skipped', { lack })).toMatchObject({ permitted: true })
  })

  test.each([
    ['without a reason', {}],
    ['with a reason that nothing covers', { lack: { reason: 'no time' } }],
    ['that names a vm test which is not there', { lack: { reason: 'no IP_VS', coveredBy: 'test/vm/absent.test.ts' } }],
    ['that names a test of another tier', { lack: { reason: 'no IP_VS', coveredBy: 'test/layers.test.ts' } }],
  ])('%s is not permitted', async (_, meta) => {
    for (const status of ['skipped', 'pending', 'todo']) {
      expect(await skipOf(status, meta)).toMatchObject({ permitted: false })
    }
  })
})
