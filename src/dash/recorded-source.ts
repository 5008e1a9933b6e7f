import { TsnetError } from '../errors.ts'
import type { HostEvent } from '../model/event.ts'
import { isSample, type Sample } from '../model/sample.ts'
import type { DashListener, DashSource, Player, Seek } from './source.ts'

type Recorded = { readonly atMs: number } & ({ readonly sample: Sample } | { readonly event: HostEvent })

/** What a chart can show of the time before a moment. */
const SHOWN_BEFORE_MS = 3_600_000

/**
 * What `watch --json --counters` wrote, in the order and at the pace in which it happened.
 *
 * @param speed how many times as fast; 0 shows all of it at once
 * @throws TsnetError `input` for a line that is neither an event nor a sample, or for a recording without samples
 */
export function recordedSource(name: string, text: string, speed: number): DashSource {
  return new Recording(name, parseRecording(name, text), speed)
}

class Recording implements DashSource, Player {
  readonly player = this
  readonly #name: string
  readonly #records: readonly Recorded[]
  readonly #speed: number
  readonly #firstMs: number
  readonly #lastMs: number
  #listener: DashListener | undefined
  /** Of the first record that was not told yet. */
  #next = 0
  /** Of the moment that is shown, since 1970. */
  #nowMs: number
  #isPlaying = true
  #timer: NodeJS.Timeout | undefined

  constructor(name: string, records: readonly Recorded[], speed: number) {
    this.#name = name
    this.#records = records
    this.#speed = speed
    this.#firstMs = records[0]?.atMs ?? 0
    // a clock may have been set back
    this.#lastMs = records.reduce((last, { atMs }) => Math.max(last, atMs), this.#firstMs)
    this.#nowMs = this.#firstMs
  }

  about(): string {
    if (this.#next >= this.#records.length) return `${this.#name}, at its end`
    return `${this.#name} ${clock(this.#nowMs - this.#firstMs)}/${clock(this.#lastMs - this.#firstMs)}`
  }

  async start(listener: DashListener): Promise<void> {
    this.#listener = listener
    this.#tellUntil(this.#speed > 0 ? this.#firstMs : this.#lastMs)
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
  }

  seek(to: Seek): void {
    const wantedMs = to === 'start' ? this.#firstMs : to === 'end' ? this.#lastMs : this.#nowMs + to * 1000
    const untilMs = Math.min(this.#lastMs, Math.max(this.#firstMs, wantedMs))
    if (untilMs < this.#nowMs) {
      this.#listener?.restart()
      const first = this.#records.findIndex(({ atMs }) => atMs >= untilMs - SHOWN_BEFORE_MS)
      this.#next = Math.max(0, first)
    }
    this.#tellUntil(untilMs)
  }

  play(isPlaying: boolean): void {
    this.#isPlaying = isPlaying
    this.#goOn()
  }

  #tellUntil(untilMs: number): void {
    this.#nowMs = untilMs
    for (let record = this.#records[this.#next]; record; record = this.#records[++this.#next]) {
      if (record.atMs > untilMs) break
      if ('sample' in record) this.#listener?.sample(record.sample)
      else this.#listener?.event(record.event)
    }
    if (this.#next >= this.#records.length) this.#listener?.end()
    this.#goOn()
  }

  /** To the next record, when its time comes. */
  #goOn(): void {
    clearTimeout(this.#timer)
    const record = this.#records[this.#next]
    if (record === undefined || !this.#isPlaying || this.#speed === 0) return
    const waitMs = Math.max(0, record.atMs - this.#nowMs) / this.#speed
    this.#timer = setTimeout(() => this.#tellUntil(record.atMs), waitMs)
  }
}

/** `1:02:03`, or `2:03` within the first hour. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = String(seconds % 60).padStart(2, '0')
  return hours === 0 ? `${minutes}:${rest}` : `${hours}:${String(minutes).padStart(2, '0')}:${rest}`
}

/** Lines of a recording; one that was cut off at its end has an unfinished last line. */
export function parseRecording(name: string, text: string): Recorded[] {
  const lines = text.split('\n')
  const records = lines.flatMap((line, at) => {
    if (line.trim() === '') return []
    const record = recordOf(line)
    if (record !== undefined) return [record]
    if (at === lines.length - 1) return []
    throw new TsnetError('input', `${name}: line ${at + 1} is neither an event nor a sample`, {
      hint: 'tsnet-shoot watch --json --counters 1s > FILE makes a recording',
    })
  })
  if (records.some((record) => 'sample' in record)) return records
  throw new TsnetError('input', `${name}: there are no counters in it`, {
    hint: 'tsnet-shoot watch --json --counters 1s > FILE records them too',
  })
}

function recordOf(line: string): Recorded | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (isSample(value)) return { atMs: Date.parse(value.at), sample: value }
  return isEvent(value) ? { atMs: Date.parse(value.at), event: value } : undefined
}

function isEvent(value: unknown): value is HostEvent {
  if (typeof value !== 'object' || value === null) return false
  const { at, namespace, kind, action, text } = value as Partial<HostEvent>
  const isNamed = typeof namespace?.name === 'string' && typeof namespace.inode === 'number'
  const areTexts = [at, kind, action, text].every((each) => typeof each === 'string')
  return isNamed && areTexts && !Number.isNaN(Date.parse(at ?? ''))
}
