import { TsnetError } from '../../errors.ts'
import { BLOCK, BYTE_ORDER, LINKTYPE, OPTION } from './blocks.ts'

/** A packet of a file. */
export interface StoredPacket {
  /** As the file calls it, `web:eth0`; empty when it does not. */
  readonly interface: string
  readonly linkType: number
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint
  readonly direction?: 'in' | 'out'
  /** Bytes on the wire. */
  readonly length: number
  readonly bytes: Uint8Array
  readonly comment?: string
}

interface StoredInterface {
  readonly name: string
  readonly linkType: number
  /** Units of a second. */
  readonly unitsPerSecond: bigint
}

/**
 * The packets of a pcapng or pcap file, of either byte order. What is cut off at the end is left out.
 *
 * @throws TsnetError `input` for anything else
 */
export function* readCapture(bytes: Uint8Array, name: string): Generator<StoredPacket> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = bytes.length >= 24 ? view.getUint32(0, true) : 0
  if (magic === BLOCK.SECTION) yield* readBlocks(bytes, view)
  else if (PCAP[magic] !== undefined) yield* readRecords(bytes, view, PCAP[magic])
  else throw new TsnetError('input', `${name}: neither pcapng nor pcap`)
}

/** https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap: byte order, and nanoseconds in a unit of the fraction. */
const PCAP: Readonly<Record<number, { readonly little: boolean; readonly unitNs: bigint }>> = {
  2712847316: { little: true, unitNs: 1_000n },
  3569595041: { little: false, unitNs: 1_000n },
  2712812621: { little: true, unitNs: 1n },
  1295823521: { little: false, unitNs: 1n },
}

const RECORD_BYTES = 16

function* readRecords(
  bytes: Uint8Array,
  view: DataView,
  { little, unitNs }: { readonly little: boolean; readonly unitNs: bigint },
): Generator<StoredPacket> {
  const linkType = view.getUint32(20, little) & 0xffff
  for (let at = 24; at + RECORD_BYTES <= bytes.length; ) {
    const kept = view.getUint32(at + 8, little)
    const start = at + RECORD_BYTES
    if (start + kept > bytes.length) return
    const timeNs = BigInt(view.getUint32(at, little)) * NS + BigInt(view.getUint32(at + 4, little)) * unitNs
    const length = view.getUint32(at + 12, little)
    yield { interface: '', linkType, timeNs, length, bytes: bytes.subarray(start, start + kept) }
    at = start + kept
  }
}

const NS = 1_000_000_000n
const OUTSIDE_BYTES = 12

function* readBlocks(bytes: Uint8Array, view: DataView): Generator<StoredPacket> {
  let little = true
  let interfaces: StoredInterface[] = []
  for (let at = 0; at + OUTSIDE_BYTES <= bytes.length; ) {
    const isSection = view.getUint32(at, true) === BLOCK.SECTION
    if (isSection) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER
      interfaces = []
    }
    const total = view.getUint32(at + 4, little)
    if (total < OUTSIDE_BYTES || total % 4 !== 0 || at + total > bytes.length) return
    const part = new DataView(view.buffer, view.byteOffset + at + 8, total - OUTSIDE_BYTES)
    const type = view.getUint32(at, little)
    if (type === BLOCK.INTERFACE && part.byteLength >= 8) interfaces.push(readInterface(part, little))
    if (type === BLOCK.ENHANCED && part.byteLength >= 20) yield* readEnhanced(part, little, interfaces)
    at += total
  }
}

function readInterface(part: DataView, little: boolean): StoredInterface {
  let name = ''
  let unitsPerSecond = 1_000_000n
  for (const { code, value } of options(part, 8, little)) {
    if (code === OPTION.INTERFACE.NAME) name = text(value)
    if (code === OPTION.INTERFACE.RESOLUTION) unitsPerSecond = resolutionOf(value[0] ?? 6)
  }
  return { name, linkType: part.getUint16(0, little), unitsPerSecond }
}

/** A power of 10, or with the highest bit of 2. */
function resolutionOf(value: number): bigint {
  return value < 0x80 ? 10n ** BigInt(value) : 2n ** BigInt(value & 0x7f)
}

function* readEnhanced(
  part: DataView,
  little: boolean,
  interfaces: readonly StoredInterface[],
): Generator<StoredPacket> {
  const found = interfaces[part.getUint32(0, little)]
  const kept = part.getUint32(12, little)
  if (found === undefined || 20 + kept > part.byteLength) return
  const units = (BigInt(part.getUint32(4, little)) << 32n) | BigInt(part.getUint32(8, little))
  let direction: 'in' | 'out' | undefined
  let comment: string | undefined
  for (const { code, value } of options(part, 20 + ((kept + 3) & ~3), little)) {
    if (code === OPTION.COMMENT) comment = text(value)
    if (code === OPTION.PACKET.FLAGS) direction = directionOf((little ? value[0] : value[3]) ?? 0)
  }
  yield {
    interface: found.name,
    linkType: found.linkType,
    timeNs: (units * NS) / found.unitsPerSecond,
    length: part.getUint32(16, little),
    bytes: new Uint8Array(part.buffer, part.byteOffset + 20, kept),
    ...(direction === undefined ? {} : { direction }),
    ...(comment === undefined ? {} : { comment }),
  }
}

function directionOf(flags: number): 'in' | 'out' | undefined {
  const bits = flags & 3
  if (bits === 0 || bits === 3) return undefined
  return bits === 1 ? 'in' : 'out'
}

function* options(part: DataView, from: number, little: boolean) {
  for (let at = from; at + 4 <= part.byteLength; ) {
    const code = part.getUint16(at, little)
    const length = part.getUint16(at + 2, little)
    if (code === OPTION.END || at + 4 + length > part.byteLength) return
    yield { code, value: new Uint8Array(part.buffer, part.byteOffset + at + 4, length) }
    at += 4 + ((length + 3) & ~3)
  }
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value)
}

/** What decoding begins with; undefined for link types that are not taken apart. */
export function startOf(linkType: number): 'ethernet' | 'ip' | undefined {
  if (linkType === LINKTYPE.ETHERNET) return 'ethernet'
  return RAW_TYPES.has(linkType) ? 'ip' : undefined
}

/** DLT_RAW as files of other systems write it, and raw IPv4 and IPv6. */
const RAW_TYPES: ReadonlySet<number> = new Set([LINKTYPE.RAW, 12, 14, 228, 229])
