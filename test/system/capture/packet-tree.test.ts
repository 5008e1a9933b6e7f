import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import type { PacketNode } from '../../../src/model/packets/tree/node.ts'
import { packetTree } from '../../../src/model/packets/tree/packet-tree.ts'

/** A field of a packet, as tshark says it: a layer, or a part of one. */
interface PdmlField {
  readonly name: string
  readonly start: number
  readonly length: number
}

const run = promisify(execFile)

let frames: readonly Buffer[]
let pdml: readonly (readonly PdmlField[])[]

beforeAll(async () => {
  const text = await readFile(new URL('../../model/packets/fixtures/kinds.hex', import.meta.url), 'utf8')
  frames = text
    .split('\n')
    .filter((line) => /^[0-9a-f]+$/.test(line))
    .map((line) => Buffer.from(line, 'hex'))
  pdml = await dissect(frames)
}, 60_000)

/** Layers one by one: nothing put together again, and what is ours as data is data. */
const PREFERENCES = ['tcp.desegment_tcp_streams', 'ip.defragment', 'ipv6.defragment'].flatMap((name) => [
  '-o',
  `${name}:FALSE`,
])

async function dissect(packets: readonly Buffer[]): Promise<readonly (readonly PdmlField[])[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tsnet-tree-'))
  try {
    const file = join(folder, 'frames.pcap')
    await writeFile(file, pcapOf(packets))
    const words = ['-r', file, '-n', '-T', 'pdml', ...PREFERENCES, '--disable-protocol', 'http']
    const { stdout } = await run('tshark', words, { maxBuffer: 64 * 1024 * 1024 })
    return stdout.split('<packet>').slice(1).map(fieldsOf)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function pcapOf(packets: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2c3d4, 0)
  head.writeUInt16LE(2, 4)
  head.writeUInt16LE(4, 6)
  head.writeUInt32LE(65_535, 16)
  head.writeUInt32LE(1, 20)
  const records = packets.flatMap((packet) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(packet.length, 8)
    record.writeUInt32LE(packet.length, 12)
    return [record, packet]
  })
  return Buffer.concat([head, ...records])
}

function fieldsOf(packet: string): readonly PdmlField[] {
  return [...packet.matchAll(/<(?:proto|field) ([^>]*)>/g)].flatMap(([, attributes = '']) => {
    const value = (name: string) => new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? ''
    const name = value('name')
    return name === '' ? [] : [{ name, start: Number(value('pos')), length: Number(value('size')) }]
  })
}

function flatten(nodes: readonly PacketNode[]): readonly PacketNode[] {
  return nodes.flatMap((node) => [node, ...flatten(node.children)])
}

test('every field is where tshark says that it is', () => {
  const compared = new Set<string>()
  const wrong = frames.flatMap((frame, number) => {
    const theirs = pdml[number] ?? []
    return flatten(packetTree(frame)).flatMap(({ name, start, length, value }) => {
      const known = theirs.filter((each) => (THEIR_NAMES[name] ?? [name]).includes(each.name))
      const isElsewhere = known.every((each) => each.start !== start)
      if (known.length === 0 || (isElsewhere && OURS.has(name)))
        return OURS.has(name) ? [] : [`frame ${number + 1}: ${name} is not theirs (${value})`]
      compared.add(name)
      const isThere = known.some((each) => each.start === start && (OPEN.has(name) || each.length === length))
      const places = known.map((each) => `${each.start}+${each.length}`).join(' or ')
      return isThere ? [] : [`frame ${number + 1}: ${name} ${start}+${length}, not ${places}`]
    })
  })
  expect(wrong).toEqual([])
  expect([...compared].toSorted().join(' ')).toContain('udp.srcport')
  expect(compared.size).toBeGreaterThan(90)
})

/** What tshark has no name for, or not in every frame. */
const OURS: ReadonlySet<string> = new Set([
  'data',
  'data.text',
  'dns.qry',
  'dns.resp',
  'esp.encrypted',
  'ieee8021ad.etype',
  'ip.options',
  // of a header that an ICMP error cuts
  'tcp.seq_raw',
])

const THEIR_NAMES: Readonly<Record<string, readonly string[]>> = { data: ['data.data', 'tcp.payload', 'udp.payload'] }

/** Layers that tshark ends elsewhere: behind what they carry, or before the headers that extend them. */
const OPEN: ReadonlySet<string> = new Set(['icmp', 'icmpv6', 'ipv6'])
