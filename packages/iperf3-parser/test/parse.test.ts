import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeReport, type Parsed, parseIperf3 } from '../src/index.ts'
import { RECORDINGS, recording, withNamedDirections } from './recordings.ts'

function parsed(text: string): Parsed {
  const result = parseIperf3(text)
  if (!result.ok) throw new Error(result.message)
  return result
}

describe('every recorded run', () => {
  test.each([...RECORDINGS])('%s comes back from the typed report with every field', (name, text) => {
    const { report, isComplete, warnings } = parsed(text)
    expect(warnings).toEqual([])
    expect(isComplete).toBe(true)
    const printed = JSON.parse(withNamedDirections(name, text.slice(0, text.lastIndexOf('}') + 1)))
    expect(encodeReport(report)).toEqual(SAID_BESIDE.test(name) ? { ...printed, error: report.error } : printed)
    expect(parsed(JSON.stringify(encodeReport(report))).report).toEqual(report)
  })
})

/** Runs that failed, and whose JSON does not say so. */
const SAID_BESIDE = /^3\.9\/error-(?:refused|busy)$/

describe('units are in the names:', () => {
  test('TCP', () => {
    const { start, end, intervals } = parsed(recording('tcp')).report
    expect(start?.version).toBe('iperf 3.12')
    expect(start?.test).toMatchObject({ protocol: 'TCP', streams: 1, durationSeconds: 1, isReverse: false })
    expect(intervals?.[0]?.streams?.[0]).toMatchObject({ pathMtuBytes: 1500, isSender: true, isOmitted: false })
    const [stream] = end?.streams ?? []
    expect(stream?.sender?.meanRttMicroseconds).toBeGreaterThan(0)
    expect(end?.sumReceived?.bitsPerSecond).toBeGreaterThan(1e6)
    expect(end?.cpuPercent?.remoteTotal).toBeGreaterThan(0)
  })

  test('UDP', () => {
    const { end } = parsed(recording('udp')).report
    expect(end?.sum?.packets).toBeGreaterThan(100)
    expect(end?.sum?.lostPercent).toBe(0)
    expect(end?.streams?.[0]?.udp?.jitterMilliseconds).toBeGreaterThanOrEqual(0)
  })

  test('the output of the server, as text and as JSON', () => {
    expect(parsed(recording('tcp-server-output')).report.serverText).toContain('receiver')
    expect(parsed(recording('tcp-server-output-json')).report.server?.end?.sumReceived?.bytes).toBeGreaterThan(1e6)
  })
})

describe('versions differ:', () => {
  test('up to 3.9 both directions of a test have one name', () => {
    const { end, intervals } = parsed(recording('3.9/tcp-bidir')).report
    expect([end?.sumSent?.isSender, end?.sumSentReverse?.isSender]).toEqual([true, false])
    expect([intervals?.[0]?.sum?.isSender, intervals?.[0]?.sumReverse?.isSender]).toEqual([true, false])
  })

  test('3.1 prints less, and that is read', () => {
    const { start, intervals, end } = parsed(asPrintedBy31(recording('tcp'))).report
    expect(start?.test).toMatchObject({ protocol: 'TCP', isReverse: false })
    expect(intervals?.[0]?.streams?.[0]).toMatchObject({ rttMicroseconds: expect.any(Number), isOmitted: false })
    expect(end?.sumReceived?.bitsPerSecond).toBeGreaterThan(1e6)
  })

  test('newer ones say whether the kernel puts datagrams together', () => {
    const options = (name: string) => parsed(recording(name)).report.start?.test
    expect(options('3.22/udp-gsro')).toMatchObject({ isSegmentationOffloaded: true, isReceiveOffloaded: true })
    expect(options('3.22/udp')).toMatchObject({ isSegmentationOffloaded: false, isReceiveOffloaded: false })
    expect(options('3.18/udp')).not.toHaveProperty('isSegmentationOffloaded')
  })
})

/** Without what came later. */
function asPrintedBy31(text: string): string {
  const later =
    /^(?:target_bitrate|tos|sock_bufsize|(?:snd|rcv)buf_actual|rttvar|pmtu|snd_wnd|max_snd_wnd|sender|.*_bidir.*)$/
  return JSON.stringify(JSON.parse(text), (key, value) =>
    later.test(key) && typeof value !== 'object' ? undefined : value,
  )
}

describe('what iperf3 says went wrong is a value:', () => {
  test.each([
    ['3.9/error-refused', 'unable to send control message: Bad file descriptor'],
    ['3.18/error-refused', 'Connection refused'],
    ['3.22/error-interrupted', 'terminated by signal Interrupt(2)'],
    ['error-refused', 'Connection refused'],
    ['error-busy', 'the server is busy running a test'],
    ['error-port-in-use', 'Address already in use'],
    ['error-interrupted', 'interrupt - the client has terminated'],
    ['error-sctp-unsupported', 'Protocol not supported'],
    ['error-name', 'unable to'],
  ])('%s', (name, text) => {
    expect(parsed(recording(name)).report.error).toContain(text)
  })
})

describe('output that is not whole', () => {
  test('keeps the intervals that were there', () => {
    const text = recording('tcp-parallel')
    const { report, isComplete } = parsed(text.slice(0, text.indexOf('"end":\t{')))
    expect(isComplete).toBe(false)
    expect(report.intervals?.length).toBeGreaterThan(1)
  })

  test('gives its first part when a byte in the middle is wrong', () => {
    const text = recording('tcp')
    const { report, isComplete } = parsed(text.replace('"intervals"', '?intervals'))
    expect(isComplete).toBe(false)
    expect(report.start?.test?.protocol).toBe('TCP')
    expect(report.intervals).toBeUndefined()
  })

  test('with warnings around it is read all the same', () => {
    const { report, around } = parsed(`warning: {no} time\n\n${recording('udp')}iperf3: exiting\n`)
    expect(around).toEqual(['warning: {no} time', 'iperf3: exiting'])
    expect(report.end?.sum?.packets).toBeGreaterThan(0)
  })

  test('with nan where a number should be lacks that number only', () => {
    const text = recording('udp').replace(/"jitter_ms":\t[^,\n]*/, '"jitter_ms":\t-nan')
    const { report, isComplete } = parsed(text)
    expect(isComplete).toBe(true)
    expect(report.end?.sum?.packets).toBeGreaterThan(0)
  })

  test('a field of another kind is left out and said', () => {
    const { report, warnings } = parsed('{"start": {"version": 3}, "intervals": [{"sum": {"bytes": "many"}}]}')
    expect(report.start).toEqual({})
    expect(warnings).toEqual(['start.version: not a text', 'intervals[0].sum.bytes: not a number'])
  })
})

describe('what is no report says why:', () => {
  test.each([
    ['', 'empty'],
    ['iperf3: parameter error - unrecognized option\n', 'no-json'],
    ['{"name": "x"}', 'not-iperf3'],
    ['[1, 2]', 'no-json'],
    ['{', 'not-iperf3'],
  ])('%j', (text, reason) => {
    expect(parseIperf3(text)).toMatchObject({ ok: false, reason })
  })
})

describe('nothing is thrown', () => {
  const texts = [...RECORDINGS.values()]

  test('wherever the output is cut', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.double({ min: 0, max: 1, noNaN: true }), (text, share) => {
        const cut = text.slice(0, Math.floor(share * text.length))
        const result = parseIperf3(cut)
        expect(typeof result.ok).toBe('boolean')
        if (result.ok && result.report.error === undefined) expect(parseIperf3(text)).toMatchObject({ ok: true })
      }),
    )
  })

  test('whatever is changed in it', () => {
    const change = fc.tuple(fc.nat(), fc.nat(40), fc.string({ unit: 'grapheme', maxLength: 40 }))
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(change, { maxLength: 5 }), (text, changes) => {
        const changed = changes.reduce((whole, [at, length, insert]) => {
          const from = at % (whole.length + 1)
          return whole.slice(0, from) + insert + whole.slice(from + length)
        }, text)
        const result = parseIperf3(changed)
        if (result.ok) expect(parseIperf3(JSON.stringify(encodeReport(result.report)))).toBeDefined()
        else expect(result.message).not.toBe('')
      }),
    )
  })

  test('whatever JSON it is', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 6 }), (json) => void parseIperf3(json)))
    fc.assert(fc.property(fc.string(), (text) => void parseIperf3(`{"intervals":${text}`)))
  })

  test('a text that nests without end, or has brackets only, is read in no time', () => {
    for (const piece of ['{"start":', '[', '{"intervals":[', '"\\', '{', '"x', '\\"']) {
      expect(typeof parseIperf3(`{"start":${piece.repeat(100_000)}`).ok).toBe('boolean')
    }
  })
})
