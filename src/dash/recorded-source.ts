import { TsnetError } from '../errors.ts'
import type { HostEvent } from '../model/event.ts'
import { isSample, type Sample } from '../model/sample.ts'
import type { DashListener, DashSource } from './source.ts'

type Recorded = { readonly atMs: number } & ({ readonly sample: Sample } | { readonly event: HostEvent })

/**
 * What `watch --json --counters` wrote, in the order and at the pace in which it happened.
 *
 * @param speed how many times as fast; 0 shows all of it at once
 * @throws TsnetError `input` for a line that is neither an event nor a sample, or for a recording without samples
 */
export function recordedSource(name: string, text: string, speed: number): DashSource {
  const records = parseRecording(name, text)
  let timer: NodeJS.Timeout | undefined
  const tell = (record: Recorded, listener: DashListener): void => {
    if ('sample' in record) listener.sample(record.sample)
    else listener.event(record.event)
  }
  const playFrom = (position: number, listener: DashListener): void => {
    const [record, next] = records.slice(position, position + 2)
    if (record === undefined) {
      listener.end()
      return
    }
    tell(record, listener)
    const waitMs = next === undefined ? 0 : Math.max(0, next.atMs - record.atMs) / speed
    timer = setTimeout(() => playFrom(position + 1, listener), waitMs)
  }
  return {
    name,
    start: async (listener) => {
      if (speed > 0) return playFrom(0, listener)
      for (const record of records) tell(record, listener)
      listener.end()
    },
    close: async () => clearTimeout(timer),
  }
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
