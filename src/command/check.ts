import { setTimeout as pause } from 'node:timers/promises'
import type { Check } from '../checks/file/check.ts'
import { parseQuantity } from '../checks/file/matcher.ts'
import type { Context, OptionSpec } from '../command.ts'
import { TsnetError } from '../errors.ts'
import { type RunChecksOptions, runChecks } from '../health/run-checks.ts'
import type { CheckVerdict } from '../model/check.ts'
import { factsFor, loadChecks, withCheckFiles } from './check-input.ts'
import { CheckOutput } from './check-output.ts'
import { interruptible } from './lab-progress.ts'
import { readNumber } from './option-values.ts'
import { FACTS_OPTIONS } from './options.ts'

const FROM = 'a saved snapshot instead of this host: what must be tried is told as not tested'

/** Which checks, of what, and how. */
export const CHECK_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'netns',
    short: 'n',
    argument: 'SELECTOR',
    completes: 'selector',
    summary: 'namespace of checks that do not say `from` (host)',
  },
  ...FACTS_OPTIONS.filter(({ name }) => name === 'docker-socket'),
  { name: 'set', argument: 'NAME=VALUE', many: true, summary: 'a variable, before what the file says (repeatable)' },
  { name: 'vars', argument: 'FILE', many: true, completes: 'file', summary: 'variables, a YAML map (repeatable)' },
  { name: 'allow-commands', summary: 'run the commands of command checks' },
  { name: 'parallel', argument: 'NUMBER', summary: 'checks that are tried at once, 1 to 256 (16)' },
]

export const FROM_OPTION: OptionSpec = { name: 'from', argument: 'FILE', completes: 'file', summary: FROM }

/** `check FILE…`: once, or again and again with `--watch`. */
export function check(context: Context): Promise<number> {
  return withCheckFiles(context, async () => {
    const output = new CheckOutput(context)
    const checks = loadChecks(context)
    const watched = context.options.text('watch')
    const everyMs = watched === undefined ? undefined : parseInterval('watch', watched)
    return interruptible((signal) =>
      everyMs === undefined
        ? once(context, { checks, output, signal })
        : watch(context, { checks, output, signal }, everyMs),
    )
  })
}

interface Run {
  readonly checks: readonly Check[]
  readonly output: CheckOutput
  readonly signal: AbortSignal
}

/** As a shell tells of a program that ctrl-C ended. */
const INTERRUPTED = 130

async function once(context: Context, { checks, output, signal }: Run): Promise<number> {
  const report = await runChecks(checks, { ...runOptions(context, checks), signal, tell: output.tell })
  if (signal.aborted) return INTERRUPTED
  output.write(report, { isNews: true })
  return output.statusOf(report)
}

/** Everything at first, then what has changed; the status is the last one. */
async function watch(context: Context, { checks, output, signal }: Run, everyMs: number): Promise<number> {
  let status = 0
  let known: readonly CheckVerdict[] | undefined
  while (!signal.aborted) {
    const report = await runChecks(checks, { ...runOptions(context, checks), signal })
    if (signal.aborted) break
    const last = known
    const changed = report.results.filter((result, position) => last?.[position] !== result.verdict)
    for (const result of changed) output.tell(result)
    output.write(report, { isNews: last === undefined || changed.length > 0 })
    known = report.results.map(({ verdict }) => verdict)
    status = output.statusOf(report)
    await pause(everyMs, undefined, { signal }).catch(() => undefined)
  }
  return status
}

const DEFAULT_PARALLEL = 16

/** How the command line wants checks to be run. */
export function runOptions(context: Context, checks: readonly Check[]): Omit<RunChecksOptions, 'signal'> {
  const { options } = context
  const from = options.text('netns')
  return {
    facts: factsFor(checks, context),
    allowCommands: options.has('allow-commands'),
    parallel: readNumber(options, 'parallel', { min: 1, max: 256 }) ?? DEFAULT_PARALLEL,
    ...(from === undefined ? {} : { from }),
  }
}

const LEAST_MS = 100
const MOST_MS = 24 * 3600 * 1000

/** `30s`. @throws TsnetError `usage` */
export function parseInterval(name: string, text: string): number {
  const ms = /^[0-9.]+(ms|s|m|h)$/.test(text) ? parseQuantity(text) : undefined
  if (ms !== undefined && ms >= LEAST_MS && ms <= MOST_MS) return ms
  throw new TsnetError('usage', `--${name} ${text}: a time from 100ms to 24h is expected, like 30s`)
}
