import type { CheckReport, CheckResult } from '../model/check.ts'
import { sanitise } from './sanitise.ts'

interface Metric {
  readonly name: string
  readonly help: string
  readonly samples: readonly (readonly [Readonly<Record<string, string>>, number])[]
}

/** Text exposition format 0.0.4. Every check has a series of its own, even those of one name: `id` counts them. */
export function checkPrometheus({ results, counts, durationMs, startedAt }: CheckReport): string {
  const labelled = results.map((result, position) => ({ result, labels: labelsOf(result, position + 1) }))
  const tested = labelled.filter(({ result }) => result.verdict === 'passed' || result.verdict === 'failed')
  const { warnings: _warnings, ...verdicts } = counts
  const metrics: readonly Metric[] = [
    {
      name: 'tsnet_check_passed',
      help: 'Whether a check passed (1) or failed (0); what was skipped or could not be tested is left out.',
      samples: tested.map(({ result, labels }) => [labels, Number(result.verdict === 'passed')]),
    },
    {
      name: 'tsnet_check_duration_seconds',
      help: 'How long a check took, with what it was tried again.',
      samples: tested.map(({ result, labels }) => [labels, result.durationMs / 1000]),
    },
    {
      name: 'tsnet_check_value',
      help: 'A figure that a check measured, in the unit that the documentation gives for it.',
      samples: tested.flatMap(({ result, labels }) =>
        Object.entries(result.values ?? {}).map(([value, number]) => [{ ...labels, value }, number] as const),
      ),
    },
    {
      name: 'tsnet_checks',
      help: 'Checks by what became of them.',
      samples: Object.entries(verdicts).map(([verdict, count]) => [{ verdict }, count]),
    },
    {
      name: 'tsnet_checks_run_duration_seconds',
      help: 'How long all checks together took.',
      samples: [[{}, durationMs / 1000]],
    },
    {
      name: 'tsnet_checks_run_timestamp_seconds',
      help: 'When the checks were begun.',
      samples: [[{}, Date.parse(startedAt) / 1000]],
    },
  ]
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(metricText)
    .join('')
}

function labelsOf(
  { place, name, resource, subject, from, severity }: CheckResult,
  id: number,
): Metric['samples'][0][0] {
  const common = { id: String(id), file: place.file, line: String(place.line), name, resource, subject, severity }
  return from === undefined ? common : { ...common, namespace: from }
}

function metricText({ name, help, samples }: Metric): string {
  const lines = samples.map(([labels, value]) => `${name}${labelsText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return texts.length === 0 ? '' : `{${texts.join(',')}}`
}

function escapeLabel(text: string): string {
  return sanitise(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
