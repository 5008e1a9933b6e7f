import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TsnetError } from '../../src/errors.ts'
import { parseSnapshot } from '../../src/model/parse.ts'
import { makeLink, makeNamespace, makeSnapshot } from '../helpers/model.ts'

const good = makeSnapshot([
  makeNamespace('blue', {
    links: [makeLink(1, 'lo'), makeLink(2, 'eth0', { peer: { index: 7 }, mac: '02:42:ac:11:00:02' })],
    firewall: [
      {
        backend: 'legacy',
        family: 'ip',
        table: 'filter',
        chain: 'INPUT',
        position: 1,
        text: '-j DROP',
        syntax: 'iptables',
        packets: 0,
        bytes: 0,
        target: 'DROP',
      },
    ],
    dns: { path: '/etc/resolv.conf', servers: ['10.0.0.1'], search: [], options: [] },
  }),
])

// biome-ignore lint/suspicious/noExplicitAny: any shape is the point
type Anything = any

/** A copy that may be changed anywhere. */
function copy(): Anything {
  return JSON.parse(JSON.stringify(good))
}

function refusal(text: string): string {
  try {
    parseSnapshot(text, 'host.json')
  } catch (error) {
    expect(error).toBeInstanceOf(TsnetError)
    expect(error).toMatchObject({ code: 'input', exitStatus: 2 })
    return (error as Error).message
  }
  return 'it was read'
}

describe('a snapshot', () => {
  test('is read as it was written', () => {
    expect(parseSnapshot(JSON.stringify(good), 'host.json')).toEqual(good)
  })

  test('keeps fields and kinds that this program does not know', () => {
    const newer = copy()
    newer.colour = 'blue'
    newer.kinds.push('colours')
    newer.namespaces[0].links[0].colour = { r: 1 }
    expect(parseSnapshot(JSON.stringify(newer), 'host.json')).toEqual(newer)
  })
})

describe('a file that is something else is refused with what and where', () => {
  test.each([
    ['', 'host.json: the file is empty'],
    ['{"format": 1, "hostn', 'host.json: ends in the middle, after 20 characters'],
    ['{"format": 1,', 'host.json: ends in the middle, after 13 characters'],
    ['{"format": 1,\n hello}', 'host.json: not JSON, at line 2, column 2'],
    ['{"format": 1,\n "a": [1, x]}', 'host.json: not JSON, at line 2, column 11'],
    ['PK\u0003\u0004', 'host.json: not JSON, at line 1, column 1'],
    ['{"format": 1} {', 'host.json: not JSON, at line 1, column 15'],
    ['[]', 'host.json: not a snapshot: it has no `format`'],
    ['null', 'host.json: not a snapshot: it has no `format`'],
    ['{"format": 2}', 'host.json: format 2, and this program reads format 1'],
    ['{"format": 1}', 'host.json: takenAt: expected string, found nothing'],
  ])('%j', (text, message) => {
    expect(refusal(text)).toBe(message)
  })

  test.each([
    [
      'namespaces[0].links[1].mtu: expected number, found string',
      (s: Anything) => (s.namespaces[0].links[1].mtu = '1500'),
    ],
    [
      'namespaces[0].links[1].peer.index: expected number, found nothing',
      (s: Anything) => delete s.namespaces[0].links[1].peer.index,
    ],
    ['namespaces[0].owner.kind: expected "host" or "docker"', (s: Anything) => (s.namespaces[0].owner.kind = 'me')],
    [
      'namespaces[0].firewall[0].text: expected string, found null',
      (s: Anything) => (s.namespaces[0].firewall[0].text = null),
    ],
    ['namespaces: expected array, found object', (s: Anything) => (s.namespaces = {})],
    ['namespaces[0]: expected object, found array', (s: Anything) => (s.namespaces[0] = [])],
    ['features["a b"]: expected true or string, found number', (s: Anything) => (s.features['a b'] = 3)],
    [
      'namespaces[0].dns.servers[0]: expected string, found boolean',
      (s: Anything) => (s.namespaces[0].dns.servers[0] = true),
    ],
  ])('%s', (message, spoil) => {
    const spoilt = copy()
    spoil(spoilt)
    expect(refusal(JSON.stringify(spoilt))).toContain(`host.json: ${message}`)
  })

  test('whatever is in it, and none of its text is repeated', () => {
    const wrong = copy()
    wrong.namespaces[0].links[0].name = { '\u001b[31m': 1 }
    wrong.namespaces[0].sysctls['\u001b]0;x\u0007'] = 1
    expect(refusal(JSON.stringify(wrong))).not.toContain('\u001b')
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(refusal(text)).toMatch(/^host\.json: /)
      }),
    )
  })

  test('wherever it is cut', () => {
    const whole = JSON.stringify(good)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: whole.length - 1 }), (length) => {
        expect(refusal(whole.slice(0, length))).toBe(`host.json: ends in the middle, after ${length} characters`)
      }),
    )
  })
})
