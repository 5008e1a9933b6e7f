import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Parser } from 'tap-parser'
import { describe, expect, test } from 'vitest'
import { type CheckReport, type CheckResult, countChecks } from '../../../src/model/check.ts'
import { CHECK_FORMATS, formatCheckReport } from '../../../src/report/check-formats.ts'
import { nagiosStatus } from '../../../src/report/check-nagios.ts'

/** What must not get out of a name: markup, line ends, directives, escape sequences, the end of a label or a property. */
const HOSTILE = [
  '"><script>&amp;]]>',
  "a'b\nnot ok 99 - c # SKIP no",
  '# TODO x',
  '\x1b[31m\x00\u202e\ud800 \ufffe',
  'x"} 1\ntsnet_evil{a="',
  '::error file=x::y%0A,title=z:',
  "|'a'=1;;; \\",
  '',
  'ümläut 中文 😀',
  '  ---\n  ...',
]

const result = (name: string, position: number): CheckResult => ({
  place: { file: `${name}.yaml`, line: position + 1, column: 3 },
  name,
  resource: 'link',
  subject: name,
  from: name,
  severity: (['error', 'warning', 'info'] as const)[position % 3] ?? 'error',
  verdict: (['failed', 'passed', 'untested', 'skipped'] as const)[position % 4] ?? 'failed',
  detail: name,
  mismatches: [],
  attempts: 1,
  durationMs: 1.25,
  values: { ms: 0.5, mtu: 1500 },
})

const report = (results: readonly CheckResult[]): CheckReport => ({
  format: 1,
  startedAt: '2026-11-25T01:02:03.456Z',
  hostname: HOSTILE[0] ?? '',
  durationMs: 12.5,
  counts: countChecks(results),
  results,
})

// each name with each verdict
const hostile = report(
  HOSTILE.flatMap((name, at) => [0, 1, 2, 3].map((verdict) => result(name, at * 12 + verdict + 4 * (at % 3)))),
)

function check(command: string, words: readonly string[], input: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, words, { input, encoding: 'utf8' })
  expect({ error, status, said: status === 0 ? '' : stdout + stderr }).toEqual({
    error: undefined,
    status: 0,
    said: '',
  })
}

describe('whatever the names are,', () => {
  test.each(CHECK_FORMATS)('%s has nothing in it that a terminal obeys', (format) => {
    const text = formatCheckReport(format, hostile)
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e\ud800\ufffe]/u)
  })

  test('JUnit is what CI systems read', () => {
    const schema = fileURLToPath(new URL('junit.xsd', import.meta.url))
    check('xmllint', ['--noout', '--schema', schema, '-'], formatCheckReport('junit', hostile))
    check('xmllint', ['--noout', '--schema', schema, '-'], formatCheckReport('junit', report([])))
    const cases = formatCheckReport('junit', hostile).match(/<testcase /g)
    expect(cases).toHaveLength(hostile.results.length)
  })

  test('Prometheus takes the metrics, one series a check', () => {
    const text = formatCheckReport('prometheus', hostile)
    check('promtool', ['check', 'metrics'], text)
    check('promtool', ['check', 'metrics'], formatCheckReport('prometheus', report([])))
    const { passed, failed } = hostile.counts
    expect(text.match(/^tsnet_check_passed\{/gm)).toHaveLength(passed + failed)
    expect(text).not.toContain('\ntsnet_evil')
  })

  test('a TAP consumer counts the same', () => {
    const text = formatCheckReport('tap', hostile)
    const { counts } = hostile
    const found = Parser.parse(text).filter(([kind]) => kind === 'assert')
    expect(found).toHaveLength(hostile.results.length)
    const problems: unknown[] = []
    const parser = new Parser({ strict: true }, (results) => {
      expect(results).toMatchObject({
        count: hostile.results.length,
        skip: counts.skipped,
        todo: counts.warnings,
        bailout: false,
      })
      expect(results.failures.filter(({ tapError }) => tapError !== null)).toEqual([])
      problems.push(...results.failures)
    })
    parser.end(text)
    expect(problems.length).toBeGreaterThan(0)
    expect(text).not.toMatch(/^not ok 99/m)
  })

  test('GitHub gets one command a line, with its properties', () => {
    const lines = formatCheckReport('github', hostile).trimEnd().split('\n')
    expect(lines).toHaveLength(hostile.counts.failed + hostile.counts.untested)
    for (const line of lines) {
      expect(line).toMatch(/^::(error|warning|notice) file=[^:,]*,line=\d+,col=\d+,title=[^:,]*::[^\r\n]*$/)
      expect(line).not.toMatch(/%(?!25|3A|2C)/)
    }
  })

  test('Nagios gets one status line with performance data, and no other bar', () => {
    const text = formatCheckReport('nagios', hostile)
    const [head = '', ...rest] = text.trimEnd().split('\n')
    expect(head).toMatch(/^CHECK (OK|WARNING|CRITICAL|UNKNOWN) - [^|]* \|( \w+=[\d.]+s?;[\d.]*;[\d.]*;\d+(;\d+)?)+$/)
    expect(rest).toHaveLength(hostile.counts.failed + hostile.counts.untested)
    expect(rest.join('')).not.toContain('|')
  })

  test('JSON and ndjson are read back as they were', () => {
    expect(JSON.parse(formatCheckReport('json', hostile))).toEqual(JSON.parse(JSON.stringify(hostile)))
    const lines = formatCheckReport('ndjson', hostile)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as CheckResult)
    expect(lines).toHaveLength(hostile.results.length + 1)
    expect(lines[0]).toMatchObject({ type: 'result', name: hostile.results[0]?.name })
  })
})

test('the status of a Nagios plugin is its own', () => {
  const of = (position: number): number => nagiosStatus({ results: [result('x', position)] })
  // failed error, failed warning, untested, passed
  expect([of(0), of(4), of(2), of(1)]).toEqual([2, 1, 3, 0])
})
