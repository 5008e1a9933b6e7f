import { availableParallelism } from 'node:os'
import { endChildrenOnSignal } from './child.mjs'
import { setUp } from './setup.mjs'
import { runTier, TIERS } from './tiers.mjs'

/** @typedef {import('./tiers.mjs').TierResult} TierResult */

/**
 * `npm test [-- TIER…]`: set-up, then format, lint, types and every test tier. The vm tier emulates one core, so it
 * runs beside the others where there are two. Ends with the line that CI reads: `N passed, N failed, N skipped`.
 */
const selected = process.argv.slice(2)
const unknown = selected.filter((tier) => !TIERS.includes(tier))
if (unknown.length > 0) {
  process.stderr.write(`unknown tier ${unknown.join(', ')}; the tiers are ${TIERS.join(', ')}\n`)
  process.exit(2)
}
const tiers = selected.length === 0 ? TIERS : TIERS.filter((tier) => selected.includes(tier))
endChildrenOnSignal()
await setUp(tiers.some((tier) => ['system', 'docker', 'vm'].includes(tier)) ? 'test' : 'check')
const results = await runAll()
for (const result of results) print(result)
const isCi = process.env['CI'] === 'true'
const skips = results.flatMap((result) => result.skips)
const forbidden = isCi ? skips.filter((skip) => !skip.permitted).length : 0
const failed = sum((result) => result.failed)
if (forbidden > 0)
  process.stdout.write(`${forbidden} skipped without a vm test that covers it: not permitted with CI=true\n`)
process.stdout.write(`${sum((result) => result.passed)} passed, ${failed} failed, ${skips.length} skipped\n`)
process.exit(failed + forbidden > 0 ? 1 : 0)

/** @returns {Promise<TierResult[]>} */
async function runAll() {
  const beside = availableParallelism() > 1 && tiers.length > 1 && tiers.includes('vm')
  const inVm = beside ? runTier('vm', { keepOutput: true }) : undefined
  /** @type {TierResult[]} */
  const ended = []
  for (const tier of tiers) {
    if (tier === 'vm' && inVm !== undefined) continue
    process.stdout.write(`\n== ${tier}\n`)
    ended.push(await runTier(tier, { keepOutput: false }))
  }
  return inVm === undefined ? ended : [...ended, await inVm]
}

/** @param {TierResult} result */
function print({ tier, passed, failed, skips, output }) {
  if (tier === 'vm') process.stdout.write(`\n== ${tier}\n${output}`)
  process.stdout.write(`${tier}: ${passed} passed, ${failed} failed, ${skips.length} skipped\n`)
  for (const { test, reason } of skips) process.stdout.write(`  skipped: ${test}: ${reason}\n`)
}

/** @param {(result: TierResult) => number} count */
function sum(count) {
  return results.reduce((total, result) => total + count(result), 0)
}
