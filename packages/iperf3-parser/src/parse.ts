import { isObject } from './codec.ts'
import type { JsonPrefix } from './json-prefix.ts'
import { REPORT, type Report, readJson } from './report.ts'
import { parseStream } from './stream.ts'

/** A report, whatever iperf3 says in it. */
export interface Parsed {
  readonly ok: true
  readonly report: Report
  /** False when the output was cut off, or stops being JSON: the report is what came until then. */
  readonly isComplete: boolean
  /** Printed before and after it, without the empty lines: warnings of iperf3, or of whatever ran it. */
  readonly around: readonly string[]
  /** Fields that are not what they should be, at most 20; they are left out. */
  readonly warnings: readonly string[]
}

export interface NotParsed {
  readonly ok: false
  readonly reason: 'empty' | 'no-json' | 'not-iperf3' | 'too-large'
  readonly message: string
}

/** A day of 64 streams in intervals of a second is less. */
const MAX_CHARACTERS = 256 * 1024 * 1024
const MAX_WARNINGS = 20

/**
 * Reads what `iperf3 --json` or `iperf3 --json-stream` (client or server, 3.1 and later) printed: TCP, UDP or SCTP, any
 * direction. Any text gives a report or says why there is none; nothing is thrown. An error of iperf3 itself is in
 * `report.error`.
 */
export function parseIperf3(text: string): Parsed | NotParsed {
  if (text.length > MAX_CHARACTERS) return not('too-large', `more than ${MAX_CHARACTERS} characters`)
  if (text.trim() === '') return not('empty', 'iperf3 printed nothing')
  const start = findObject(text)
  if (start < 0) return not('no-json', `there is no JSON in it: ${firstLine(text)}`)
  const prefix = readJson(text, start)
  if (isObject(prefix.value) && typeof prefix.value['event'] === 'string') return parseStream(text)
  return parseDocument(text, start, prefix)
}

function parseDocument(text: string, start: number, { value, end, isComplete }: JsonPrefix): Parsed | NotParsed {
  if (!isObject(value) || !KEYS.some((key) => Object.hasOwn(value, key))) {
    return not('not-iperf3', 'the JSON is no report of iperf3')
  }
  const { report, warnings } = decodeReport(value)
  const around = [...linesOf(text.slice(0, start)), ...linesOf(text.slice(end))]
  const error = report.error ?? errorIn(around)
  return { ok: true, report: error === undefined ? report : { ...report, error }, isComplete, around, warnings }
}

/** Some versions (3.9) say what went wrong beside their JSON only. */
function errorIn(lines: readonly string[]): string | undefined {
  return lines.flatMap((line) => /^iperf3: error - (.+)$/.exec(line)?.[1] ?? [])[0]
}

const KEYS = ['start', 'intervals', 'end', 'error']

export function decodeReport(value: unknown): { readonly report: Report; readonly warnings: readonly string[] } {
  const warnings: string[] = []
  const warn = (warning: string): void => {
    if (warnings.length < MAX_WARNINGS) warnings.push(warning)
  }
  return { report: REPORT.decode(value, { path: '', warn }) ?? {}, warnings }
}

/** The report as iperf3 would have printed it: what `parseIperf3` reads back as the same. */
export function encodeReport(report: Report): unknown {
  return REPORT.encode(report)
}

/** The first `{` that begins a line: text before it may have braces too. */
export function findObject(text: string): number {
  const atLine = /^[ \t]*\{/m.exec(text)
  return atLine ? atLine.index + atLine[0].length - 1 : text.indexOf('{')
}

export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}

const SHOWN = 200

function firstLine(text: string): string {
  return (linesOf(text)[0] ?? '').slice(0, SHOWN)
}

function not(reason: NotParsed['reason'], message: string): NotParsed {
  return { ok: false, reason, message }
}
