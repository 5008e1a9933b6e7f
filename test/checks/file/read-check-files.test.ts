import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHECK_FILE_SCHEMA } from '../../../src/checks/file/check-schema.ts'
import { type CheckFilesReading, readCheckFiles } from '../../../src/checks/file/read-check-files.ts'
import { RESOURCE_NAMES } from '../../../src/checks/file/resources.ts'
import { TsnetError } from '../../../src/errors.ts'
import { formatProblem } from '../../../src/model/file/problem.ts'

type Files = Readonly<Record<string, string>>

function readAll(files: Files, variables = {}): CheckFilesReading {
  const read = (path: string): string => {
    const text = files[path]
    if (text === undefined) throw new TsnetError('input', `${path}: no such file`)
    return text
  }
  return readCheckFiles([Object.keys(files)[0] ?? ''], { read, variables })
}

/** `${name}` as a file has it. */
const ref = (name: string): string => `$\{${name}}`
const problemsOf = (text: string): readonly string[] => readAll({ 'a.yaml': text }).problems.map(formatProblem)
const only = (text: string, variables = {}) => {
  const { checks, problems } = readAll({ 'a.yaml': text }, variables)
  expect(problems).toEqual([])
  return checks?.[0]
}

test('the schema for editors is the one that files are checked by (node scripts/check-schema.mjs)', () => {
  const written = readFileSync(new URL('../../../docs/check.schema.json', import.meta.url), 'utf8')
  expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(CHECK_FILE_SCHEMA)))
})

describe('what is wrong in a file is told with line and column, all of it at once:', () => {
  test.each([
    [
      'a resource that there is not',
      'checks:\n- linck: eth0\n',
      ['a.yaml:2:3: unknown key linck (did you mean link?)'],
    ],
    [
      'no resource',
      'checks:\n- name: x\n',
      [`a.yaml:2:3: a check has one of ${RESOURCE_NAMES.join(', ')}, this one has none`],
    ],
    [
      'two of them',
      'checks:\n- {link: a, tcp: "b:1"}\n',
      ['a.yaml:2:3: a check has one resource, this one has link and tcp'],
    ],
    [
      'an unknown property',
      'checks:\n- {link: eth0, expect: {mtuu: 1}}\n',
      ['a.yaml:2:25: unknown key mtuu (did you mean mtu?)'],
    ],
    [
      'an unknown matcher beside a bad regular expression',
      'checks:\n- {link: eth0, expect: {mtu: {greater: 1}, alias: {matches: "(["}}}\n',
      [
        'a.yaml:2:31: unknown matcher greater',
        'a.yaml:2:61: not a regular expression: "([" (Unterminated character class)',
      ],
    ],
    ['a bad end', 'checks:\n- tcp: db\n', ['a.yaml:2:8: not HOST:PORT: "db"']],
    ['a bad port', 'checks:\n- port: 80/icmp\n', ['a.yaml:2:9: not a port like 80, 53/udp or 127.0.0.1:80: 80/icmp']],
    [
      'a bad subnet',
      'checks:\n- {address: 10.0.0.1, expect: {ip: {within: 10.0.0.0/33}}}\n',
      ['a.yaml:2:45: expected a subnet like 10.0.0.0/24'],
    ],
    [
      'a bad limit',
      'checks:\n- {link: a, expect: {mtu: {ge: big}}}\n',
      ['a.yaml:2:32: expected a number, a time (20ms), a rate (10mbit) or a share (5%)'],
    ],
    [
      'a word that is not expected',
      'checks:\n- {tcp: "a:1", expect: opn}\n',
      ['a.yaml:2:24: expected one of open, refused, unreachable, timeout, closed, found "opn" (did you mean open?)'],
    ],
    [
      'a namespace for what has none',
      'checks:\n- {container: web, from: host}\n',
      ['a.yaml:2:20: container is of the whole host, not of a namespace'],
    ],
    [
      'a number that rises without a group',
      'checks:\n- {http: "http://a/", expect: {rises: x}}\n',
      ['a.yaml:2:39: one group, in (…), must find the number'],
    ],
    [
      'an unknown variable',
      `vars: {port: 1}\nchecks:\n- tcp: "db:${ref('prt')}"\n`,
      ['a.yaml:3:8: unknown variable prt (did you mean port?)', `a.yaml:3:8: not HOST:PORT: "db:${ref('prt')}"`],
    ],
    [
      'an unknown part of each',
      `checks:\n- {each: {values: [a]}, ping: "${ref('each.adress')}"}\n`,
      ['a.yaml:2:31: unknown variable each.adress (did you mean each.address, each?)'],
    ],
    [
      'each of nothing',
      'checks:\n- {each: {}, ping: a}\n',
      ['a.yaml:2:10: each is of one of namespaces, containers, values, this one of none'],
    ],
    ['a bad time', 'checks:\n- {ping: a, timeout: soon}\n', ['a.yaml:2:22: expected a time like 2s, found "soon"']],
    ['a skip without a reason', 'checks:\n- {ping: a, skip: true}\n', ['a.yaml:2:19: expected a reason, found true']],
    ['something that is no map', '- a\n', ['a.yaml:1:1: expected health checks of tsnet-shoot, found a list']],
    ['two documents', 'checks: []\n---\nchecks: []\n', ['a.yaml:2:1: a second document: a file is one']],
    ['a key twice', 'checks: []\nchecks: []\n', ['a.yaml:2:1: Map keys must be unique']],
  ])('%s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected)
    expect(readAll({ 'a.yaml': text }).checks).toBeUndefined()
  })
})

describe('included files:', () => {
  test('their checks come first, with the variables of who includes them before their own', () => {
    const { checks, files } = readAll({
      'dir/a.yaml': 'include: [b.yaml]\nvars: {port: 2}\nchecks: [{tcp: "a:1"}]\n',
      'dir/b.yaml': `vars: {port: 1}\nchecks: [{tcp: "b:${ref('port')}"}]\n`,
    })
    expect(checks?.map(({ subject, place }) => [place.file, subject])).toEqual([
      ['dir/b.yaml', 'b:2'],
      ['dir/a.yaml', 'a:1'],
    ])
    expect(files).toEqual(['dir/a.yaml', 'dir/b.yaml'])
  })

  test('a cycle, a file that is not there and what is wrong in one are told where they stand', () => {
    const { problems } = readAll({
      'a.yaml': 'include:\n- b.yaml\n- none.yaml\n- a.yaml\n',
      'b.yaml': 'include: [./a.yaml]\nchecks: [{tpc: "a:1"}]\n',
    })
    expect(problems.map(formatProblem)).toEqual([
      'b.yaml:1:11: it includes itself: a.yaml → b.yaml → a.yaml',
      'b.yaml:2:11: unknown key tpc (did you mean tcp?)',
      'a.yaml:3:3: none.yaml: no such file',
      'a.yaml:4:3: it includes itself: a.yaml → a.yaml',
    ])
  })

  test('a chain of more files than anybody writes ends', () => {
    const read = (path: string): string => `include: [f${Number(/\d+/.exec(path)?.[0] ?? 0) + 1}.yaml]\n`
    const { problems } = readCheckFiles(['f0.yaml'], { read })
    expect(problems.map(formatProblem)).toEqual(['f99.yaml:1:11: more than 100 files'])
  })
})

describe('a hostile file costs little:', () => {
  const bomb = `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]\n`).join('')}`

  test.each([
    ['10 MB', `checks:\n${'- {ping: a}\n'.repeat(900_000)}`, /^a\.yaml:1:1: more than 1048576 bytes$/],
    ['aliases that multiply', bomb, /^a\.yaml:\d+:\d+: its aliases stand for too much/],
    ['an alias of itself', 'checks: &x [*x]\n', /^a\.yaml:1:13: /],
    ['brackets without end', '['.repeat(100_000), /^a\.yaml:1:\d+: nested too deeply$/],
    [
      'more checks than anybody has',
      `checks:\n${'- ping: a\n'.repeat(10_001)}`,
      /^a\.yaml:10002:3: more than 10000 checks$/,
    ],
    [
      'a pattern without end',
      `checks:\n- {link: a, expect: {alias: {matches: "${'a?'.repeat(2000)}"}}}\n`,
      /more than 1024 characters/,
    ],
    [
      'a text that grows',
      `vars: {a: ${'x'.repeat(4000)}}\nchecks: [{ping: "${ref('a').repeat(900)}"}]\n`,
      /longer than/,
    ],
  ])('%s', (_, text, expected) => {
    const start = performance.now()
    const [first] = problemsOf(text)
    expect(first).toMatch(expected)
    expect(performance.now() - start).toBeLessThan(20_000)
  })

  test('any text is read, or refused with a place in it', () => {
    const piece = fc.constantFrom(
      'checks:',
      '\n',
      '- ',
      '  ',
      'link: ',
      'eth0',
      '{',
      '}',
      '[',
      ']',
      'expect: ',
      '${',
      '}',
      '&a ',
      '*a',
      '<<: ',
      ': ',
      '"',
      "'",
      '|\n',
      '?',
      '~',
      'each: ',
      'values: ',
      '1',
      '\t',
      '#',
      'not: ',
      'tcp: ',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
        ),
        (text) => {
          const { checks, problems } = readAll({ 'a.yaml': text })
          for (const { line, column } of problems) expect(Math.min(line, column)).toBeGreaterThan(0)
          expect(checks === undefined).toBe(problems.length > 0)
        },
      ),
      { numRuns: 400 },
    )
  })

  test('any value in the place of a check is read, or refused', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
    const value = fc.oneof(
      scalar,
      fc.array(scalar),
      fc.dictionary(
        fc.constantFrom('equal', 'not', 'gt', 'between', 'contains', 'matches', 'in', 'and', 'x', 'within', 'count'),
        fc.oneof(scalar, fc.array(scalar)),
        { noNullPrototype: true },
      ),
    )
    const key = fc.constantFrom(
      ...RESOURCE_NAMES,
      'name',
      'from',
      'expect',
      'timeout',
      'retry',
      'each',
      'skip',
      'severity',
      'mtu',
    )
    fc.assert(
      fc.property(fc.dictionary(key, value, { noNullPrototype: true }), (entry) => {
        const { checks, problems } = readAll({ 'a.yaml': JSON.stringify({ checks: [entry] }) })
        expect(checks === undefined).toBe(problems.length > 0)
      }),
      { numRuns: 400 },
    )
  })
})

describe('variables:', () => {
  test('one that stands alone keeps its type, and what the command line says comes first', () => {
    const text = `vars: {mtu: 1400, name: eth1}\nchecks: [{link: "${ref('name')}", expect: {mtu: "${ref('mtu')}"}}]\n`
    const check = only(text, { name: 'eth0' })
    expect(check?.subject).toBe('eth0')
    expect(check?.expect.properties[0]?.matcher).toEqual({ op: 'equal', value: 1400 })
  })

  test('two dollars are one that means itself', () => {
    expect(only(`checks: [{link: "$${ref('a')}"}]\n`)?.subject).toBe(ref('a'))
  })

  test('what a file says for all of its checks is said by none of those that say it themselves', () => {
    const text =
      'defaults: {from: web, timeout: 5s, severity: warning}\nchecks: [{ping: a}, {ping: b, from: db, timeout: 1s}]\n'
    const { checks } = readAll({ 'a.yaml': text })
    expect(checks).toMatchObject([
      { from: 'web', timeoutMs: 5000, severity: 'warning', name: 'web: ping a' },
      { from: 'db', timeoutMs: 1000, severity: 'warning' },
    ])
  })
})

test('count is how many there are, and of the table of connections the property', () => {
  const table = only('checks: [{conntrack: table, expect: {count: {lt: 9}}}]\n')
  expect(table?.expect).toMatchObject({ properties: [{ property: 'count' }] })
  const connections = only('checks: [{conntrack: 10.0.0.2, expect: {count: 0}}]\n')
  expect(connections?.expect).toMatchObject({ properties: [], count: { property: 'count' } })
})
