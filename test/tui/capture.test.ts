import { describe, expect, test } from 'vitest'
import type { PacketRecord } from '../../src/report/packets/packet-record.ts'
import { PacketItem } from '../../src/tui/capture/packet-item.ts'
import { keepNewest } from '../../src/tui/capture/packet-ring.ts'
import { wantedCapture } from '../../src/tui/wanted.ts'
import { HOST, sampleSnapshot } from './sample.ts'
import { openScreen, type Session, WIDE } from './typing.ts'

const [ENTER, ESC, CTRL_F] = ['\r', '\x1b', '\x06']
const WEB = HOST + 2

/** An echo request from 10.0.0.1 to 10.0.0.2. */
const FRAME = Buffer.from(
  '02000000000202000000000108004500001c000040004001' + '26df0a0000010a000002' + '0800f7fe00010000',
  'hex',
).toString('base64')

function packet(number: number, fields: Partial<PacketRecord> = {}): PacketItem {
  const record: PacketRecord = {
    timeNs: String(1_700_000_000_000_000_000n + BigInt(number)),
    namespace: WEB,
    place: 'web:eth0',
    direction: 'out',
    length: 42,
    begins: 'ethernet',
    source: 'web',
    destination: 'db',
    protocol: 'ICMP',
    info: `echo request ${number}`,
    conversation: 'icmp web db',
    bytes: FRAME,
    ...fields,
  }
  return new PacketItem(number, JSON.stringify(record))
}

/** A screen on which web is captured, as far as the child process told. */
function capturing(...packets: readonly PacketItem[]): Session {
  const session = openScreen(sampleSnapshot(), WIDE).type('jjjj')
  session.type('c')
  return arrive(session, ...packets)
}

function arrive(session: Session, ...packets: readonly PacketItem[]): Session {
  const { turn, seen } = session.state.capture
  session.send({ type: 'capture', key: turn, event: { kind: 'capturing' } })
  const event = { kind: 'packets', packets, seen: seen + packets.length } as const
  return session.send({ type: 'capture', key: turn, event })
}

describe('capture', () => {
  test('c on a namespace wants its packets, each with its bytes, as long as they are looked at', () => {
    const session = capturing()
    const words = ['capture', '--json', '--bytes', '--snaplen=9216', '--buffer=32M', `--netns=inode:${WEB}`]
    expect(wantedCapture(session.state)?.words).toEqual(words)
    session.type(ESC)
    expect(wantedCapture(session.state)).toBeUndefined()
    expect(wantedCapture(session.type('r').state)?.words).toEqual(words)
  })

  test('a filter goes to the kernel by its words, and what is wrong with it is shown', () => {
    const session = capturing(packet(1)).type(`c`)
    expect(session.frame()).toContain(':capture █')
    session.type(`port 80 and not arp${ENTER}`)
    expect(wantedCapture(session.state)?.words.at(-1)).toBe('port 80 and not arp')
    const { turn } = session.state.capture
    session.send({ type: 'capture', key: turn, event: { kind: 'ended', problem: 'filter x: syntax error (column 1)' } })
    expect(session.frame()).toContain('syntax error (column 1)')
    expect(wantedCapture(session.state)).toBeUndefined()
  })

  test('the list follows the newest packet until the cursor moves; frozen, what arrives waits', () => {
    const session = capturing(packet(1), packet(2))
    expect(session.line('▸ 22:')).toContain('echo request 2')
    arrive(session, packet(3))
    expect(session.line('▸ 22:')).toContain('echo request 3')
    session.type('k')
    arrive(session, packet(4))
    expect(session.line('▸ 22:')).toContain('echo request 2')
    session.type(CTRL_F)
    arrive(session, packet(5))
    expect(session.frame()).not.toContain('echo request 5')
    expect(session.type(CTRL_F).frame()).toContain('echo request 5')
  })

  test('packets of a capture that is over are nobody’s', () => {
    const session = capturing(packet(1))
    const { turn } = session.state.capture
    session.type('r')
    session.send({ type: 'capture', key: turn, event: { kind: 'packets', packets: [packet(2)], seen: 2 } })
    expect(session.state.capture.packets).toEqual([])
  })

  test('f leaves one conversation, in both directions, and w writes what is shown', () => {
    const other = { conversation: 'udp web dns', protocol: 'UDP', info: 'a question' }
    const session = capturing(packet(1), packet(2, other), packet(3, { info: 'echo reply', direction: 'in' }))
    session.type('f')
    expect(session.frame()).toContain('echo reply')
    expect(session.frame()).not.toContain('a question')
    session.type('w')
    const effect = session.effects.find(({ type }) => type === 'write-packets')
    expect(effect).toMatchObject({ packets: [{ number: 1 }, { number: 3 }] })
    expect(session.type('f').frame()).toContain('a question')
  })

  test('enter takes a packet apart: layers that fold, and the bytes of the chosen one between brackets', () => {
    const session = capturing(packet(1)).type(ENTER)
    expect(session.line('▾ ICMP')).toContain('echo request')
    expect(session.frame()).toMatch(/\[08 00 f7 fe 00 01 00 00\]/)
    session.type('k')
    expect(session.line('▸ ▹ IPv4')).toContain('10.0.0.1 → 10.0.0.2')
    session.type(ENTER)
    expect(session.frame()).toMatch(/▸ ▾ IPv4[\s\S]* TTL|Time to live/)
    session.type(ESC)
    expect(session.frame()).not.toContain('▾ ICMP')
  })

  test('names from outside are text', () => {
    const session = capturing(packet(1, { source: 'we\u001b[2Jb', info: 'x\u202ey' }))
    expect(session.frame()).not.toMatch(/\u001b\[2J|\u202e/)
  })

  test('the newest are kept, by number and by size', () => {
    const four = [1, 2, 3, 4].map((number) => packet(number))
    const numbers = (items: readonly PacketItem[]) => items.map(({ number }) => number)
    expect(numbers(keepNewest(four.slice(0, 2), four.slice(2), { packets: 3, size: 1e6 }))).toEqual([2, 3, 4])
    const { size } = packet(1)
    expect(numbers(keepNewest(four, [], { packets: 9, size: size * 2 + 1 }))).toEqual([3, 4])
  })
})
