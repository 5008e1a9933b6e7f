import { describe, expect, test } from 'vitest'
import { targetOf } from '../../src/tui/selection.ts'
import { HOST, sampleSnapshot, snapshotOf } from './sample.ts'
import { openScreen, type Session, USUAL } from './typing.ts'

const DOWN = '\x1b[B'
const ENTER = '\r'
const ESC = '\x1b'

function selected({ state }: Session): string {
  const label = targetOf(state).label
  return `${state.place.view} ${state.place.scope} ${label}`
}

function atRow(session: Session, text: string): Session {
  return session.type(`/${text}${ENTER}`)
}

describe('enter goes one step nearer', () => {
  test('from a namespace to its view, and esc back', () => {
    const session = openScreen(sampleSnapshot()).type(ENTER)
    expect(session.state.place).toMatchObject({ scope: HOST, pane: 'view' })
    expect(session.type(ESC).state.place).toMatchObject({ scope: HOST, pane: 'namespaces' })
  })

  test('from a veth end to its peer, and from there back to it', () => {
    const session = atRow(openScreen(sampleSnapshot()).type(`:links web${ENTER}`), 'veth')
    expect(session.frame()).toContain('enter: to host:veth26cc (the other end)')
    session.type(ENTER)
    expect(session.state.place).toMatchObject({ scope: HOST, view: 'links' })
    expect(session.frame()).toMatch(/▸ veth26cc/)
    session.type(ENTER)
    expect(session.state.place.scope).toBe(HOST + 2)
    expect(session.frame()).toMatch(/▸ eth0/)
  })

  test('from a bridge port to the namespace behind it', () => {
    const session = openScreen(sampleSnapshot()).type(`:bridges${ENTER}${DOWN}`)
    expect(session.frame()).toContain('enter: to db:eth0 (behind this port)')
    expect(session.type(ENTER).state.place).toMatchObject({ scope: HOST + 1, view: 'links' })
  })

  test('from an FDB entry to the container that has the MAC', () => {
    const session = openScreen(sampleSnapshot()).type(`:fdb${ENTER}${DOWN}`)
    expect(session.frame()).toContain('enter: to web:eth0 (has 02:42:ac:13:00:03)')
    expect(session.type(ENTER).state.place.scope).toBe(HOST + 2)
  })

  test('from a DNAT rule to the container that has the address', () => {
    const session = openScreen(sampleSnapshot()).type(`:firewall${ENTER}G`)
    expect(session.frame()).toContain('enter: to web:eth0 (has 172.19.0.3)')
    expect(session.type(ENTER).state.place.scope).toBe(HOST + 2)
  })

  test('from a jump to its chain', () => {
    const session = openScreen(sampleSnapshot()).type(`:firewall${ENTER}${DOWN.repeat(3)}`)
    expect(session.frame()).toContain('enter: to chain DOCKER-USER')
    expect(session.type(ENTER).frame()).toMatch(/▸ +▾ DOCKER-USER/)
  })

  test('from a box of the drawing to its namespace', () => {
    const session = openScreen(sampleSnapshot()).type(`9l${DOWN}`)
    expect(session.frame()).toMatch(/┌─▸db ─/)
    expect(session.type(ENTER).state.place).toMatchObject({ scope: HOST + 1, view: 'summary' })
  })

  test('a chain folds and unfolds', () => {
    const session = openScreen(sampleSnapshot()).type(`:firewall${ENTER}`)
    expect(session.type(ENTER).frame()).not.toContain('DOCKER-USER')
    expect(session.type(ENTER).frame()).toContain('DOCKER-USER')
  })

  test('a group of namespaces folds, and holds all of them', () => {
    const session = openScreen(sampleSnapshot()).type(DOWN)
    expect(session.frame()).toContain('docker · pets · 3 namespaces')
    expect(session.type(ENTER).frame()).not.toMatch(/● cache/)
  })

  test('a row without anything behind it is described', () => {
    const session = openScreen(sampleSnapshot()).type(`:sysctl${ENTER}`)
    expect(session.frame()).toContain('enter: describe this row')
    expect(session.type(ENTER).frame()).toContain('describe · sysctl')
  })
})

describe('history', () => {
  test('[ and ] walk through the places, with their rows', () => {
    const session = openScreen(sampleSnapshot()).type(`:fdb${ENTER}${DOWN}`)
    session.type(ENTER)
    const there = selected(session)
    expect(session.type('[').state.place).toMatchObject({ view: 'fdb', scope: HOST })
    expect(session.frame()).toMatch(/▸ veth26cc/)
    expect(selected(session.type(']'))).toBe(there)
  })

  test('at either end a key says so', () => {
    expect(openScreen(sampleSnapshot()).type('[').frame()).toContain('no place before this one')
    expect(openScreen(sampleSnapshot()).type(']').frame()).toContain('no place after this one')
    expect(openScreen(sampleSnapshot()).type(ESC).frame()).toContain('this is the top: q quits')
  })
})

describe('keys', () => {
  test('digits, tab and shift-tab change the view', () => {
    const session = openScreen(sampleSnapshot()).type('3')
    expect(session.state.place.view).toBe('bridges')
    expect(session.type('\t').state.place.view).toBe('veth')
    expect(session.type('\x1b[Z').state.place.view).toBe('bridges')
  })

  test('the wheel scrolls, the selection stays on the screen', () => {
    const session = openScreen(sampleSnapshot(), { columns: 120, rows: 10 }).type(ENTER)
    session.type('\x1b[<65;10;5M')
    expect(session.frame()).not.toMatch(/│.lo /)
    expect(session.frame()).toMatch(/▸/)
    session.type('\x1b[<64;10;5M')
    expect(session.frame()).toMatch(/lo +127/)
  })

  test('a key that is none says how to find the others', () => {
    expect(openScreen(sampleSnapshot()).type('e').frame()).toContain('no command on e — ? lists the keys')
  })

  test('a shell is for one namespace of a live host', () => {
    const session = openScreen(sampleSnapshot()).type('s')
    expect(session.effects).toEqual([{ type: 'shell', namespace: HOST }])
    expect(session.type('0s').frame()).toContain('select one namespace for a shell')
  })

  test('quit, suspend, redraw and save are left to the world', () => {
    const session = openScreen(sampleSnapshot()).type('q\x03\x18\x0c\x13')
    expect(session.effects.map(({ type }) => type)).toEqual(['quit', 'quit', 'suspend', 'redraw', 'save'])
  })

  test('a saved view has every row as text', () => {
    const session = openScreen(sampleSnapshot()).type(`:fdb${ENTER}\x13`)
    const [effect] = session.effects
    expect(effect?.type === 'save' ? effect.name : '').toBe('fdb-host')
    expect(effect?.type === 'save' ? effect.text.split('\n').length : 0).toBe(5)
  })
})

describe('commands', () => {
  test('tab completes what is unique and goes round what is not', () => {
    const session = openScreen(sampleSnapshot()).type(':top\t')
    expect(session.state.prompt?.text).toBe('topology')
    session.type('\x15fi\t')
    expect(session.state.prompt?.text).toBe('firewall')
    session.type('\x15ip\t')
    expect(session.state.prompt).toMatchObject({ candidates: ['iperf', 'ipset', 'ipvs'], text: 'iperf' })
    expect(session.type('\t').state.prompt?.text).toBe('ipset')
  })

  test('namespaces are commands, and follow a view', () => {
    expect(openScreen(sampleSnapshot()).type(`:web${ENTER}`).state.place.scope).toBe(HOST + 2)
    expect(openScreen(sampleSnapshot()).type(`:routes red${ENTER}`).state.place).toMatchObject({
      view: 'routes',
      scope: HOST + 20,
    })
  })

  test('a word that is none names the nearest', () => {
    expect(openScreen(sampleSnapshot()).type(`:ruotes${ENTER}`).frame()).toContain(
      'unknown: ruotes (did you mean routes',
    )
  })

  test('sort takes a column by name', () => {
    const session = openScreen(sampleSnapshot()).type(`:links${ENTER}:sort mtu${ENTER}`)
    expect(session.frame()).toContain('MTU▼')
    expect(session.type(`:sort${ENTER}`).frame()).not.toContain('MTU▼')
  })

  test('esc leaves the line as if nothing had been typed', () => {
    const session = openScreen(sampleSnapshot()).type(`:links${ESC}`)
    expect(session.state.prompt).toBeUndefined()
    expect(session.state.place.view).toBe('summary')
  })
})

describe('one pane', () => {
  test('where one pane has room, the number of a view leads from the list of namespaces into it', () => {
    const session = openScreen(sampleSnapshot(), USUAL).type('8')
    expect(session.state.place).toMatchObject({ view: 'firewall', pane: 'view' })
    expect(openScreen(sampleSnapshot()).type('8').state.place).toMatchObject({ view: 'firewall', pane: 'namespaces' })
  })

  test('the breadcrumb is left by esc and entered by enter', () => {
    const session = openScreen(sampleSnapshot(), USUAL).type(`j${ENTER}`)
    expect(session.frame()).toMatch(/▹ docker/)
    session.type(`${ENTER}j${ENTER}`)
    expect(session.frame()).toMatch(/namespaces ▸ cache/)
    expect(session.type(ESC).frame()).toMatch(/▸ {2}● cache/)
  })
})

test('a namespace that is gone says so, and the keys go on from where it was', () => {
  const session = openScreen(sampleSnapshot()).type(`:red${ENTER}${ENTER}`)
  const { namespaces } = sampleSnapshot()
  const snapshot = snapshotOf(namespaces.filter(({ inode }) => inode !== HOST + 20))
  session.send({ type: 'host', host: { snapshot, status: 'live', events: [] }, nowMs: 5_000 })
  expect(session.frame()).toContain('This namespace is no longer there.')
  session.type(`${ESC}${ESC}k`)
  expect(session.state.place.scope).not.toBe(HOST + 20)
})
