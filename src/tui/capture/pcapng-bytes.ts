import { encodeInterface, encodeSection, LINKTYPE, padded } from '../../model/pcapng/blocks.ts'
import { PacketChunk, packetFlags } from '../../model/pcapng/packet-chunk.ts'
import { sanitise } from '../../report/sanitise.ts'
import { SNAPLEN } from './capture.ts'
import { bytesOf, type PacketRow } from './packet-item.ts'

/** Around the bytes of a packet: block, flags, end of options. */
const AROUND = 48
const NS = 1_000_000_000n
/** linux/if_packet.h: PACKET_HOST and PACKET_OUTGOING */
const TYPES = { in: 0, out: 4 } as const

/** Packets as a file of their own, an interface block for each place. */
export function pcapngBytes(rows: readonly PacketRow[], filter: string): Uint8Array {
  const names = [...new Set(rows.map(nameOf))]
  const blocks = [
    encodeSection({ application: 'tsnet-shoot', os: 'Linux' }),
    ...names.map((name) => {
      const [begins = '', place = ''] = name.split('\0')
      const linkType = begins === 'ip' ? LINKTYPE.RAW : LINKTYPE.ETHERNET
      return encodeInterface({
        name: sanitise(place),
        linkType,
        snaplen: SNAPLEN,
        ...(filter === '' ? {} : { filter }),
      })
    }),
  ]
  const positions = new Map(names.map((name, position) => [name, position]))
  const frames = rows.map(bytesOf)
  const head = blocks.reduce((sum, { length }) => sum + length, 0)
  const chunk = new PacketChunk(frames.reduce((sum, { length }) => sum + padded(length) + AROUND, head))
  for (const block of blocks) chunk.addBlock(block)
  for (const [at, row] of rows.entries()) {
    const memory = frames[at] ?? new Uint8Array()
    const timeNs = BigInt(row.timeNs)
    chunk.addPacket(
      {
        seconds: Number(timeNs / NS),
        nanoseconds: Number(timeNs % NS),
        length: row.length,
        memory,
        start: 0,
        end: memory.length,
        tag: 0,
      },
      { interface: positions.get(nameOf(row)) ?? 0, flags: packetFlags(TYPES[row.direction ?? 'in']) },
    )
  }
  return chunk.bytes
}

/** What packets of one place begin with is the same. */
function nameOf({ begins, place }: PacketRow): string {
  return `${begins}\0${place}`
}
