import type { CheckReport, CheckResult } from '../model/check.ts'
import { placeOf, placeText } from './check-text.ts'
import { sanitise } from './sanitise.ts'

/**
 * As Ant's JUnit task writes it and CI systems read it: a suite a file, a case a check. What could not be tested is an
 * `error`, what failed a `failure` whose type is the severity.
 */
export function checkJunit({ results, startedAt, hostname }: CheckReport): string {
  const files = [...new Set(results.map(({ place }) => place.file))]
  const suites = files.map((file, position) => {
    const own = results.filter(({ place }) => place.file === file)
    const duration = own.reduce((sum, each) => sum + each.durationMs, 0)
    const attributes = {
      id: position,
      name: file,
      package: 'tsnet-shoot',
      ...countsOf(own),
      skipped: own.filter(({ verdict }) => verdict === 'skipped').length,
      time: seconds(duration),
      timestamp: startedAt.replace(/\.\d+Z$/, ''),
      hostname,
    }
    return `  <testsuite${attributesText(attributes)}>\n    <properties/>\n${own.map(caseText).join('')}    <system-out/>\n    <system-err/>\n  </testsuite>\n`
  })
  // some readers allow no attributes here
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`
}

function countsOf(results: readonly CheckResult[]): Readonly<Record<string, number>> {
  return {
    tests: results.length,
    failures: results.filter(({ verdict }) => verdict === 'failed').length,
    errors: results.filter(({ verdict }) => verdict === 'untested').length,
  }
}

function caseText(result: CheckResult): string {
  const { name, resource, durationMs, place } = result
  const attributes = { name, classname: `${place.file}.${resource}`, time: seconds(durationMs) }
  const inside = insideText(result)
  const start = `    <testcase${attributesText(attributes)}`
  return inside === '' ? `${start}/>\n` : `${start}>\n      ${inside}\n    </testcase>\n`
}

function insideText(result: CheckResult): string {
  const { verdict, severity, detail = '' } = result
  if (verdict === 'passed') return ''
  if (verdict === 'skipped') return `<skipped${attributesText({ message: detail })}/>`
  const text = escapeXml(`${placeText(placeOf(result))}: ${detail}`)
  const [element, type] = verdict === 'untested' ? ['error', 'untested'] : ['failure', severity]
  return `<${element}${attributesText({ type: type ?? '', message: detail })}>${text}</${element}>`
}

function attributesText(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** What XML 1.0 cannot hold at all is shown as on a terminal. */
export function escapeXml(text: string): string {
  return sanitise(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}
