import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeReport, parseIperf3, StreamParser } from '../src/index.ts'
import { asStream, RECORDINGS, recording, STREAMS, withNamedDirections } from './recordings.ts'

/** The others have text beside the JSON. */
const REPORTS = [...RECORDINGS]
  .filter(([name]) => !/port-in-use|^3\.9\/error/.test(name))
  .map(([name, text]) => [name, withNamedDirections(name, text)] as const)

describe('a recorded stream', () => {
  test.each([...STREAMS])('%s comes back from the typed report with every field of every event', (_, text) => {
    const result = parseIperf3(text)
    if (!result.ok) throw new Error(result.message)
    expect(result).toMatchObject({ isComplete: true, warnings: [], around: [] })
    expect(encodeReport(result.report)).toEqual(printed(text))
  })

  test('has the same report whether its events are read or the document behind them', () => {
    const text = recording('3.22/stream-full')
    const document = text.slice(text.indexOf('\n{\n'))
    const [whole, behind, events] = [text, document, text.slice(0, -document.length)].map((each) => parseIperf3(each))
    expect(whole).toMatchObject({ ok: true, isComplete: true })
    expect(behind).toEqual(whole)
    expect(events).toEqual(whole)
    expect(parseIperf3(text.slice(0, -200))).toEqual(whole)
    const parser = new StreamParser()
    expect(parser.push(document)).toEqual([])
    expect(parser.finish()).toEqual(whole)
  })
})

/** The report that the lines of a stream put together make. */
function printed(text: string): unknown {
  const lines = text.split('\n').filter((line) => line.startsWith('{"'))
  const events = lines.map((line) => JSON.parse(line) as { event: string; data: unknown })
  const intervals = events.filter(({ event }) => event === 'interval').map(({ data }) => data)
  const rest = events.filter(({ event }) => event !== 'interval').map(({ event, data }) => [event, data])
  return { ...Object.fromEntries(rest), intervals }
}

describe('a stream of events', () => {
  test.each(REPORTS)('of %s gives the same report as the document', (_, text) => {
    const whole = parseIperf3(text)
    const streamed = parseIperf3(asStream(text))
    if (!whole.ok || !streamed.ok) throw new Error('not read')
    const { end, server, title, extraData, ...report } = whole.report
    // a stream says neither the title nor the extra data
    expect(streamed.report).toMatchObject(report)
    if (report.error === undefined) expect(streamed.report.end).toEqual(end)
    expect(streamed.isComplete).toBe(true)
  })

  test('gives each event as soon as its line is there', () => {
    const parser = new StreamParser()
    const [first = '', second = ''] = asStream(recording('tcp')).split('\n')
    expect(parser.push(first.slice(0, 50))).toEqual([])
    expect(parser.push(`${first.slice(50)}\n${second}`)).toMatchObject([{ event: 'start' }])
    expect(parser.push('\n')).toMatchObject([{ event: 'interval', interval: { sum: { isSender: true } } }])
  })

  test('that is cut off in a line is not complete, and keeps what came', () => {
    const text = asStream(recording('tcp'))
    const result = parseIperf3(text.slice(0, -100))
    expect(result).toMatchObject({ ok: true, isComplete: false })
    if (result.ok) expect(result.report.intervals?.length).toBeGreaterThan(0)
  })

  test('with warnings between its lines keeps them apart', () => {
    const lines = asStream(recording('udp')).split('\n')
    const result = parseIperf3([lines[0], 'warning: slow', ...lines.slice(1)].join('\n'))
    expect(result).toMatchObject({ ok: true, isComplete: true, around: ['warning: slow'] })
  })

  test('cut into pieces anywhere gives the same events, and nothing is thrown whatever comes', () => {
    const text = asStream(recording('udp-bidir'))
    const whole = new StreamParser().push(text)
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
        const parser = new StreamParser()
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const events = places.slice(1).flatMap((end, at) => parser.push(Buffer.from(text.slice(places[at], end))))
        expect(events).toEqual(whole)
      }),
      { numRuns: 30 },
    )
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.uint8Array(),
            fc.string(),
            fc.json().map((json) => `${json}\n`),
          ),
        ),
        (pieces) => {
          const parser = new StreamParser()
          for (const piece of pieces) parser.push(piece)
          parser.finish()
        },
      ),
    )
  })
})
