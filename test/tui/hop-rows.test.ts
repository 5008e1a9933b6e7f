import { describe, expect, test } from 'vitest'
import { examine } from '../../src/checks/doctor/examine.ts'
import { predictWithFixes } from '../../src/flow/fix/suggest.ts'
import { World } from '../../src/flow/world.ts'
import type { Journey } from '../../src/model/journey.ts'
import type { ConntrackEntry, HostSnapshot, Namespace, Socket } from '../../src/model/snapshot.ts'
import { QUIET_MS } from '../../src/tui/state.ts'
import { HOST, route, sampleSnapshot } from './sample.ts'
import { openScreen, type Session } from './typing.ts'

const ENTER = '\r'
const ESC = '\x1b'
const [DB, WEB] = [HOST + 1, HOST + 2]
const VIP = '172.19.0.1'

const RULES = [
  { family: 4, priority: 0, action: 'lookup', table: 255 },
  { family: 4, priority: 32_766, action: 'lookup', table: 254 },
] as const

function localRoute({ address: text, link }: Namespace['addresses'][number]) {
  const [own = ''] = text.split('/')
  return route(`${own}/32`, { table: 255, type: 'local', link, scope: 'host', source: own })
}

type Change = Readonly<Record<number, (own: Namespace) => Partial<Namespace>>>

/** The sample with what a prediction needs besides, nothing that stops a packet, and what a test adds. */
function hostWith(change: Change = {}): HostSnapshot {
  const from = sampleSnapshot()
  const namespaces = from.namespaces
    .map((each) => ({
      ...each,
      rules: RULES,
      routes: [...each.routes, ...each.addresses.map(localRoute)],
      chains: each.chains.map((chain) => (chain.chain === 'FORWARD' ? { ...chain, policy: 'ACCEPT' } : chain)),
    }))
    .map((each) => ({ ...each, ...change[each.inode]?.(each) }))
  return { ...from, namespaces }
}

interface Asked {
  readonly destination?: string
  readonly port?: number
  readonly connections?: readonly ConntrackEntry[]
  /** What is on the screen, where less was read than the prediction knows. */
  readonly shown?: HostSnapshot
}

/** The view of the path from web, as the other process predicts it from the same facts. */
function pathIn(snapshot: HostSnapshot, { destination = '172.19.0.2', port = 5001, connections, shown }: Asked = {}) {
  const journey: Journey = predictWithFixes(
    new World({
      snapshots: [snapshot],
      ...(connections === undefined ? {} : { connections: [new Map([[HOST, connections]])] }),
    }),
    {
      source: { namespace: WEB, name: 'web' },
      destination,
      protocol: 'tcp',
      destinationPort: port,
      sourcePort: 40_000,
    },
  )
  const session = openScreen(shown ?? snapshot).type(`:path web ${destination}:${port}${ENTER}`)
  const key = `${['inode:4026531842', `${destination}:${port}`].join(' ')} #1`
  return session.send({ type: 'answer', kind: 'path', key, outcome: { value: journey } })
}

function strip(frame: string): string {
  return frame
    .split('\n')
    .map((line) => line.slice(line.indexOf('│') + 1))
    .join('\n')
}

/** Goes down to the line, and presses enter on it. */
function open(session: Session, line: RegExp): Session {
  const selected = () => strip(session.frame()).match(/^▸.*$/m)?.[0] ?? ''
  for (let steps = 0; !line.test(selected()); steps++) {
    if (steps > 200) throw new Error(`no line ${line}:\n${session.frame()}`)
    session.type('j')
  }
  return session.type(ENTER)
}

function selectedLine(session: Session): string {
  return strip(session.frame()).match(/^▸.*$/m)?.[0] ?? ''
}

function sockets(many: number): readonly Socket[] {
  return Array.from({ length: many }, (_, at) => ({
    protocol: 'tcp',
    family: 4,
    state: 'LISTEN',
    local: '0.0.0.0',
    localPort: 5001 + at - Math.floor(many / 2),
    inode: 9_000 + at,
    receiveQueue: 0,
    sendQueue: 128,
  }))
}

const MANY = { [DB]: () => ({ sockets: sockets(60) }) }

function arrives(session: Session, snapshot: HostSnapshot, nowMs: number): Session {
  return session.send({ type: 'host', host: { snapshot, status: 'live', events: [] }, nowMs })
}

describe('enter on a hop', () => {
  test('selects the very socket, in the namespace of the hop, which is not the one looked at', () => {
    const session = pathIn(hostWith(MANY))
    expect(session.state.place.scope).toBe(HOST)
    open(session, /db +socket/)
    expect(session.state.place).toMatchObject({ view: 'sockets', scope: DB })
    expect(selectedLine(session)).toMatch(/tcp +LISTEN +0\.0\.0\.0:5001 /)
    expect(selectedLine(session.type(ESC))).toMatch(/db +socket/)
  })

  test('selects it in a view that is sorted, and puts away what hides it: a filter, faults only', () => {
    const session = pathIn(hostWith(MANY)).type(`:sockets${ENTER}/5003${ENTER}L`).type(`\x1a:path${ENTER}`)
    open(session, /db +socket/)
    expect(selectedLine(session)).toMatch(/0\.0\.0\.0:5001 /)
    expect(session.state).toMatchObject({ faultsOnly: false, sorts: expect.any(Map) })
    expect(session.state.filters.has('sockets')).toBe(false)
    expect(session.state.sorts.get('sockets')).toMatchObject({ column: 'LOCAL' })
  })

  test('leaves a filter alone that shows the row', () => {
    const session = pathIn(hostWith(MANY)).type(`:sockets${ENTER}/:500[1-4]${ENTER}:path${ENTER}`)
    open(session, /db +socket/)
    expect(selectedLine(session)).toMatch(/0\.0\.0\.0:5001 /)
    expect(session.state.filters.get('sockets')).toBe(':500[1-4]')
  })

  test('selects what is read only from then on as soon as it is there, until another row is chosen', () => {
    const unread = hostWith({ [DB]: () => ({ sockets: [] }) })
    const session = pathIn(hostWith(MANY), { shown: unread })
    open(session, /db +socket/)
    arrives(session, unread, 100)
    expect(session.state.notice).toBeUndefined()
    arrives(session, hostWith(MANY), 200)
    expect(selectedLine(session)).toMatch(/0\.0\.0\.0:5001 /)
    const moved = pathIn(hostWith(MANY), { shown: hostWith({ [DB]: () => ({ sockets: sockets(1) }) }) })
    open(moved, /db +socket/).type('k')
    expect(moved.state.sought).toBeUndefined()
  })

  test('says that an entry has gone, once its table is read, and that a namespace has', () => {
    const gone = hostWith({ [DB]: () => ({ sockets: sockets(3) }) })
    const others = {
      ...gone,
      namespaces: gone.namespaces.map((each) => (each.inode === DB ? { ...each, sockets: [] } : each)),
    }
    const session = open(pathIn(hostWith(MANY), { shown: others }), /db +socket/)
    session.send({ type: 'looking', nowMs: 50 })
    arrives(session, others, 500)
    expect(session.state.notice).toBeUndefined()
    session.send({ type: 'tick', nowMs: 50 + QUIET_MS })
    expect(session.frame()).toContain('socket tcp *:5001 is no longer there (db)')
    expect(session.state.sought).toBeUndefined()
    const saved = openScreen(others, undefined, 'saved')
    Object.assign(saved.state, { path: session.state.path })
    expect(open(saved.type(`:path${ENTER}`), /db +socket/).frame()).toContain('is no longer there (db)')
  })

  test('of what nobody listens on leads to the sockets, and says nothing of one that has gone', () => {
    const session = pathIn(hostWith(), { port: 4_999 })
    open(session, /db +socket +✖/)
    expect(session.state.place).toMatchObject({ view: 'sockets', scope: DB })
    session.send({ type: 'tick', nowMs: 10 * QUIET_MS })
    expect(session.state.notice).toBeUndefined()
  })

  test('selects the destination that IPVS schedules, not only the service', () => {
    const destination = { weight: 1, forward: 'masq', active: 0, inactive: 0 } as const
    const service = {
      protocol: 'tcp',
      family: 4,
      address: VIP,
      port: 5001,
      scheduler: 'rr',
      flags: [],
      destinations: [
        { ...destination, address: '172.19.0.9', port: 5001, weight: 0 },
        { ...destination, address: '172.19.0.2', port: 5001 },
      ],
    } as const
    const other = { ...service, port: 80 }
    const session = pathIn(hostWith({ [HOST]: () => ({ ipvs: [other, service] }) }), { destination: VIP })
    open(session, /host +ipvs/)
    expect(session.state.place).toMatchObject({ view: 'ipvs', scope: HOST })
    expect(selectedLine(session)).toMatch(/tcp 172\.19\.0\.1:5001 +rr +172\.19\.0\.2:5001/)
  })

  test('selects the policy and the state of IPsec', () => {
    const policy = (destination: string, spi: number) => ({
      direction: 'out',
      source: '172.19.0.3/32',
      destination,
      action: 'allow',
      priority: 0,
      templates: [
        { source: '172.19.0.3', destination: '172.19.0.2', protocol: 'esp', mode: 'transport', reqid: spi, spi },
      ],
    })
    const state = (spi: number) => ({
      source: '172.19.0.3',
      destination: '172.19.0.2',
      protocol: 'esp',
      spi,
      reqid: spi,
      mode: 'transport',
      packets: 0,
      bytes: 0,
    })
    const xfrm = { states: [state(6), state(7)], policies: [policy('172.19.0.9/32', 6), policy('172.19.0.2/32', 7)] }
    const encrypted = open(pathIn(hostWith({ [WEB]: () => ({ xfrm }) })), /web +xfrm/)
    expect(encrypted.state.place).toMatchObject({ view: 'xfrm', scope: WEB })
    expect(selectedLine(encrypted)).toMatch(/state .*0x00000007/)
    const blocked = { ...xfrm, policies: xfrm.policies.map((each) => ({ ...each, action: 'block' })) }
    const stopped = open(pathIn(hostWith({ [WEB]: () => ({ xfrm: blocked }) })), /web +xfrm/)
    expect(selectedLine(stopped)).toMatch(/policy out .*2\/32 +esp +0x00000007 +transport +block/)
  })

  test('selects the connection that was there before, read when its view opens', () => {
    const tuple = (ends: readonly [string, number, string, number]) => {
      const [source, sourcePort, destination, destinationPort] = ends
      return { source, sourcePort, destination, destinationPort }
    }
    const connection = (sourcePort: number): ConntrackEntry => ({
      family: 4,
      protocol: 'tcp',
      original: tuple(['172.19.0.3', sourcePort, VIP, 8_000]),
      reply: tuple(['172.19.0.2', 5_001, '172.19.0.3', sourcePort]),
      status: ['DST_NAT'],
    })
    const entries = [40_001, 40_000, 40_002].map(connection)
    const session = pathIn(hostWith(), { destination: VIP, port: 8_000, connections: entries })
    open(session, /host +nat +destination 172\.19\.0\.1:8000/)
    expect(session.state.place).toMatchObject({ view: 'conntrack', scope: HOST })
    session.send({ type: 'connections', connections: { namespace: HOST, entries } })
    expect(selectedLine(session)).toMatch(/172\.19\.0\.3:40000 +172\.19\.0\.1:8000/)
    session.type(ESC)
    open(session, /host +nat +destination 172\.19\.0\.1:8000/)
    session.send({ type: 'connections', connections: { namespace: HOST, entries: entries.slice(2) } })
    expect(selectedLine(session)).toMatch(/172\.19\.0\.3:40002/)
    const late = open(
      pathIn(hostWith(), { destination: VIP, port: 8_000, connections: entries }),
      /host +nat +destination 172\.19\.0\.1:8000/,
    )
    late.send({ type: 'connections', connections: { namespace: HOST, entries: [] } })
    expect(late.frame()).toContain('is no longer there (host)')
  })

  test('unfolds the chain of the rule', () => {
    const dropping = hostWith({
      [HOST]: ({ firewall }) => ({
        firewall: firewall.map((rule) =>
          rule.chain === 'DOCKER-USER' ? { ...rule, text: '-j DROP', target: 'DROP' } : rule,
        ),
      }),
    })
    const session = pathIn(dropping).type(`:firewall${ENTER}g${ENTER}`)
    expect(strip(session.frame())).not.toContain('-j DROP')
    open(session.type(`:path${ENTER}`), /host +forward/)
    expect(selectedLine(session)).toMatch(/-j DROP/)
  })
})

describe('enter on a piece of evidence', () => {
  test('selects its socket as a hop does', () => {
    const full = hostWith({
      [DB]: () => ({
        sockets: sockets(60).map((each) => (each.localPort === 5_001 ? { ...each, receiveQueue: 129 } : each)),
      }),
    })
    const session = openScreen(full).type(`:doctor${ENTER}`)
    session.send({ type: 'answer', kind: 'doctor', key: 'doctor #0', outcome: { value: examine([full]) } })
    open(session, /evidence +tcp LISTEN 0\.0\.0\.0:5001/)
    expect(session.state.place).toMatchObject({ view: 'sockets', scope: DB })
    expect(selectedLine(session)).toMatch(/0\.0\.0\.0:5001 /)
  })

  test('selects a route of a namespace that was not read yet', () => {
    const from = hostWith({
      [DB]: ({ routes }) => ({
        routes: routes.map((each) => (each.destination === 'default' ? { ...each, gateway: '172.19.0.77' } : each)),
      }),
    })
    const unread = { ...from, namespaces: from.namespaces.map((each) => ({ ...each, routes: [] })) }
    const session = openScreen(unread).type(`:doctor${ENTER}`)
    session.send({ type: 'answer', kind: 'doctor', key: 'doctor #0', outcome: { value: examine([from]) } })
    open(session, /evidence +default via 172\.19\.0\.77/)
    expect(session.state.place).toMatchObject({ view: 'routes', scope: DB })
    arrives(session, from, 100)
    expect(selectedLine(session)).toMatch(/default +unicast +172\.19\.0\.77/)
  })
})
