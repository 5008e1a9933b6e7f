import { describe, expect, test } from 'vitest'
import { predictWithFixes } from '../../src/flow/fix/suggest.ts'
import { listeningTargets, predictMatrix } from '../../src/flow/matrix.ts'
import { mtuBudget } from '../../src/flow/mtu-budget.ts'
import { World } from '../../src/flow/world.ts'
import type { Journey } from '../../src/model/journey.ts'
import type { HostSnapshot, Namespace } from '../../src/model/snapshot.ts'
import type { ObservedHop, Trace } from '../../src/model/trace.ts'
import { wantedAsks } from '../../src/tui/asks/wanted-asks.ts'
import { frameOf as paintFrame } from '../../src/tui/panels/frame.ts'
import { paletteOf } from '../../src/tui/panels/palette.ts'
import { alignHops } from '../../src/tui/path/align.ts'
import { addressTowards, isInSubnet } from '../../src/tui/path/ends.ts'
import { pathKey } from '../../src/tui/path/path.ts'
import { wantedOf } from '../../src/tui/wanted.ts'
import { HOST, namespace, route, sampleSnapshot } from './sample.ts'
import { openScreen, type Session, USUAL } from './typing.ts'

const ENTER = '\r'
const ESC = '\x1b'
const WEB = HOST + 2
const DB = HOST + 1

const RULES = [
  { family: 4, priority: 0, action: 'lookup', table: 255 },
  { family: 4, priority: 32_766, action: 'lookup', table: 254 },
] as const

function localRoute({ address: text, link }: Namespace['addresses'][number]) {
  const [own = ''] = text.split('/')
  return route(`${own}/32`, { table: 255, type: 'local', link, scope: 'host', source: own })
}

/** The sample with what a prediction needs besides, and nothing that stops a packet. */
function healthySnapshot(): HostSnapshot {
  const from = sampleSnapshot()
  const namespaces = from.namespaces.map((each) => ({
    ...each,
    rules: RULES,
    routes: [...each.routes, ...each.addresses.map(localRoute)],
    chains: each.chains.map((chain) => (chain.chain === 'FORWARD' ? { ...chain, policy: 'ACCEPT' } : chain)),
  }))
  return { ...from, namespaces }
}

function withHost(change: (host: Namespace) => Partial<Namespace>): HostSnapshot {
  const from = healthySnapshot()
  const namespaces = from.namespaces.map((each) => (each.inode === HOST ? { ...each, ...change(each) } : each))
  return { ...from, namespaces }
}

/** What the other process would answer: the real prediction from the same facts. */
function journeyOf(snapshot: HostSnapshot, port = 5001): Journey {
  const world = new World({ snapshots: [snapshot] })
  const flow = {
    source: { namespace: WEB, name: 'web' },
    destination: '172.19.0.2',
    protocol: 'tcp',
    destinationPort: port,
  }
  const mtu = mtuBudget(world, flow)
  return { ...predictWithFixes(world, flow), ...(mtu === undefined ? {} : { mtu }) }
}

function answer(session: Session, value: unknown): Session {
  return session.send({ type: 'answer', kind: 'path', key: pathKey(session.state.path), outcome: { value } })
}

function shown(snapshot = healthySnapshot(), size?: typeof USUAL): Session {
  return answer(openScreen(snapshot, size).type(`:path web db:5001${ENTER}`), journeyOf(snapshot))
}

describe('the ends of a path', () => {
  test('space marks the source, then the destination, and p offers the port that is listened on', () => {
    const session = openScreen(healthySnapshot()).type('jjj j')
    const name = session.state.ends.map((inode) => inode - HOST)
    expect(name).toHaveLength(1)
    expect(session.frame()).toMatch(/◆(cache|db|web)/)
    session.type(' ')
    expect(session.state.ends).toHaveLength(2)
    expect(session.type('p').frame()).toMatch(/:path \w+ \w+:500\d█/)
  })

  test('esc takes the marks away, and space on a marked one takes its mark away', () => {
    const session = openScreen(healthySnapshot()).type('jj ')
    expect(session.state.ends).toHaveLength(1)
    expect(session.type(' ').state.ends).toHaveLength(0)
    expect(session.type(` ${ESC}`).state.ends).toHaveLength(0)
  })

  test('p without marks says what to do, and a bad :path how it is written', () => {
    const session = openScreen(healthySnapshot())
    expect(session.type('p').frame()).toContain('mark the source and the destination with space')
    for (const words of ['path web', 'path web db:99999', 'path web db:1 tcp x', 'path web -x', 'path web db udp']) {
      session.type(`:${words}${ENTER}`)
      expect(session.state.notice?.tone, words).toBe('error')
    }
  })

  test('names become what means one namespace and one address; what is no name is passed on', () => {
    const words = (text: string) =>
      wantedAsks(openScreen(healthySnapshot()).type(`:${text}${ENTER}`).state).find(({ kind }) => kind === 'path')
        ?.words
    expect(words('path web db:5001')).toEqual(['path', `inode:${WEB}`, '172.19.0.2:5001', '--mtu', '--json'])
    expect(words('path outside fd00::1 icmp')).toEqual([
      'path',
      'outside',
      'fd00::1',
      '--proto',
      'icmp',
      '--mtu',
      '--json',
    ])
    expect(words('path web [fd00::1]:80 udp')?.slice(2, 5)).toEqual(['[fd00::1]:80', '--proto', 'udp'])
  })

  test('tab completes the source and then destinations with their ports', () => {
    expect(openScreen(healthySnapshot()).type(':path we\t').frame()).toContain(':path web█')
    expect(openScreen(healthySnapshot()).type(':path web cache\t').frame()).toMatch(
      /cache {2}web cache:5003|cache:5003/,
    )
    expect(openScreen(healthySnapshot()).type(':path web cach\t').frame()).toContain(':path web cache█')
  })

  test('of several addresses the one on a common network is taken', () => {
    const to = namespace(2, 'to', { addresses: ['10.1.0.2/24', '10.2.0.2/24'].map((each) => global(each)) })
    const from = namespace(1, 'from', { addresses: [global('10.2.0.1/24')] })
    expect(addressTowards(from, to)).toBe('10.2.0.2')
    expect(addressTowards(undefined, to)).toBe('10.1.0.2')
    expect(isInSubnet('fd00::1/64', 'fd00::2')).toBe(true)
    expect(isInSubnet('10.0.0.1/9', '10.128.0.1')).toBe(false)
  })
})

function global(address: string) {
  return { link: 2, address, scope: 'global', flags: [] }
}

describe('the journey', () => {
  test('is a line a hop, with what happens to the packet', () => {
    const frame = shown().frame()
    expect(frame).toContain('web → db:5001 · ✓ delivered and answered')
    expect(frame).toMatch(/1 web +socket +sends to 172\.19\.0\.2/)
    expect(frame).toMatch(/db +socket +tcp .*:5001/)
    expect(frame).toMatch(/▹ the answer +delivered/)
  })

  test('is asked for until it is answered, and says so', () => {
    const session = openScreen(healthySnapshot()).type(`:path web db:5001${ENTER}`)
    expect(session.frame()).toContain('◐ Predicting web → db:5001… esc stops it.')
    session.send({ type: 'asking', kind: 'path', key: pathKey(session.state.path) })
    session.type(ESC)
    expect(session.frame()).toContain('stopped')
    expect(wantedAsks(session.state).some(({ kind }) => kind === 'path')).toBe(false)
    expect(wantedAsks(session.type('r').state).some(({ kind }) => kind === 'path')).toBe(true)
  })

  test('an answer to an older question is nothing', () => {
    const session = openScreen(healthySnapshot()).type(`:path web db:5001${ENTER}`)
    session.send({ type: 'answer', kind: 'path', key: 'path other #1', outcome: { value: {} } })
    expect(session.frame()).toContain('◐ Predicting')
  })

  test('a question that cannot be answered is one line with the way out', () => {
    const session = openScreen(healthySnapshot()).type(`:path nobody db:5001${ENTER}`)
    const outcome = { problem: 'select nobody: no such namespace — ns lists them' }
    session.send({ type: 'answer', kind: 'path', key: pathKey(session.state.path), outcome })
    expect(session.frame()).toContain('select nobody: no such namespace — ns lists them')
  })

  test('v shows every rule and route, m what each link takes', () => {
    const session = shown()
    expect(session.frame()).not.toContain('packet 172.19.0.3')
    expect(session.type('v').frame()).toMatch(/packet 172\.19\.0\.3:\d+ → 172\.19\.0\.2:5001/)
    expect(session.type('vm').frame()).toContain('the largest packet is 1500 bytes, its payload 1460')
  })

  const dropping = (): HostSnapshot =>
    withHost((host) => ({ firewall: host.firewall.map((rule) => (rule.chain === 'DOCKER-USER' ? drop(rule) : rule)) }))
  const drop = (rule: Namespace['firewall'][number]) => ({ ...rule, text: '-j DROP', target: 'DROP' })

  test('says where it stops and how it could go on; enter goes to the very rule, and esc comes back', () => {
    const session = shown(dropping())
    const frame = session.frame()
    expect(frame).toContain('✖ dropped in host')
    expect(frame).toMatch(/✖ +\d host +forward +✖ dropped by filter DOCKER-USER rule 1/)
    expect(frame).toMatch(/fix +in host +iptables-legacy -I DOCKER-USER 1/)
    while (!/^▸✖ +\d host/m.test(strip(session.frame()))) session.type('j')
    expect(session.line('enter: ')).toContain('to rule 1 of DOCKER-USER in host')
    session.type(ENTER)
    expect(session.state.place).toMatchObject({ view: 'firewall', scope: HOST })
    expect(strip(session.frame())).toMatch(/▸ +-j DROP/)
    session.type(ESC)
    expect(session.state.place.view).toBe('path')
    expect(strip(session.frame())).toMatch(/^▸✖ +\d host/m)
  })

  test('is another one when the facts change: it says what it was before', () => {
    const session = shown()
    answer(session, journeyOf(dropping()))
    expect(session.frame()).toMatch(/~ changed +before +✓ delivered/)
    expect(session.frame()).toContain('✖ dropped in host')
    answer(session, journeyOf(dropping()))
    expect(session.frame()).toContain('~ changed')
    session.type('r')
    expect(answer(session, journeyOf(dropping())).frame()).not.toContain('~ changed')
  })

  test('facts on the way that change are a reason to ask again; what only counts is none', () => {
    const factsOf = ({ state }: Session) => wantedAsks(state).find(({ kind }) => kind === 'path')?.facts
    const session = shown()
    const before = factsOf(session)
    const send = (snapshot: HostSnapshot) =>
      session.send({ type: 'host', host: { snapshot, status: 'live', events: [] }, nowMs: 5_000 })
    send(withHost((host) => ({ firewall: host.firewall.map((rule) => ({ ...rule, packets: rule.packets + 7 })) })))
    expect(factsOf(session)).toBe(before)
    send(dropping())
    expect(factsOf(session)).not.toBe(before)
    expect(wantedOf(session.state)).toMatchObject({ namespaces: expect.arrayContaining([WEB, HOST, DB]) })
  })

  test('is lit in the drawing, with marks and words', () => {
    const session = shown(dropping()).type(`:topology${ENTER}`)
    const frame = session.frame()
    expect(frame).toContain('web → db:5001 · ✖ dropped in host: dropped by filter DOCKER-USER')
    expect(frame).toMatch(/✖─[ ▸]host/)
    expect(frame).toMatch(/● eth0 172\.19\.0\.3\/16/)
    expect(frame).not.toMatch(/● eth0 172\.19\.0\.4\/16/)
  })

  test.each([USUAL, { columns: 40, rows: 15 }])('fits %o', (size) => {
    const lines = shown(dropping(), size).frame().split('\n')
    expect(lines.length).toBeLessThan(size.rows)
    expect(lines.every((line) => line.length <= size.columns)).toBe(true)
  })

  test('names from outside are shown without their control characters', () => {
    const journey = journeyOf(healthySnapshot())
    const hops = journey.hops.map((hop) => ({ ...hop, name: '\x1b[2Jevil\u202e', text: 'a\x07b' }))
    expect(answer(shown(), { ...journey, hops }).frame()).not.toMatch(/[\x07\x1b\u202e]/)
  })
})

function strip(frame: string): string {
  return frame
    .split('\n')
    .map((line) => line.slice(line.indexOf('│') + 1))
    .join('\n')
}

describe('a trace', () => {
  test('is asked for before anything is sent, and esc stops it', () => {
    const session = shown().type('t')
    expect(session.frame()).toContain('A table of nftables is added')
    expect(wantedAsks(session.state).some(({ kind }) => kind === 'trace')).toBe(false)
    session.type('y')
    expect(wantedAsks(session.state).find(({ kind }) => kind === 'trace')?.words[0]).toBe('trace')
    expect(session.frame()).toMatch(/a real packet is under way +◐ esc stops it|◐ esc stops it/)
    session.type(ESC)
    expect(wantedAsks(session.state).some(({ kind }) => kind === 'trace')).toBe(false)
  })

  test('needs a live host', () => {
    const session = openScreen(healthySnapshot(), USUAL, 'saved').type(`:path web db:5001${ENTER}`)
    expect(answer(session, journeyOf(healthySnapshot())).type('t').frame()).toContain('a packet needs a live host')
  })

  test('stands beside the prediction, with the first difference marked', () => {
    const journey = journeyOf(healthySnapshot())
    const hops = journey.hops.slice(0, -2).map((hop, at): ObservedHop => ({ ...hop, evidence: 'seen', atUs: at * 10 }))
    const last = { ...(hops.at(-1) as ObservedHop), stopped: true, text: 'policy drop' }
    const { reply: _, ...own } = journey
    const trace: Trace = {
      ...own,
      verdict: 'dropped',
      reason: 'policy drop',
      hops: [...hops.slice(0, -1), last],
      disagreements: [{ leg: 'the packet', predicted: 'delivered', observed: 'dropped' }],
      probe: { kind: 'SYN', source: '172.19.0.3', mark: 'ISN 1', outcome: 'no answer within 2 s', sent: 1 },
      connections: [],
      counters: [],
      notes: [],
    }
    const session = shown().type('ty')
    session.send({ type: 'answer', kind: 'trace', key: session.state.path.trace.key, outcome: { value: trace } })
    const frame = session.frame()
    expect(frame).toMatch(/PREDICTED +OBSERVED/)
    expect(frame).toMatch(/▲ differs +the packet +delivered +dropped/)
    expect(frame).toMatch(/1 web +socket .*✓ seen \+0 µs/)
    expect(frame).toMatch(/✖ seen \+\d+ µs/)
    expect(alignHops(journey.hops, trace.hops, true).filter(({ differs }) => differs)).toHaveLength(1)
    // sent once, whatever is looked at meanwhile
    expect(wantedAsks(session.state).some(({ kind }) => kind === 'trace')).toBe(false)
  })
})

describe('the matrix', () => {
  const cells = () => {
    const world = new World({ snapshots: [healthySnapshot()] })
    const spaces = world.spaces.filter(({ namespace: { owner } }) => owner.kind === 'docker')
    return predictMatrix(world, spaces, listeningTargets(spaces))
  }

  function opened(value: unknown): Session {
    const session = openScreen(healthySnapshot()).type(`:matrix${ENTER}`)
    session.send({ type: 'asking', kind: 'matrix', key: 'matrix #0' })
    return session.send({ type: 'answer', kind: 'matrix', key: 'matrix #0', outcome: { value } })
  }

  test('is rows and columns of marks, with the reason of the chosen cell below; enter is the path of that pair', () => {
    const session = opened({ cells: cells() })
    expect(session.frame()).toContain('FROM')
    expect(session.frame()).toMatch(/db +\[✓\]/)
    session.type('jl')
    expect(session.frame()).toMatch(/web → 2 {2}web 172\.19\.0\.3:5002 tcp/)
    expect(session.line('enter: ')).toContain('the path web → web 172.19.0.3:5002 tcp')
    session.type(ENTER)
    expect(session.state.place.view).toBe('path')
    expect(
      wantedAsks(session.state)
        .find(({ kind }) => kind === 'path')
        ?.words.slice(1, 3),
    ).toEqual([`inode:${WEB}`, '172.19.0.3:5002'])
    session.type(ESC)
    expect(session.frame()).toMatch(/web → 2 /)
  })

  test('esc stops it while it is predicted', () => {
    const session = openScreen(healthySnapshot()).type(`:matrix${ENTER}`)
    session.send({ type: 'asking', kind: 'matrix', key: 'matrix #0' })
    expect(session.frame()).toContain('esc stops it')
    session.type(ESC)
    expect(wantedAsks(session.state).some(({ kind }) => kind === 'matrix')).toBe(false)
    expect(wantedAsks(session.type('r').state).some(({ kind }) => kind === 'matrix')).toBe(true)
  })

  test('of 200 × 200 only what fits is drawn, and a key takes less than 50 ms', () => {
    const to = (at: number) => ({ name: `t${at}`, address: `10.0.${at}.1`, protocol: 'tcp', port: 80 })
    const all = Array.from({ length: 200 * 200 }, (_, at) => ({
      from: `s${Math.floor(at / 200)}`,
      to: to(at % 200),
      verdict: 'dropped' as const,
      isAnswered: false,
      reason: 'x',
    }))
    const session = opened({ cells: all })
    const palette = paletteOf({})
    paintFrame(session.type('lj').state, palette)
    // of this process alone: the machine may be busy
    const start = process.cpuUsage()
    for (let at = 0; at < 10; at++) paintFrame(session.type('lj').state, palette)
    const { user, system } = process.cpuUsage(start)
    expect((user + system) / 1_000 / 10).toBeLessThan(50)
    expect(session.frame()).toContain('›')
    const lines = session.frame().split('\n')
    expect(lines.length).toBeLessThan(40)
    expect(lines.every((line) => line.length <= 120)).toBe(true)
  })
})
