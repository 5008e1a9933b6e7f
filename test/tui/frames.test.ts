import { describe, expect, test } from 'vitest'
import { displayWidth } from '../../src/tui/text.ts'
import { VIEWS } from '../../src/tui/views/views.ts'
import { sampleSnapshot, snapshotOf } from './sample.ts'
import { NARROW, openScreen, USUAL, WIDE } from './typing.ts'

const SIZES = [
  { name: '80×24', size: USUAL },
  { name: '120×40', size: WIDE },
  { name: '40 columns', size: NARROW },
  { name: '30×8', size: { columns: 30, rows: 8 } },
]

describe.each(SIZES)('at $name', ({ size }) => {
  test.each(VIEWS.map(({ id }) => id))('the view %s fills the screen and no more', (view) => {
    const session = openScreen(sampleSnapshot(), size).type(`:${view}\r`)
    const lines = session.frame().split('\n')
    expect(lines.length).toBeLessThanOrEqual(size.rows - 1)
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(size.columns)
    expect(session.state.place.view).toBe(view)
  })

  test.each(['?', 'd', 'y'])('what %s shows fills the screen and no more', (key) => {
    const lines = openScreen(sampleSnapshot(), size).type(`\r${key}`).frame().split('\n')
    expect(lines.length).toBeLessThanOrEqual(size.rows - 1)
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(size.columns)
  })
})

test('the first screen names every namespace under its owner, with its health and address', () => {
  const frame = openScreen(sampleSnapshot()).frame()
  expect(frame).toContain('5 namespaces · 1 bridge · 3 containers')
  expect(frame).toMatch(/▸● host/)
  expect(frame).toMatch(/▾ docker · pets *│/)
  expect(frame).toMatch(/ {3}● web +172\.19\.0\.3 │/)
  expect(frame).toMatch(/▾ ip netns *│/)
  expect(frame).toMatch(/ {3}✖ red +10\.9\.0\.2 │/)
})

test('80 columns show one pane at a time, and a breadcrumb', () => {
  const session = openScreen(sampleSnapshot(), USUAL)
  expect(session.frame()).toMatch(/^─ namespaces ─/m)
  session.type('\r')
  expect(session.frame()).toMatch(/^─ namespaces ▸ host .* ▸ summary ─/m)
})

test('a screen that is too small says what it needs', () => {
  expect(openScreen(sampleSnapshot(), { columns: 20, rows: 5 }).frame()).toContain('needs 30×8')
})

test('the drawing connects each container to its port of the bridge', () => {
  const frame = openScreen(sampleSnapshot()).type('9').frame()
  expect(frame).toMatch(/│ ├ veth22fb +├─+┤ eth0 172\.19\.0\.2\/16 │/)
  expect(frame).toMatch(/┌─ db ─+┐/)
  expect(frame).toMatch(/┌─ red ─+┐/)
})

test('names that would move the cursor or turn the text round are shown harmlessly', () => {
  const [host, ...rest] = sampleSnapshot().namespaces
  const evil = `a\x1b[2J\u202eb${'x'.repeat(10_000)}\xff`
  const namespaces = rest.map((each) => ({
    ...each,
    owner: { ...each.owner, name: evil },
    links: each.links.map((link) => ({ ...link, alias: evil, name: evil })),
  }))
  const snapshot = snapshotOf(host === undefined ? namespaces : [host, ...namespaces], { hostname: evil })
  for (const view of VIEWS) {
    const session = openScreen(snapshot).type(`0\r:${view.id}\r`)
    for (const key of ['', 'd', '\x1by', '\x1b']) {
      const frame = session.type(key).frame()
      expect(frame.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      for (const line of frame.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(120)
    }
  }
}, 60_000)
