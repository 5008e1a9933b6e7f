import { isObject, type Reading } from './codec.ts'
import type { NotParsed, Parsed } from './parse.ts'
import {
  END_CODEC,
  type End,
  INTERVAL_CODEC,
  type Interval,
  REPORT,
  type Report,
  readJson,
  START_CODEC,
  type Start,
} from './report.ts'

/** What a line of `iperf3 --json-stream` (3.17 and later) says. */
export type StreamEvent =
  | { readonly event: 'start'; readonly start: Start }
  | { readonly event: 'interval'; readonly interval: Interval }
  | { readonly event: 'end'; readonly end: End }
  | { readonly event: 'error'; readonly error: string }
  | { readonly event: 'server'; readonly serverText?: string; readonly server?: Report }
  /** A line that is none of these: a warning, or an event that is not known here. */
  | { readonly event: 'other'; readonly line: string }

const MAX_LINE_CHARACTERS = 16 * 1024 * 1024
const MAX_DOCUMENT_CHARACTERS = 256 * 1024 * 1024
/** Intervals that a result keeps; the events themselves are not bounded. */
const MAX_INTERVALS = 1_000_000
const MAX_WARNINGS = 20

/**
 * Reads `iperf3 --json-stream` as it comes.
 *
 * ```ts
 * const parser = new StreamParser()
 * for await (const chunk of child.stdout) for (const event of parser.push(chunk)) show(event)
 * const result = parser.finish()
 * ```
 */
export class StreamParser {
  readonly #intervals: Interval[] = []
  readonly #around: string[] = []
  readonly #warnings: string[] = []
  readonly #decoder = new TextDecoder()
  #report: Report = {}
  /** The whole once more, behind its events (`--json-stream-full-output`). */
  readonly #document: string[] = []
  #documentCharacters = 0
  #rest = ''
  #isEnded = false
  #isCut = false

  /** The events that are complete with this piece. Never throws. */
  push(chunk: string | Uint8Array): StreamEvent[] {
    this.#rest += typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true })
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > MAX_LINE_CHARACTERS) {
      this.#warn(`a line of more than ${MAX_LINE_CHARACTERS} characters`)
      this.#rest = ''
      this.#isCut = true
    }
    return lines.flatMap((line) => this.#line(line))
  }

  /** What all lines together say, as a report. It is complete when its last event was there. */
  finish(): Parsed | NotParsed {
    if (this.#rest.trim() !== '') this.#line(this.#rest)
    this.#rest = ''
    this.#takeDocument()
    const isEmpty = Object.keys(this.#report).length === 0 && this.#intervals.length === 0
    if (isEmpty) return { ok: false, reason: 'no-json', message: 'there is no event of iperf3 in it' }
    return {
      ok: true,
      report: {
        ...this.#report,
        intervals: this.#intervals.length > 0 ? this.#intervals : (this.#report.intervals ?? []),
      },
      isComplete: this.#isEnded && !this.#isCut,
      around: this.#around,
      warnings: this.#warnings,
    }
  }

  #line(line: string): StreamEvent[] {
    if (line.trim() === '') return []
    if (this.#document.length > 0 || line === '{') return this.#documentLine(line)
    const { value, isComplete } = readJson(line)
    const event = isObject(value) && isComplete ? this.#event(value['event'], value['data']) : undefined
    if (event === undefined && isObject(value) && !isComplete) this.#isCut = true
    else if (event === undefined && this.#around.length < MAX_INTERVALS) this.#around.push(line.trim())
    const taken = event ?? { event: 'other', line: line.trim() }
    this.#take(taken)
    return [taken]
  }

  #documentLine(line: string): [] {
    this.#documentCharacters += line.length
    if (this.#documentCharacters <= MAX_DOCUMENT_CHARACTERS) this.#document.push(line)
    return []
  }

  #takeDocument(): void {
    if (this.#document.length === 0) return
    const { value, isComplete } = readJson(this.#document.join('\n'))
    // the events have said the same
    if (!isComplete && this.#isEnded) return
    const report = REPORT.decode(value, { path: '', warn: (warning) => this.#warn(warning) })
    this.#report = { ...this.#report, ...report }
    this.#isEnded ||= isComplete
  }

  #event(name: unknown, data: unknown): StreamEvent | undefined {
    const reading: Reading = { path: String(name).slice(0, 40), warn: (warning) => this.#warn(warning) }
    switch (name) {
      case 'start':
        return { event: 'start', start: START_CODEC.decode(data, reading) ?? {} }
      case 'interval':
        return { event: 'interval', interval: INTERVAL_CODEC.decode(data, reading) ?? {} }
      case 'end':
        return { event: 'end', end: END_CODEC.decode(data, reading) ?? {} }
      case 'error':
        return { event: 'error', error: String(data) }
      case 'server_output_text':
        return { event: 'server', serverText: String(data) }
      case 'server_output_json':
        return { event: 'server', server: REPORT.decode(data, reading) ?? {} }
      default:
        return undefined
    }
  }

  #take(taken: StreamEvent): void {
    if (taken.event === 'other') return
    if (taken.event === 'interval') {
      if (this.#intervals.length < MAX_INTERVALS) this.#intervals.push(taken.interval)
      return
    }
    const { event, ...facts } = taken
    if (event === 'end' || event === 'error') this.#isEnded = true
    this.#report = { ...this.#report, ...facts }
  }

  #warn(warning: string): void {
    if (this.#warnings.length < MAX_WARNINGS) this.#warnings.push(warning)
  }
}

export function parseStream(text: string): Parsed | NotParsed {
  const parser = new StreamParser()
  parser.push(text)
  return parser.finish()
}
