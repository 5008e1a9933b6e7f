import type { Bytes } from '../bytes.ts'
import { TCP_FLAG_NAMES } from '../names.ts'
import { cutLayer, dataLayer, field, hex, layer, type PacketNode, yesNo } from './node.ts'

const TCP_BYTES = 20

/** RFC 9293, section 3.1. An error's copy may end after the first 8 bytes, which hold ports and sequence number. */
export function tcpTree(bytes: Bytes): readonly PacketNode[] {
  if (!bytes.has(8)) return cutLayer(bytes, `TCP header: ${bytes.length} of ${TCP_BYTES} bytes`)
  const [source, destination] = [bytes.u16(0), bytes.u16(2)]
  const ports = [
    field(bytes, ['tcp.srcport', 'Source port', 0, 2, source]),
    field(bytes, ['tcp.dstport', 'Destination port', 2, 2, destination]),
    field(bytes, ['tcp.seq_raw', 'Sequence', 4, 4, bytes.u32(4)]),
  ]
  const headerBytes = Math.max(TCP_BYTES, (bytes.u8(12) >> 4) * 4)
  const text = `${source} → ${destination}`
  if (!bytes.has(headerBytes)) {
    const rest = bytes.from(8)
    const cut = cutLayer(rest, `TCP header: ${bytes.length} of ${headerBytes} bytes`)
    return [layer(bytes, ['tcp', 'TCP', bytes.length, text], [...ports, ...(rest.length === 0 ? [] : cut)])]
  }
  const options = bytes.from(TCP_BYTES, headerBytes - TCP_BYTES)
  const tcp = layer(
    bytes,
    ['tcp', 'TCP', headerBytes, `${text} [${flagsText(bytes.u8(13))}]`],
    [
      ...ports,
      field(bytes, ['tcp.ack_raw', 'Acknowledgement', 8, 4, bytes.u32(8)]),
      field(bytes, ['tcp.hdr_len', 'Header', 12, 1, `${headerBytes} bytes`]),
      flagsNode(bytes),
      field(bytes, ['tcp.window_size_value', 'Window', 14, 2, bytes.u16(14)]),
      field(bytes, ['tcp.checksum', 'Checksum', 16, 2, hex(bytes.u16(16), 4)]),
      field(bytes, ['tcp.urgent_pointer', 'Urgent pointer', 18, 2, bytes.u16(18)]),
      ...optionsNodes(options),
    ],
  )
  return [tcp, ...dataLayer(bytes.from(headerBytes))]
}

function flagsText(flags: number): string {
  return TCP_FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0)
    .map(([, name]) => name)
    .join(' ')
}

const FLAG_FIELDS = [
  [128, 'tcp.flags.cwr', 'CWR'],
  [64, 'tcp.flags.ece', 'ECE'],
  [32, 'tcp.flags.urg', 'URG'],
  [16, 'tcp.flags.ack', 'ACK'],
  [8, 'tcp.flags.push', 'PSH'],
  [4, 'tcp.flags.reset', 'RST'],
  [2, 'tcp.flags.syn', 'SYN'],
  [1, 'tcp.flags.fin', 'FIN'],
] as const

function flagsNode(bytes: Bytes): PacketNode {
  const flags = bytes.u8(13)
  const parts = FLAG_FIELDS.map(([bit, name, label]) => field(bytes, [name, label, 13, 1, yesNo((flags & bit) !== 0)]))
  const value = `${hex(bytes.u16(12) & 0x0fff, 3)} ${flagsText(flags)}`.trim()
  return field(bytes, ['tcp.flags', 'Flags', 12, 2, value], parts)
}

const END = 0
const NOTHING = 1
const MOST_OPTIONS = 40

/** Name of its number, its label, and what it says. */
const OPTIONS: Readonly<Record<number, readonly [string, string, (bytes: Bytes) => string]>> = {
  2: ['tcp.options.mss', 'Segment size', (bytes) => String(bytes.u16(2))],
  3: ['tcp.options.wscale', 'Window scale', (bytes) => `${bytes.u8(2)} (× ${2 ** Math.min(14, bytes.u8(2))})`],
  4: ['tcp.options.sack_perm', 'Selective acknowledgement', () => 'permitted'],
  5: ['tcp.options.sack', 'Selective acknowledgement', sackText],
  8: ['tcp.options.timestamp', 'Timestamps', (bytes) => `${bytes.u32(2)}, echo of ${bytes.u32(6)}`],
}

function sackText(bytes: Bytes): string {
  const blocks: string[] = []
  for (let at = 2; bytes.length >= at + 8; at += 8) blocks.push(`${bytes.u32(at)}–${bytes.u32(at + 4)}`)
  return blocks.join(' ')
}

function optionsNodes(options: Bytes): readonly PacketNode[] {
  if (options.length === 0) return []
  const nodes: PacketNode[] = []
  let at = 0
  while (at < options.length && nodes.length < MOST_OPTIONS) {
    const kind = options.u8(at)
    const length = kind === END || kind === NOTHING ? 1 : Math.max(2, options.u8(at + 1))
    nodes.push(optionNode(options.from(at, length), kind))
    if (kind === END) break
    at += length
  }
  return [field(options, ['tcp.options', 'Options', 0, options.length, `${options.length} bytes`], nodes)]
}

function optionNode(bytes: Bytes, kind: number): PacketNode {
  if (kind === END) return field(bytes, ['tcp.options.eol', 'End', 0, 1, ''])
  if (kind === NOTHING) return field(bytes, ['tcp.options.nop', 'Nothing', 0, 1, ''])
  const [name, label, value] = OPTIONS[kind] ?? ['tcp.options.unknown', `Option ${kind}`, () => `${bytes.length} bytes`]
  return field(bytes, [name, label, 0, bytes.length, value(bytes)])
}
