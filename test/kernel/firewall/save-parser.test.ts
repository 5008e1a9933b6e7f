import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TsnetError } from '../../../src/errors.ts'
import { type SavedRules, SaveParser } from '../../../src/kernel/firewall/save-parser.ts'
import { ruleParts } from '../../../src/kernel/firewall/save-rule.ts'

const legacy = readFileSync(new URL('../../../fixtures/firewall/legacy.save', import.meta.url))

function parse(...chunks: (Buffer | string)[]): SavedRules {
  const parser = new SaveParser({ backend: 'legacy', family: 'ip' })
  for (const chunk of chunks) parser.push(Buffer.from(chunk))
  return parser.finish()
}

describe('the listing of iptables-legacy-save', () => {
  test('gives every rule with table, chain, position and counters', () => {
    const { rules } = parse(legacy)
    expect(rules.map(({ table, chain, position, packets, bytes }) => [table, chain, position, packets, bytes])).toEqual(
      [
        ['filter', 'INPUT', 1, 4, 336],
        ['filter', 'FORWARD', 1, 0, 0],
        ['filter', 'FORWARD', 2, 0, 0],
        ['filter', 'FORWARD', 3, 0, 0],
        ['filter', 'FORWARD', 4, 0, 0],
        ['filter', 'KUBE-SERVICES', 1, 0, 0],
        ['nat', 'PREROUTING', 1, 0, 0],
        ['nat', 'POSTROUTING', 1, 0, 0],
        ['nat', 'DOCKER', 1, 0, 0],
        ['nat', 'DOCKER', 2, 0, 0],
      ],
    )
  })

  test('gives the text of a rule as it stands, and its target', () => {
    const { rules } = parse(legacy)
    expect(rules.at(-1)).toEqual({
      backend: 'legacy',
      family: 'ip',
      table: 'nat',
      chain: 'DOCKER',
      position: 2,
      text: '! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
      syntax: 'iptables',
      packets: 0,
      bytes: 0,
      target: 'DNAT',
    })
  })

  test('gives built-in chains with policy, counters and hook, and chains of users without', () => {
    const { chains } = parse(legacy)
    expect(chains.find(({ chain }) => chain === 'OUTPUT')).toEqual({
      backend: 'legacy',
      family: 'ip',
      table: 'filter',
      chain: 'OUTPUT',
      hook: 'output',
      priority: 0,
      type: 'filter',
      policy: 'ACCEPT',
      packets: 4,
      bytes: 336,
    })
    expect(chains.find(({ chain }) => chain === 'DOCKER')).toEqual({
      backend: 'legacy',
      family: 'ip',
      table: 'nat',
      chain: 'DOCKER',
    })
  })

  test('says the same wherever a pipe cuts it, even inside a character', () => {
    const whole = parse(legacy)
    fc.assert(
      fc.property(fc.array(fc.nat(legacy.length), { maxLength: 8 }), (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), legacy.length]
        const chunks = edges.slice(1).map((edge, position) => legacy.subarray(edges[position], edge))
        expect(parse(...chunks)).toEqual(whole)
      }),
    )
  })
})

describe('target and comment of a rule', () => {
  test.each([
    ['-i lo -j ACCEPT', { target: 'ACCEPT' }],
    ['-j ACCEPT', { target: 'ACCEPT' }],
    ['-p tcp', {}],
    ['', {}],
    ['-j DROP -s 10.9.0.7', { target: 'DROP' }],
    ['-m comment --comment "a \\"q\\" -g b" -g KUBE-SERVICES', { target: 'KUBE-SERVICES', comment: 'a "q" -g b' }],
    ['-m comment --comment -j -j REJECT', { target: 'REJECT', comment: '-j' }],
    ['-m string --string "x -j DROP" --algo bm -j LOG --log-prefix "a -j b"', { target: 'LOG' }],
    ['-j LOG --log-prefix " -j DROP" -m comment --comment late', { target: 'LOG', comment: 'late' }],
    ['-m comment --comment "no end', { comment: 'no end' }],
  ])('of "%s"', (text, parts) => {
    expect(ruleParts(text)).toEqual(parts)
  })
})

describe('what is not a listing', () => {
  test.each([
    ['[0:0] -A INPUT -j DROP\n', 'line 1 is not a rule of a table'],
    ['*filter\n[0:x] -A INPUT -j DROP\n', 'line 2 has counters that are no numbers'],
    ['*filter\n[0:0 -A INPUT\n', 'line 2 has no counters'],
    ['*filter\n:INPUT\n', 'line 2 is not a chain of a table'],
    ['*filter\nhello', 'line 2 is not understood'],
  ])('is refused with its line: %j', (text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  test('is refused when a line has no end', () => {
    const endless = Buffer.alloc(600_000, 'a')
    expect(() => parse(endless, endless)).toThrow('too long')
  })

  test('of any bytes gives rules or our error', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('*filter', ':INPUT ACCEPT [0:0]', '[1:2] -A INPUT -j DROP', 'COMMIT', '-A', '[', '[1:2] -A '),
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(line).map((lines) => Buffer.from(lines.join('\n'))),
    )
    fc.assert(
      fc.property(bytes, (any) => {
        try {
          expect(parse(Buffer.from(any)).rules).toBeInstanceOf(Array)
        } catch (error) {
          expect(error).toBeInstanceOf(TsnetError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
