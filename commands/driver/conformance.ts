import { readChoice, readNumber, readPairs } from '../../src/command/option-values.ts'
import { JSON_OPTION } from '../../src/command/options.ts'
import type { Command } from '../../src/command.ts'
import { exitStatusOf, reportLines, summaryLine } from '../../src/driver/plugin/conformance/report-lines.ts'
import { runConformance } from '../../src/driver/plugin/conformance/run-conformance.ts'
import { sanitise } from '../../src/report/sanitise.ts'

const KINDS = ['network', 'ipam', 'both'] as const
const DEFAULT_DEADLINE_MS = 10_000
/** Of the form that an engine uses; drivers of plugins need not look at it. */
const DEFAULT_SANDBOX = '/var/run/docker/netns/0123456789ab'

export const DRIVER_CONFORMANCE_COMMAND: Command = {
  name: 'driver conformance',
  summary: 'Says to a plugin what a Docker Engine says, good and bad, and reports what it gets wrong.',
  details: [
    'Works with any plugin of protocol v1. It makes networks, endpoints and pools in it, in 198.18.0.0/16 and',
    'fd74:736e:6574::/48, and removes them again. Exit status: 0 all passed, 1 something is broken, 3 warnings only.',
  ],
  positionals: [{ name: 'PLUGIN', completes: 'file' }],
  options: [
    { name: 'driver', argument: 'KIND', values: KINDS, summary: 'which of its drivers (both)' },
    { name: 'option', argument: 'KEY=VALUE', many: true, summary: 'an -o option of the networks (repeatable)' },
    { name: 'deadline', argument: 'MS', summary: `for each answer (${DEFAULT_DEADLINE_MS})` },
    { name: 'sandbox', argument: 'PATH', completes: 'file', summary: 'SandboxKey of the endpoints, for who opens it' },
    JSON_OPTION,
  ],
  examples: [
    ['driver conformance tsnet', 'a plugin by its name, found as an engine finds it'],
    ['driver conformance /run/docker/plugins/other.sock', 'by its socket; http://… and https://… do as well'],
    ['driver conformance lan --option parent=eth0', 'networks that need an option'],
    ['driver conformance tsnet --json | jq \'.[] | select(.outcome == "fail")\'', 'for scripts'],
  ],
  async run({ positionals, options, output }) {
    const results = await runConformance(positionals[0] ?? '', {
      drivers: readChoice(options, 'driver', KINDS) ?? 'both',
      deadlineMs: readNumber(options, 'deadline', { min: 1, max: 3_600_000 }) ?? DEFAULT_DEADLINE_MS,
      networkOptions: readPairs(options, 'option'),
      sandboxKey: options.text('sandbox') ?? DEFAULT_SANDBOX,
    })
    if (options.has('json')) output.json(results)
    else
      output.write(
        `${reportLines(results)
          .map((line) => sanitise(line))
          .join('\n')}\n`,
      )
    output.note(summaryLine(results))
    return exitStatusOf(results)
  },
}
