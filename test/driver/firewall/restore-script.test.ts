import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { restoreScript } from '../../../src/driver/firewall/restore-script.ts'
import type { Ruleset } from '../../../src/driver/firewall/ruleset.ts'
import { undoOperations } from '../../../src/driver/firewall/undo-operations.ts'
import { Engine, network, parse, port } from './build.ts'

/** What iptables-restore makes of a chain, by its manual: `-D` a rule or a number, `-A`, `-I` at the top or a number. */
function run(rules: readonly string[], script: string): string[] {
  const now = [...rules]
  for (const line of script.split('\n').filter((text) => /^-[ADI] FORWARD /.test(text))) {
    const [, command, number, text = ''] = /^-([ADI]) FORWARD (?:(\d+)(?: |$))?(.*)$/.exec(line) ?? []
    if (command === 'A') now.push(text)
    else if (command === 'I') now.splice(Number(number ?? 1) - 1, 0, text)
    else now.splice(number === undefined ? now.indexOf(text) : Number(number) - 1, 1)
  }
  return now
}

function forward(rules: readonly string[]): Ruleset {
  return parse(
    ['*filter', ':FORWARD ACCEPT [0:0]', ...rules.map((rule) => `-A FORWARD ${rule}`), 'COMMIT', ''].join('\n'),
  )
}

const chain = fc.array(
  fc.integer({ min: 0, max: 12 }).map((n) => `-i br${n} -j ACCEPT`),
  { maxLength: 14 },
)

describe('a script for iptables-restore', () => {
  test('makes any chain of any other, also with rules that are there twice', () => {
    fc.assert(
      fc.property(chain, chain, (from, to) => {
        expect(run(from, restoreScript(forward(from), forward(to)).text)).toEqual(to)
      }),
    )
  })

  test('leaves alone what both have: one line for one more rule', () => {
    fc.assert(
      fc.property(chain, fc.nat(14), (from, at) => {
        const to = [...from.slice(0, at), '-j RETURN', ...from.slice(at)]
        expect(restoreScript(forward(from), forward(to)).text.split('\n')).toHaveLength(4)
      }),
    )
  })

  test('says which rules go when no more is to be done', () => {
    const gone = restoreScript(forward(['-j A', '-j B', '-j C', '-j B']), forward(['-j A', '-j B'])).removals
    expect(gone).toEqual([{ table: 'filter', chain: 'FORWARD', positions: [2, 3], count: 4 }])
    expect(restoreScript(forward(['-j A']), forward(['-j B'])).removals).toBeUndefined()
  })

  test('is nothing when nothing changes, and names the tables that do', () => {
    const engine = new Engine('docker20').networks(network('br-1', '10.1.0.0/24'))
    expect(restoreScript(engine.rules, engine.rules)).toEqual({ text: '', tables: [], removals: [] })
    expect(restoreScript(parse(''), engine.rules).tables).toEqual(['nat', 'filter'])
  })

  test('makes chains first and takes them away last, emptied before', () => {
    const engine = new Engine('docker28').networks(network('br-1', '10.1.0.0/24'))
    const [made] = restoreScript(parse(''), engine.rules).text.split('-A')
    expect(made).toContain('-N DOCKER\n')
    const gone = restoreScript(engine.rules, parse('')).text
    expect(gone.indexOf('-F DOCKER-FORWARD')).toBeLessThan(gone.indexOf('-X DOCKER-FORWARD'))
    expect(gone.indexOf('-F DOCKER-CT')).toBeLessThan(gone.indexOf('-X DOCKER-FORWARD'))
  })
})

const LAYOUTS = [['docker20'], ['docker28']] as const

describe.each(LAYOUTS)('with the layout %s', (layout) => {
  const one = network('br-1', '10.1.0.0/24')
  const two = network('br-2', '10.2.0.0/24', { icc: false })
  const inner = network('br-3', '10.3.0.0/24', { internal: true })
  const all = [one, two, inner]
  const ports = [port(one, '10.1.0.2', '80:80'), port(two, '10.2.0.2', '81:80/sctp')]

  test('putting everything again changes nothing', () => {
    const engine = new Engine(layout).networks(...all).add(...ports)
    const before = engine.rules
    engine.networks(...all).add(...ports)
    expect(restoreScript(before, engine.rules).text).toBe('')
  })

  test('taking everything away leaves what was there before, whatever that is', () => {
    const saved = [
      '*filter',
      ':FORWARD ACCEPT [0:0]',
      ':MINE - [0:0]',
      '-A FORWARD -i lo -j MINE',
      '-A MINE -j RETURN',
      'COMMIT',
      '*nat',
      ':POSTROUTING ACCEPT [0:0]',
      '-A POSTROUTING -s 10.9.0.0/24 -j MASQUERADE',
      'COMMIT',
      '',
    ].join('\n')
    const engine = new Engine(layout, {}, { saved }).networks(...all).add(...ports)
    engine.remove(...ports, ...all.map((each) => ({ kind: 'network', network: each }) as const))
    engine.remove({ kind: 'base', family: 'ip' })
    const left = restoreScript(parse(saved), engine.rules)
    expect(left.text).toBe('')
  })

  test("a user's own rules in USER keep that chain, and the way to it", () => {
    const engine = new Engine(layout).networks(one)
    const user = { family: 'ip', table: 'filter', chain: 'DOCKER-USER', text: '-s 192.0.2.9/32 -j DROP' } as const
    const kept = engine.rules.after([{ act: 'insert', ...user }])
    const rest = new Engine(layout, {}, { saved: textOf(kept) })
    rest.remove({ kind: 'network', network: one }, { kind: 'base', family: 'ip' })
    expect(rest.chain('filter', 'DOCKER-USER')).toContain('-A DOCKER-USER -s 192.0.2.9/32 -j DROP')
    expect(rest.all('filter')).toContain('-A FORWARD -j DOCKER-USER')
    expect(rest.all('filter').filter((line) => !line.includes('DOCKER-USER'))).toEqual([])
  })

  test('a change is taken back without touching what others have done meanwhile', () => {
    const before = new Engine(layout).networks(one).rules
    const after = new Engine(layout).networks(one, two).add(...ports).rules
    const foreign = { family: 'ip', table: 'filter', chain: 'FORWARD', text: '-i wg0 -j ACCEPT' } as const
    const meanwhile = after.after([{ act: 'insert', ...foreign }])
    const undone = meanwhile.after(undoOperations('ip', before, after))
    expect(undone.rules(foreign)).toEqual(['-i wg0 -j ACCEPT', ...(before.rules(foreign) ?? [])])
    expect(restoreScript(before, undone.after([{ act: 'remove', ...foreign }])).text).toBe('')
  })
})

function textOf(rules: Ruleset): string {
  return rules.tables
    .map((table) => {
      const chains = [...rules.chains(table)]
      return [
        `*${table}`,
        ...chains.map(([name, { policy }]) => `:${name} ${policy ?? '-'} [0:0]`),
        ...chains.flatMap(([name, content]) => content.rules.map((rule) => `-A ${name} ${rule}`)),
        'COMMIT',
        '',
      ].join('\n')
    })
    .join('')
}

describe('beside an engine', () => {
  const one = network('tn-1', '10.1.0.0/24')
  const settings = { chainPrefix: 'TSNET', comment: 'tsnet:pets' }
  const engine28 = new Engine('docker28').networks(network('docker0', '172.17.0.0/16')).rules
  const engine20 = new Engine('docker20').networks(network('docker0', '172.17.0.0/16')).rules

  test.each([
    ['docker28', 'an engine 28', engine28, '-m conntrack ! --ctstate RELATED,ESTABLISHED -j DOCKER-BRIDGE'],
    ['docker20', 'an engine 28', engine28, '-m conntrack ! --ctstate RELATED,ESTABLISHED -j DOCKER-BRIDGE'],
    ['docker28', 'an engine 20.10', engine20, '-m conntrack ! --ctstate DNAT -j DOCKER-ISOLATION-STAGE-2'],
    ['docker20', 'an engine 20.10', engine20, '-m conntrack ! --ctstate DNAT -j DOCKER-ISOLATION-STAGE-2'],
  ] as const)(
    'rules of %s beside %s are entered from DOCKER-USER, and keep to the engine what it keeps out',
    (layout, _, engine, isolation) => {
      const rules = new Engine(layout, settings, { saved: textOf(engine) }).networks(one)
      expect(rules.chain('filter', 'DOCKER-USER')[0]).toBe(
        '-A DOCKER-USER -m comment --comment "tsnet:pets" -j TSNET-FORWARD',
      )
      expect(rules.chain('filter', 'FORWARD')).toEqual(
        new Engine(layout, settings, { saved: textOf(engine) }).chain('filter', 'FORWARD'),
      )
      expect(rules.chain('filter', 'TSNET-ISOLATION-STAGE-2')).toContain(`-A TSNET-ISOLATION-STAGE-2 ${isolation}`)
    },
  )

  test('every rule in a chain that is not ours says whose it is', () => {
    const rules = new Engine('docker28', settings, { saved: textOf(engine28) })
      .networks(one)
      .add({ kind: 'endpoint', network: one, address: '10.1.0.2' }, port(one, '10.1.0.2', '127.0.0.1:80:80/tcp'))
    const before = new Set(
      [...engine28.tables].flatMap((table) => new Engine('docker28', {}, { saved: textOf(engine28) }).all(table)),
    )
    const added = rules.rules.tables.flatMap((table) => rules.all(table)).filter((line) => !before.has(line))
    const shared = added.filter((line) => !/^-A TSNET/.test(line))
    expect(shared.length).toBeGreaterThan(4)
    for (const line of shared) expect(line).toContain('--comment "tsnet:pets"')
  })

  test('what an engine flushed when it started is put again, in its place', () => {
    const rules = new Engine('docker28', settings, { saved: textOf(engine20) }).networks(one)
    const saved = textOf(rules.rules)
    const flushed = saved.replaceAll(/^-A DOCKER(?:-ISOLATION-STAGE-[12])? .*\n/gm, '')
    const again = new Engine('docker28', settings, { saved: flushed }).networks(one)
    expect(again.chain('filter', 'DOCKER-USER')).toEqual(rules.chain('filter', 'DOCKER-USER'))
    for (const table of ['filter', 'nat']) {
      expect(again.all(table).filter((line) => line.includes('TSNET'))).toEqual(
        rules.all(table).filter((line) => line.includes('TSNET')),
      )
    }
  })

  test.each(LAYOUTS)(
    'before there is an engine, rules of %s are entered from FORWARD, and move when it comes',
    (layout) => {
      const alone = new Engine(layout, settings).networks(one)
      expect(alone.chain('filter', 'FORWARD')).toEqual([
        '-A FORWARD -m comment --comment "tsnet:pets" -j TSNET-FORWARD',
      ])
      const saved = `${textOf(alone.rules)}*filter\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\nCOMMIT\n`
      const moved = new Engine(layout, settings, { saved: saved.replace(/COMMIT\n\*filter\n/, '') })
      moved.base()
      expect(moved.all('filter').filter((line) => line.endsWith('-j TSNET-FORWARD'))).toEqual([
        '-A DOCKER-USER -m comment --comment "tsnet:pets" -j TSNET-FORWARD',
      ])
    },
  )

  test.each(LAYOUTS)('rules of %s go without a trace', (layout) => {
    const saved = textOf(engine28)
    const rules = new Engine(layout, settings, { saved }).networks(one)
    rules.remove({ kind: 'network', network: one }, { kind: 'base', family: 'ip' })
    expect(restoreScript(parse(saved), rules.rules).text).toBe('')
  })
})
