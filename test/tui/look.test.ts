import { describe, expect, test } from 'vitest'
import type { HostSnapshot, Namespace } from '../../src/model/snapshot.ts'
import { KEYS } from '../../src/tui/keys.ts'
import { counters, HOST, link, namespace, route, sampleSnapshot, snapshotOf } from './sample.ts'
import { openScreen, type Session } from './typing.ts'

const ENTER = '\r'

function withHost(change: (host: Namespace) => Partial<Namespace>, from = sampleSnapshot()): HostSnapshot {
  const namespaces = from.namespaces.map((each) => (each.inode === HOST ? { ...each, ...change(each) } : each))
  return { ...from, namespaces }
}

function refresh(session: Session, snapshot: HostSnapshot, nowMs: number): Session {
  return session.send({ type: 'host', host: { snapshot, status: 'live', events: [] }, nowMs })
}

describe('filter', () => {
  test('keeps rows that match while it is typed, and ! turns it round', () => {
    const session = openScreen(sampleSnapshot()).type(`:links${ENTER}/^veth`)
    expect(session.frame()).not.toMatch(/br-46cf +bridge/)
    session.type(ENTER)
    expect(session.frame()).toMatch(/1\/4 of 7/)
    session.type(`/\x15!veth${ENTER}`)
    expect(session.frame()).toMatch(/1\/3 of 7/)
    expect(session.type('\x1b').frame()).toMatch(/1\/7/)
  })

  test('a bad expression is one line, and the filter before it stays', () => {
    const session = openScreen(sampleSnapshot()).type(`:links${ENTER}/veth${ENTER}/(`)
    expect(session.frame()).toContain('filter: Unterminated group')
    session.type(ENTER)
    expect(session.frame()).toContain('filter: Unterminated group')
    expect(session.state.filters.get('links')).toBe('veth')
  })

  test('a rule that matches keeps its chain and table', () => {
    const frame = openScreen(sampleSnapshot()).type(`:firewall${ENTER}/to-dest${ENTER}`).frame()
    expect(frame).toContain('legacy ip nat')
    expect(frame).toContain('▾ DOCKER')
    expect(frame).not.toContain('legacy ip filter')
  })

  test('nothing that matches says so', () => {
    expect(openScreen(sampleSnapshot()).type(`:links${ENTER}/zzz${ENTER}`).frame()).toContain(
      'None of 7 rows matches /zzz',
    )
  })

  test('works on the namespaces as well', () => {
    const frame = openScreen(sampleSnapshot()).type(`/red${ENTER}`).frame()
    expect(frame).toContain('✖ red')
    expect(frame).not.toContain('● web')
  })
})

describe('sort', () => {
  test('a capital sorts by its column, again the other way, then the next such column, then not at all', () => {
    const session = openScreen(sampleSnapshot()).type(`:links${ENTER}M`)
    expect(session.frame()).toContain('MTU▼')
    expect(session.type('M').frame()).toContain('MTU▲')
    expect(session.type('M').frame()).toContain('MAC▲')
    session.type('MM')
    expect(session.frame()).toContain('MASTER▲')
    expect(session.type('MM').frame()).not.toMatch(/MASTER[▲▼]/)
  })

  test('rows of a tree stay under their branch', () => {
    const frame = openScreen(sampleSnapshot()).type(`:firewall${ENTER}PP`).frame()
    const rows = ['legacy ip filter', 'FORWARD', '-j DOCKER-USER', '-j ACCEPT', 'INPUT', 'legacy ip nat', 'PREROUTING']
    const places = rows.map((row) => frame.indexOf(row))
    expect(places).not.toContain(-1)
    expect(frame.indexOf('-j DOCKER-USER')).toBeGreaterThan(frame.indexOf('FORWARD'))
    expect(frame.indexOf('legacy ip nat')).toBeGreaterThan(-1)
  })

  test('a letter without a column says so', () => {
    expect(openScreen(sampleSnapshot()).type(`:links${ENTER}Z`).frame()).toContain('no column begins with Z')
  })
})

describe('a live host', () => {
  test('the selection stays on its object when rows come and go', () => {
    const session = openScreen(sampleSnapshot()).type(`:links${ENTER}jj`)
    expect(session.frame()).toMatch(/▸ br-46cf/)
    const more = withHost((host) => ({ links: [link(99, 'new0'), ...host.links] }))
    expect(refresh(session, more, 5_000).frame()).toMatch(/▸ br-46cf/)
    const fewer = withHost((host) => ({ links: host.links.slice(1) }))
    expect(refresh(session, fewer, 6_000).frame()).toMatch(/▸ br-46cf/)
    const without = withHost((host) => ({ links: host.links.filter(({ name }) => name !== 'br-46cf') }))
    expect(refresh(session, without, 7_000).frame()).toMatch(/▸[ ~]veth/)
  })

  test('changed values and new rows are marked, and only for a moment', () => {
    const session = openScreen(sampleSnapshot()).type(`:links${ENTER}`)
    const changed = withHost((host) => ({
      links: [...host.links.map((each) => (each.name === 'eth0' ? { ...each, mtu: 1400 } : each)), link(98, 'new0')],
    }))
    refresh(session, changed, 5_000)
    expect(session.frame()).toMatch(/~eth0 +ether +up +1400/)
    expect(session.frame()).toMatch(/\+new0/)
    session.send({ type: 'tick', nowMs: 7_000 })
    expect(session.frame()).not.toMatch(/[~+](eth0|new0)/)
  })

  test('tables that are read for the first time do not flash', () => {
    const session = openScreen(withHost(() => ({ routes: [] }))).type(`:routes${ENTER}`)
    session.send({ type: 'looking', nowMs: 5_000 })
    expect(refresh(session, sampleSnapshot(), 5_500).state.flashes.size).toBe(0)
    const more = withHost((host) => ({ routes: [...host.routes, route('10.0.0.0/8', { link: 2 })] }))
    expect(refresh(session, more, 9_000).state.flashes.size).toBe(1)
  })

  test('ctrl-f freezes the screen and ctrl-f goes on', () => {
    const session = openScreen(sampleSnapshot()).type(`:links${ENTER}\x06`)
    const more = withHost((host) => ({ links: [...host.links, link(99, 'new0')] }))
    expect(refresh(session, more, 5_000).frame()).not.toContain('new0')
    expect(session.frame()).toContain('‖ frozen')
    expect(session.type('\x06').frame()).toContain('new0')
  })

  test('bytes a second come from two readings', () => {
    const session = openScreen(sampleSnapshot())
    const busy = withHost((host) => ({
      links: host.links.map((each) =>
        each.name === 'eth0' ? { ...each, counters: counters({ rxBytes: each.counters.rxBytes + 3_000_000 }) } : each,
      ),
    }))
    expect(refresh(session, busy, 2_000).frame()).toMatch(/● host +1\.5 MB\/s/)
    // the same object later: nothing was counted since
    expect(refresh(session, { ...busy }, 9_000).frame()).not.toContain('MB/s')
  })

  test('packets that a rule counted since the last reading stand beside it', () => {
    const session = openScreen(sampleSnapshot()).type(`:firewall${ENTER}`)
    const counted = withHost((host) => ({
      firewall: host.firewall.map((rule) =>
        rule.text.includes('-j ACCEPT') ? { ...rule, packets: rule.packets + 7 } : rule,
      ),
    }))
    expect(refresh(session, counted, 2_000).line('-j ACCEPT')).toMatch(/27 +\+7/)
  })

  test('drops that rise make a namespace worth a look, and the line below says why', () => {
    const session = openScreen(sampleSnapshot())
    const dropping = withHost((host) => ({
      links: host.links.map((each) =>
        each.name === 'eth0' ? { ...each, counters: counters({ ...each.counters, rxDropped: 5 }) } : each,
      ),
    }))
    expect(refresh(session, dropping, 2_000).frame()).toContain('▲ 5 packets dropped or faulty since the last reading')
  })

  test('events are listed newest first', () => {
    const at = (second: number) => `2026-01-02T03:04:0${second}.000Z`
    const event = (second: number, text: string) =>
      ({ at: at(second), namespace: { inode: HOST, name: 'host' }, kind: 'link', action: 'new', text }) as const
    const session = openScreen(sampleSnapshot()).type(`:events${ENTER}`)
    const events = [event(1, 'first'), event(2, 'second')]
    session.send({ type: 'host', host: { snapshot: sampleSnapshot(), status: 'live', events }, nowMs: 1 })
    const frame = session.frame()
    expect(frame.indexOf('second')).toBeLessThan(frame.indexOf('first'))
    expect(frame).toContain('03:04:02.000')
  })

  test('connections are asked for, and what went wrong is said', () => {
    const session = openScreen(sampleSnapshot()).type(`:conntrack${ENTER}`)
    expect(session.frame()).toContain('Reading the connections…')
    session.send({
      type: 'connections',
      connections: { namespace: HOST, entries: [], error: 'conntrack: needs CAP_NET_ADMIN' },
    })
    expect(session.frame()).toContain('conntrack: needs CAP_NET_ADMIN')
  })
})

describe('what a row is', () => {
  test('d explains its fields, with the source', () => {
    const frame = openScreen(sampleSnapshot()).type(`:links${ENTER}jd`).frame()
    expect(frame).toMatch(/mtu +1500\n +Largest packet in bytes\./)
    expect(frame).toContain('[ip-link(8)]')
  })

  test('y shows its JSON, of marked rows all of them', () => {
    const session = openScreen(sampleSnapshot()).type(`:links${ENTER}y`)
    expect(session.frame()).toContain('"name": "lo"')
    session.type('\x1b j y')
    expect(session.frame()).toContain('json · 2 marked rows')
  })

  test('ctrl-w shows more columns', () => {
    const session = openScreen(sampleSnapshot(), { columns: 200, rows: 40 }).type(`:links${ENTER}`)
    expect(session.frame()).not.toContain('INDEX')
    expect(session.type('\x17').frame()).toContain('INDEX')
  })
})

test('the help lists every key of the table', () => {
  const session = openScreen(sampleSnapshot(), { columns: 120, rows: 100 }).type('?')
  const frame = session.frame()
  for (const { label, help } of KEYS) {
    expect(frame).toContain(label)
    expect(frame).toContain(help.slice(0, 40))
  }
})

test('no key has two meanings', () => {
  const keys = KEYS.flatMap((binding) => binding.keys)
  expect(new Set(keys).size).toBe(keys.length)
})

test('10,000 rows are a window of which only the visible part is made', () => {
  const links = Array.from({ length: 10_000 }, (_, index) => link(index + 1, `veth${index}`))
  const session = openScreen(snapshotOf([namespace(HOST, 'host', { links, owner: { kind: 'host', name: 'host' } })]))
  session.type(`:links${ENTER}G`)
  expect(session.frame()).toContain('10000/10000')
  expect(session.frame()).toMatch(/▸ veth9999/)
})
