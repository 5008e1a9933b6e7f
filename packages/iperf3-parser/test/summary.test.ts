import { describe, expect, test } from 'vitest'
import { parseIperf3, type Summary, summarise } from '../src/index.ts'
import { recording } from './recordings.ts'

function summaryOf(text: string): Summary {
  const result = parseIperf3(text)
  if (!result.ok) throw new Error(result.message)
  return summarise(result.report)
}

describe('the summary', () => {
  test('of TCP has rate, retransmits, RTT and CPU', () => {
    const { forward, backward, clientCpuPercent, serverCpuPercent, congestionControl } = summaryOf(recording('tcp'))
    expect(forward?.bitsPerSecond).toBeGreaterThan(1e8)
    expect(forward?.retransmits).toBeGreaterThanOrEqual(0)
    expect(forward?.meanRttMicroseconds).toBeGreaterThan(0)
    expect(forward?.lostPackets).toBeUndefined()
    expect(backward).toBeUndefined()
    expect([clientCpuPercent, serverCpuPercent].every((percent) => Number(percent) > 0)).toBe(true)
    expect(congestionControl).toMatch(/^\w+$/)
  })

  test('of UDP has loss and jitter', () => {
    const { forward } = summaryOf(recording('udp'))
    expect(forward?.packets).toBeGreaterThan(0)
    expect(forward?.lostPercent).toBe(0)
    expect(forward?.jitterMilliseconds).toBeGreaterThanOrEqual(0)
    expect(forward?.retransmits).toBeUndefined()
  })

  test.each(['tcp-bidir', 'udp-bidir', '3.9/tcp-bidir', '3.9/udp-bidir', '3.22/stream-tcp-bidir', '3.18/sctp-bidir'])(
    'of %s has both directions',
    (name) => {
      const { forward, backward } = summaryOf(recording(name))
      expect(forward?.bitsPerSecond).toBeGreaterThan(1e5)
      expect(backward?.bitsPerSecond).toBeGreaterThan(1e5)
    },
  )

  test('of a reverse test says so', () => {
    const reverse = summaryOf(recording('tcp-reverse'))
    expect(reverse.isReverse).toBe(true)
    expect(reverse.forward?.meanRttMicroseconds).toBeUndefined()
    expect(summaryOf(recording('tcp')).isReverse).toBe(false)
  })

  test('of output that was cut off adds the intervals up', () => {
    const text = recording('tcp')
    const cut = summaryOf(text.slice(0, text.indexOf('"end":\t{')))
    const whole = summaryOf(text)
    expect(cut.forward?.bytes).toBeGreaterThan(0)
    expect(Math.abs(1 - (cut.forward?.bitsPerSecond ?? 0) / (whole.forward?.bitsPerSecond ?? 1))).toBeLessThan(0.5)
  })

  test('of a run that was interrupted has what was sent until then', () => {
    expect(summaryOf(recording('error-interrupted')).forward?.bitsPerSecond).toBeGreaterThan(1e8)
  })

  test.each(['3.9', '3.12', '3.18', '3.22'])('of a server of %s has what it sent or received itself', (version) => {
    for (const protocol of ['tcp', 'udp', 'sctp']) {
      const { forward } = summaryOf(recording(`${version}/server-${protocol}`))
      expect(forward?.bitsPerSecond, protocol).toBeGreaterThan(1e5)
    }
  })

  test.each(['3.9', '3.12', '3.18', '3.22'])('of SCTP by %s has a rate and nothing that is TCP’s', (version) => {
    const { forward } = summaryOf(recording(`${version}/sctp`))
    expect(Object.keys(forward ?? {})).toEqual(['bitsPerSecond', 'bytes', 'seconds'])
    expect(forward?.bitsPerSecond).toBeGreaterThan(1e6)
  })

  test('of a run that failed has no direction', () => {
    expect(summaryOf(recording('error-refused')).forward).toBeUndefined()
  })
})
