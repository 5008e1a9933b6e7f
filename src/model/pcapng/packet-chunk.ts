import { BLOCK, OPTION, padded, utf8 } from './blocks.ts'

/** A packet to be written, in part of a larger memory. */
export interface PacketRecord {
  readonly seconds: number
  readonly nanoseconds: number
  /** Bytes on the wire, without `tag`. */
  readonly length: number
  readonly memory: Uint8Array
  readonly start: number
  readonly end: number
  /** TPID × 65536 + TCI of a tag that is not in its bytes; 0 = none. */
  readonly tag: number
}

export interface PacketPlace {
  /** Position of its interface description block. */
  readonly interface: number
  /** epb_flags: how it came ({@link packetFlags}). */
  readonly flags: number
  readonly comment?: string | undefined
}

const HEAD_BYTES = 28
/** Flags and the end of options. */
const TAIL_BYTES = 8 + 4 + 4
const MACS_BYTES = 12
const TAG_BYTES = 4

/** Enhanced packet blocks, one behind the other, in a buffer of a fixed size that is used again and again. */
export class PacketChunk {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #used = 0
  #packets = 0

  constructor(bytes: number) {
    this.#bytes = new Uint8Array(bytes)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get used(): number {
    return this.#used
  }

  get packets(): number {
    return this.#packets
  }

  /** What was written; valid until {@link clear}. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used)
  }

  clear(): void {
    this.#used = 0
    this.#packets = 0
  }

  /** Other whole blocks. False = no room, nothing was written. */
  addBlock(block: Uint8Array): boolean {
    if (this.#used + block.length > this.#bytes.length) return false
    this.#bytes.set(block, this.#used)
    this.#used += block.length
    return true
  }

  /** False = no room, nothing was written. */
  addPacket(record: PacketRecord, { interface: position, flags, comment }: PacketPlace): boolean {
    const text = comment === undefined ? undefined : utf8(comment)
    const isTagged = record.tag !== 0 && record.end - record.start >= MACS_BYTES
    const extra = isTagged ? TAG_BYTES : 0
    const kept = record.end - record.start + extra
    const textBytes = text === undefined ? 0 : 4 + padded(text.length)
    const total = HEAD_BYTES + padded(kept) + textBytes + TAIL_BYTES
    if (this.#used + total > this.#bytes.length) return false
    const view = this.#view
    const at = this.#used
    view.setUint32(at, BLOCK.ENHANCED, true)
    view.setUint32(at + 4, total, true)
    view.setUint32(at + 8, position, true)
    this.#setTime(at + 12, record)
    view.setUint32(at + 20, kept, true)
    view.setUint32(at + 24, record.length + extra, true)
    if (isTagged) this.#setTagged(at + HEAD_BYTES, record)
    else this.#bytes.set(record.memory.subarray(record.start, record.end), at + HEAD_BYTES)
    let next = at + HEAD_BYTES + kept
    for (const end = at + HEAD_BYTES + padded(kept); next < end; next++) this.#bytes[next] = 0
    if (text !== undefined) next = this.#setComment(next, text)
    view.setUint16(next, OPTION.PACKET.FLAGS, true)
    view.setUint16(next + 2, 4, true)
    view.setUint32(next + 4, flags, true)
    view.setUint32(next + 8, OPTION.END, true)
    view.setUint32(next + 12, total, true)
    this.#used += total
    this.#packets++
    return true
  }

  #setComment(at: number, text: Uint8Array): number {
    this.#view.setUint16(at, OPTION.COMMENT, true)
    this.#view.setUint16(at + 2, text.length, true)
    this.#bytes.set(text, at + 4)
    const end = at + 4 + padded(text.length)
    this.#bytes.fill(0, at + 4 + text.length, end)
    return end
  }

  /** The tag goes where it was: behind the two addresses. */
  #setTagged(at: number, { memory, start, end, tag }: PacketRecord): void {
    this.#bytes.set(memory.subarray(start, start + MACS_BYTES), at)
    this.#view.setUint32(at + MACS_BYTES, tag)
    this.#bytes.set(memory.subarray(start + MACS_BYTES, end), at + MACS_BYTES + TAG_BYTES)
  }

  /** 64 bits of nanoseconds, of which a double would lose the last ones; a bigint for each packet would be slow. */
  #setTime(at: number, { seconds, nanoseconds }: PacketRecord): void {
    const high = Math.floor(seconds / 0x1_0000) * 1e9
    const rest = (high % 0x1_0000) * 0x1_0000 + (seconds % 0x1_0000) * 1e9 + nanoseconds
    this.#view.setUint32(at, Math.floor(high / 0x1_0000) + Math.floor(rest / 0x1_0000_0000), true)
    this.#view.setUint32(at + 4, rest % 0x1_0000_0000, true)
  }
}

/** epb_flags of PACKET_* (linux/if_packet.h): direction in bits 0 and 1, who it was sent to in bits 2 to 4. */
export function packetFlags(type: number): number {
  return FLAGS[type] ?? 0
}

const FLAGS: readonly number[] = [0b0_0101, 0b0_1101, 0b0_1001, 0b1_0001, 0b0_0010]

/** Ends of whole blocks: how many of these bytes can be kept so that no block is cut. */
export function wholeBlocks(bytes: Uint8Array, most: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at + 8 <= bytes.length) {
    const end = at + view.getUint32(at + 4, true)
    if (end <= at || end > most) break
    at = end
  }
  return at
}
