import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runChild } from './child.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MINUTE = 60_000

/**
 * What a tier came to. A skip is permitted in CI when the kernel lacks the feature and a vm test covers it.
 * @typedef {{ test: string, reason: string, permitted: boolean }} Skip
 * @typedef {{ tier: string, passed: number, failed: number, skips: Skip[], output: string }} TierResult
 */

/** Tier → its time limit. */
const VITEST_TIERS = { unit: 5 * MINUTE, system: 15 * MINUTE, docker: 10 * MINUTE, vm: 20 * MINUTE }

export const TIERS = ['check', 'unit', 'system', 'docker', 'vm']

/**
 * @param {string} tier one of TIERS
 * @param {{ keepOutput: boolean }} options
 * @returns {Promise<TierResult>}
 */
export function runTier(tier, options) {
  if (tier === 'check') return runStatic(options)
  return runVitest(/** @type {keyof typeof VITEST_TIERS} */ (tier), options)
}

/** Format, lint and types. @param {{ keepOutput: boolean }} options @returns {Promise<TierResult>} */
async function runStatic({ keepOutput }) {
  const steps = [
    ['node_modules/@biomejs/biome/bin/biome', 'check', '--diagnostic-level=warn', '--error-on-warnings'],
    ['node_modules/typescript/bin/tsc', '-p', '.'],
    ['node_modules/typescript/bin/tsc', '-p', 'src/report/html/client'],
  ]
  const ended = await Promise.all(
    steps.map((step) => runChild(process.execPath, step, { cwd: ROOT, timeoutMs: 3 * MINUTE, keepOutput: true })),
  )
  const failed = ended.filter(({ status }) => status !== 0)
  const output = failed.map((step) => step.output).join('')
  if (!keepOutput) process.stdout.write(output)
  return { tier: 'check', passed: steps.length - failed.length, failed: failed.length, skips: [], output }
}

/**
 * @param {keyof typeof VITEST_TIERS} tier
 * @param {{ keepOutput: boolean }} options
 * @returns {Promise<TierResult>}
 */
async function runVitest(tier, { keepOutput }) {
  const folder = await mkdtemp(join(tmpdir(), 'tsnet-test-'))
  const report = join(folder, 'report.json')
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', tier]
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  try {
    const timeoutMs = VITEST_TIERS[tier]
    const ended = await runChild(process.execPath, [...vitest, ...reporters], { cwd: ROOT, timeoutMs, keepOutput })
    return { tier, output: ended.output, ...(await readReport(report, ended.status)) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * @typedef {{ reason: string, coveredBy?: string }} Lack what test/helpers/skip.ts notes
 * @typedef {{ fullName: string, status: string, meta: { lack?: Lack } }} Assertion
 * @typedef {{ status: string, assertionResults: Assertion[] }} TestFile
 */

/**
 * @param {string} path of Vitest's JSON report
 * @param {number} status Vitest's own exit status
 * @returns {Promise<Pick<TierResult, 'passed' | 'failed' | 'skips'>>}
 */
export async function readReport(path, status) {
  if (!existsSync(path)) return { passed: 0, failed: 1, skips: [] }
  /** @type {{ testResults: TestFile[] }} */
  const { testResults } = JSON.parse(await readFile(path, 'utf8'))
  const tests = testResults.flatMap((file) => file.assertionResults)
  const passed = tests.filter((test) => test.status === 'passed').length
  const failedTests = tests.filter((test) => test.status === 'failed').length
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const failed = failedTests + brokenFiles
  const skips = tests.filter((test) => !['passed', 'failed'].includes(test.status)).map(readSkip)
  // an error outside of any test, or no test at all
  return { passed, failed: failed === 0 && status !== 0 ? 1 : failed, skips }
}

/** @param {Assertion} test @returns {Skip} */
function readSkip({ fullName, meta }) {
  const { reason = 'no reason given', coveredBy } = meta.lack ?? {}
  const covered = (coveredBy ?? '').startsWith('test/vm/') && existsSync(join(ROOT, coveredBy ?? ''))
  return {
    test: fullName,
    reason: coveredBy === undefined ? reason : `${reason}; see ${coveredBy}`,
    permitted: covered,
  }
}
