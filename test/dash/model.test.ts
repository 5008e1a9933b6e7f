import { describe, expect, test } from 'vitest'
import { addSample, EMPTY_HISTORY, type History } from '../../src/dash/model/history.ts'
import { layoutOf } from '../../src/dash/model/layout.ts'
import { panelText } from '../../src/dash/model/panels.ts'
import { lossRows, rateRows, seriesOf, stepsOf, talkerRows } from '../../src/dash/model/rows.ts'
import { FIRST_STATE, PANELS, pressKey } from '../../src/dash/model/state.ts'
import { parseRecording } from '../../src/dash/recorded-source.ts'
import { isSample, type NamespaceCounters, type Sample, talkersOf } from '../../src/model/sample.ts'

const START_MS = Date.parse('2026-01-01T00:00:00.000Z')

function sampleAt(second: number, counters: readonly NamespaceCounters[]): Sample {
  return { at: new Date(START_MS + second * 1000).toISOString(), counters }
}

interface Counted {
  readonly rx?: number
  readonly tx?: number
  readonly losses?: number
  readonly retransmitted?: number
  readonly talked?: number
}

function namespace(
  name: string,
  { rx = 0, tx = 0, losses = 0, retransmitted = 0, talked }: Counted,
): NamespaceCounters {
  return {
    inode: name.length,
    name,
    owner: 'docker',
    links: [
      { index: 1, name: 'lo', kind: 'loopback', rxBytes: rx * 9, txBytes: 0, losses: 0 },
      { index: 2, name: 'eth0', kind: 'veth', rxBytes: rx, txBytes: tx, losses },
      { index: 3, name: 'br0', kind: 'bridge', rxBytes: rx, txBytes: tx, losses: 0 },
    ],
    tcp: { sent: 0, retransmitted },
    ipvs: [],
    talkers: [{ text: 'a → b:80 tcp', connections: 3, ...(talked === undefined ? {} : { bytes: talked }) }],
  }
}

function historyOf(...samples: readonly Sample[]): History {
  return samples.reduce((history, sample) => addSample(history, sample), EMPTY_HISTORY)
}

describe('rates', () => {
  const history = historyOf(
    sampleAt(0, [namespace('web', {}), namespace('cache', {})]),
    sampleAt(2, [namespace('web', { rx: 1000, tx: 200, losses: 4 }), namespace('cache', { rx: 20, tx: 3000 })]),
  )

  test('are differences by the time between two samples; loopback and bridges do not count in a namespace', () => {
    expect(rateRows(history, 'namespaces', 'rate')).toEqual([
      { key: '5', name: 'cache', rx: 10, tx: 1500, losses: 0 },
      { key: '3', name: 'web', rx: 500, tx: 100, losses: 2 },
    ])
    expect(rateRows(history, 'bridges', 'rx').map(({ name, rx }) => [name, rx])).toEqual([
      ['web br0', 500],
      ['cache br0', 10],
    ])
    expect(rateRows(history, 'interfaces', 'name').map(({ name }) => name)).toEqual([
      'cache br0',
      'cache eth0',
      'web br0',
      'web eth0',
    ])
  })

  test('are never negative, and a sample that is not later says nothing', () => {
    const reset = addSample(history, sampleAt(3, [namespace('web', { rx: 5 })]))
    expect(rateRows(reset, 'namespaces', 'rate')[0]).toMatchObject({ rx: 0, tx: 0, losses: 0 })
    expect(addSample(history, sampleAt(2, []))).toBe(history)
    expect(addSample(history, sampleAt(1, []))).toBe(history)
  })

  test('of what has just appeared are nothing', () => {
    const more = addSample(history, sampleAt(3, [namespace('newcomer', { rx: 1_000_000 })]))
    expect(rateRows(more, 'namespaces', 'rate')).toMatchObject([{ name: 'newcomer', rx: 0 }])
  })
})

describe('a chart', () => {
  const busy = (second: number, rx: number) => sampleAt(second, [namespace('web', { rx }), namespace('cache', {})])

  test('has as many values as asked for, the newest last, and the busiest first', () => {
    const history = historyOf(busy(0, 0), busy(1, 100), busy(2, 300), busy(3, 600))
    const [web, cache] = seriesOf(history, 'namespaces', { rangeS: 3, width: 3, most: 4 })
    expect(web).toEqual({ name: 'web', values: [100, 200, 300] })
    expect(cache).toEqual({ name: 'cache', values: [0, 0, 0] })
    expect(seriesOf(history, 'namespaces', { rangeS: 3, width: 3, most: 1 })).toHaveLength(1)
  })

  test('of a range longer than the recording begins with nothing', () => {
    const history = historyOf(busy(0, 0), busy(1, 100))
    expect(seriesOf(history, 'namespaces', { rangeS: 60, width: 60, most: 1 })[0]?.values.slice(-2)).toEqual([0, 100])
  })

  test('has the mean of what falls into a step, and repeats what lies between two samples', () => {
    const history = historyOf(busy(0, 0), busy(1, 100), busy(2, 300), busy(6, 300))
    const steps = stepsOf(history.moments, { rangeS: 6, width: 3, most: 1 })
    expect(steps.map((step) => step.length)).toEqual([2, 2, 1])
    expect(seriesOf(history, 'namespaces', { rangeS: 6, width: 3, most: 1 })[0]?.values).toEqual([150, 150, 0])
  })
})

test('losses and retransmits of the range come first by what is lost now', () => {
  const history = historyOf(
    sampleAt(0, [namespace('web', {}), namespace('cache', {})]),
    sampleAt(1, [namespace('web', { losses: 10 }), namespace('cache', { retransmitted: 1 })]),
    sampleAt(2, [namespace('web', { losses: 10 }), namespace('cache', { retransmitted: 3 })]),
  )
  expect(lossRows(history, 60)).toEqual([
    { name: 'cache', kind: 'retransmits', now: 2, inRange: 3 },
    { name: 'web eth0', kind: 'drops', now: 0, inRange: 10 },
  ])
  expect(lossRows(history, 1)).toHaveLength(1)
})

test('who talks is told once, with the bytes a second where they are counted', () => {
  const both = (talked?: number) => [
    namespace('web', talked === undefined ? {} : { talked }),
    namespace('cache', talked === undefined ? {} : { talked }),
  ]
  const [counted] = talkerRows(historyOf(sampleAt(0, both(0)), sampleAt(1, both(500))))
  expect(counted).toEqual({ text: 'a → b:80 tcp', namespaces: ['web', 'cache'], connections: 3, rate: 500 })
  const [uncounted] = talkerRows(historyOf(sampleAt(0, both()), sampleAt(1, both())))
  expect(uncounted).toEqual({ text: 'a → b:80 tcp', namespaces: ['web', 'cache'], connections: 3 })
})

test('connections with the same ends are one talker, and a few stand for many', () => {
  const flow = (source: string, bytes: number) => ({
    protocol: 'tcp',
    original: { source, destination: 'fd00::2', destinationPort: 80 },
    bytes: [bytes, 1] as const,
  })
  expect(talkersOf([flow('fd00::1', 5), flow('fd00::3', 50), flow('fd00::1', 6)])).toEqual([
    { text: 'fd00::3 → [fd00::2]:80 tcp', connections: 1, bytes: 51 },
    { text: 'fd00::1 → [fd00::2]:80 tcp', connections: 2, bytes: 13 },
  ])
  expect(talkersOf(Array.from({ length: 500 }, (_, at) => flow(String(at), at)))).toHaveLength(50)
})

describe('keys', () => {
  const press = (...keys: string[]) => keys.reduce((state, key) => pressKey(state, key) ?? state, FIRST_STATE)

  test('go round the panels, scopes and orders, and stop at the ends of the ranges', () => {
    expect(press('S-tab').focus).toBe('events')
    expect(press('tab', 'tab', 'tab', 'tab', 'tab').focus).toBe('rates')
    expect(press('v', 'v').scope).toBe('interfaces')
    expect(press('s').sort).toBe('rx')
    expect(press('-', '-', '-').rangeS).toBe(30)
    expect(press('+', '+', '+', '+', '+', '+').rangeS).toBe(3600)
    expect(press('down', 'down', 'up').scroll.rates).toBe(1)
    expect(press('up').scroll.rates).toBe(0)
    expect(press('home').scroll.rates).toBe(0)
    expect(press('q').isEnded).toBe(true)
    expect(pressKey(FIRST_STATE, 'x')).toBeUndefined()
  })
})

describe('panels', () => {
  const hostile = {
    ...namespace('{red-fg}{bold}', { rx: 1 }),
    name: '{red-fg}evil\x1b[31m\u202e{/}',
    conntrack: { count: 50, max: 100, lost: 2 },
    ipvs: [{ service: 'tcp \x1b]0;x\x07:80', destinations: [{ name: '10.0.0.2:80', active: 3, inactive: 1 }] }],
  }
  const history = historyOf(sampleAt(0, [hostile]), sampleAt(1, [hostile]))
  const event = {
    at: '2026-01-01T00:00:00.000Z',
    namespace: { inode: 1, name: 'e\x1b[2Jvil' },
    kind: 'link',
    action: 'new',
    text: 'eth0\u202e',
  } as const

  test.each(PANELS)('%s: lines are as wide as the panel, and hold no escape sequence', (panel) => {
    for (const width of [20, 38, 78, 120]) {
      const { heading, lines, label } = panelText(panel, { history, events: [event] }, { state: FIRST_STATE, width })
      for (const text of [label, heading, ...lines]) expect(text).not.toMatch(/[\p{C}\u202e]/u)
      for (const line of lines) expect([...line]).toHaveLength(width)
    }
  })

  test('show how full connection tracking is and how a service is shared out', () => {
    const { lines } = panelText('tables', { history, events: [] }, { state: FIRST_STATE, width: 60 })
    expect(lines[0]).toMatch(/█████░░░░░ +50\/100 +lost 2$/)
    expect(lines.at(-1)).toMatch(/^ {2}10\.0\.0\.2:80 +█{10} +3\+1/)
  })

  test.each([
    [80, 24],
    [160, 50],
    [40, 12],
  ])('fill %i×%i but for the last line, without overlapping', (columns, lines) => {
    const areas = Object.values(layoutOf(columns, lines))
    expect(areas.reduce((sum, { width, height }) => sum + width * height, 0)).toBe(columns * (lines - 1))
    for (const { left, top, width, height } of areas) {
      expect(left + width).toBeLessThanOrEqual(columns)
      expect(top + height).toBeLessThanOrEqual(lines - 1)
      expect(height).toBeGreaterThanOrEqual(3)
    }
  })
})

describe('a recording', () => {
  const sample = sampleAt(0, [namespace('web', {})])
  const event = JSON.stringify({
    at: sample.at,
    namespace: { inode: 1, name: 'web' },
    kind: 'link',
    action: 'new',
    text: 'x',
  })

  test('is events and samples in their order; a last line that was cut off is left out', () => {
    const records = parseRecording('host.ndjson', `${event}\n${JSON.stringify(sample)}\n{"at":"20`)
    expect(records.map((record) => ('sample' in record ? 'sample' : 'event'))).toEqual(['event', 'sample'])
  })

  test('that holds something else is refused with the line', () => {
    expect(() => parseRecording('x', `${JSON.stringify(sample)}\n{"a":1}\n`)).toThrow(/x: line 2 is neither/)
    expect(() => parseRecording('x', `${event}\n`)).toThrow(/no counters/)
    expect(() => parseRecording('x', '')).toThrow(/no counters/)
  })

  test.each([
    ['no counters', { at: sample.at }],
    ['a number as a name', { at: sample.at, counters: [{ ...sample.counters[0], name: 7 }] }],
    ['a link without bytes', { at: sample.at, counters: [{ ...sample.counters[0], links: [{ index: 1 }] }] }],
    ['no time', { ...sample, at: 'yesterday' }],
    ['null', null],
  ])('knows what is no sample: %s', (_, value) => {
    expect(isSample(value)).toBe(false)
    expect(isSample(sample)).toBe(true)
  })
})
