import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { bindUdp } from '../../../src/kernel/namespace-sockets.ts'
import { PacketSocket } from '../../../src/kernel/packets/packet-socket.ts'
import { compileFilter } from '../../../src/kernel/packets/pcap-filter.ts'
import type { ReceivedFrame } from '../../../src/kernel/packets/receive-frames.ts'
import { decodePacket } from '../../../src/model/packets/decode-packet.ts'
import { type PrivateNamespace, privateNamespace, wire } from '../../helpers/private-namespace.ts'

const namespaces: PrivateNamespace[] = []
const sockets: PacketSocket[] = []
const folders: string[] = []

afterEach(async () => {
  await Promise.all(sockets.splice(0).map((socket) => socket.close()))
  for (const namespace of namespaces.splice(0)) namespace.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function pair() {
  const [left, right] = [privateNamespace(), privateNamespace()]
  namespaces.push(left, right)
  wire(
    { namespace: left, link: 'l', addresses: ['10.77.0.1/24', 'fd77::1/64'] },
    { namespace: right, link: 'r', addresses: ['10.77.0.2/24', 'fd77::2/64'] },
  )
  return { left, right }
}

function listen(namespace: PrivateNamespace, filter?: string): PacketSocket {
  const socket = PacketSocket.open(namespace.host, filter === undefined ? {} : { filter: compileFilter(filter) })
  sockets.push(socket)
  return socket
}

async function send(from: PrivateNamespace, to: readonly [string, number], bytes: string | Uint8Array): Promise<void> {
  const socket = bindUdp(from.host, { address: to[0].includes(':') ? '::' : '0.0.0.0', port: 0 })
  await new Promise<void>((resolve) => socket.send(bytes, to[1], to[0], () => resolve()))
  socket.close()
}

/** Reads until there are as many as are wanted, or five seconds are over. */
async function framesOf(socket: PacketSocket, count: number): Promise<ReceivedFrame[]> {
  const frames: ReceivedFrame[] = []
  await expect
    .poll(
      () => {
        frames.push(...socket.read())
        return frames.length
      },
      { timeout: 5_000, interval: 5 },
    )
    .toBeGreaterThanOrEqual(count)
  return frames
}

describe('a packet socket', () => {
  test('sees what leaves and what arrives, with the kernel’s time and the link', async () => {
    const { left, right } = pair()
    const [sent, received] = [listen(left, 'udp port 4000'), listen(right, 'udp port 4000')]
    await send(left, ['10.77.0.2', 4000], 'hello')
    const [[out], [came]] = [await framesOf(sent, 1), await framesOf(received, 1)]
    expect([out?.direction, came?.direction]).toEqual(['out', 'in'])
    expect(came?.timeNs).toBeGreaterThanOrEqual(out?.timeNs ?? 0n)
    expect(Math.abs(Number((out?.timeNs ?? 0n) / 1_000_000n) - Date.now())).toBeLessThan(60_000)
    expect(Buffer.from(decodePacket(came?.bytes ?? new Uint8Array()).payload ?? []).toString()).toBe('hello')
    expect(received.statistics()).toEqual({ packets: 1, drops: 0 })
  })

  test('is given nothing that its filter refuses', async () => {
    const { left, right } = pair()
    const socket = listen(right, 'udp port 4001')
    await send(left, ['10.77.0.2', 4000], 'no')
    await send(left, ['10.77.0.2', 4001], 'yes')
    const frames = await framesOf(socket, 1)
    expect(frames.map(({ bytes }) => decodePacket(bytes).udp?.destinationPort)).toEqual([4001])
  })

  test('says in libpcap’s words what is wrong with a filter', () => {
    expect(() => compileFilter('tcp prot 80')).toThrow('syntax error')
  })
})

/** What tshark says of the same frames. */
async function tshark(frames: readonly ReceivedFrame[], fields: readonly string[]): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'tsnet-pcap-'))
  folders.push(folder)
  const file = join(folder, 'frames.pcap')
  writeFileSync(file, pcapOf(frames))
  const words = ['-r', file, '-T', 'fields', '-E', 'occurrence=f', ...fields.flatMap((field) => ['-e', field])]
  const child = spawn('tshark', words, { stdio: ['ignore', 'pipe', 'ignore'] })
  return (await text(child.stdout))
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
}

/** https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-03.html */
function pcapOf(frames: readonly ReceivedFrame[]): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(0x4_0000, 16)
  header.writeUInt32LE(1, 20)
  const records = frames.flatMap(({ bytes }) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(bytes.length, 8)
    record.writeUInt32LE(bytes.length, 12)
    return [record, bytes]
  })
  return Buffer.concat([header, ...records])
}

const FIELDS = [
  'ip.src',
  'ip.id',
  'ip.ttl',
  'ip.frag_offset',
  'ip.proto',
  'ipv6.src',
  'ipv6.hlim',
  'arp.opcode',
  'frame.len',
]

test('real frames are taken apart as tshark takes them', async () => {
  const { left, right } = pair()
  const socket = listen(right)
  await send(left, ['10.77.0.2', 4000], 'x')
  await send(left, ['10.77.0.2', 4000], Buffer.alloc(4_000))
  await send(left, ['fd77::2', 4000], Buffer.alloc(3_000))
  const frames = await framesOf(socket, 12)
  const ours = frames.map(({ bytes }) => {
    const { ip, arp } = decodePacket(bytes)
    const [v4, v6] = [ip?.version === 4 ? ip : undefined, ip?.version === 6 ? ip : undefined]
    // tshark gives it in units of 8 bytes, as it stands in the header
    const offset = v4 === undefined ? undefined : (v4.fragment?.offset ?? 0) / 8
    return [v4?.source, v4?.id, v4?.ttl, offset, v4?.protocol, v6?.source, v6?.ttl, arp?.operation, bytes.length]
  })
  expect(ours.map((row) => row.map((value) => value ?? ''))).toEqual((await tshark(frames, FIELDS)).map(asNumbers))
})

/** Some versions of tshark write numbers as hexadecimal. */
function asNumbers(row: readonly string[]): (string | number)[] {
  return row.map((field) => (field === '' || Number.isNaN(Number(field)) ? field : Number(field)))
}
