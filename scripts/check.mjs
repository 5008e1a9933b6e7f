import { endChildrenOnSignal } from './child.mjs'
import { setUp } from './setup.mjs'
import { runTier } from './tiers.mjs'

/** `npm run check`: format, lint, types and the unit tests at once; prints only what failed. */
endChildrenOnSignal()
await setUp('check')
const results = await Promise.all(['check', 'unit'].map((tier) => runTier(tier, { keepOutput: true })))
const failures = results.filter((result) => result.failed > 0)
for (const { output } of failures) process.stdout.write(output)
for (const { tier, passed, failed } of results) process.stdout.write(`${tier}: ${passed} passed, ${failed} failed\n`)
process.exit(failures.length > 0 ? 1 : 0)
