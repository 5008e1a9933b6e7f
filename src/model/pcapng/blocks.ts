/**
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian. Each is a multiple of 4 bytes and says its length
 * at both ends.
 */
export const BLOCK = { SECTION: 0x0a0d0d0a, INTERFACE: 1, PACKET: 3, STATISTICS: 5, ENHANCED: 6 } as const
export const BYTE_ORDER = 0x1a2b3c4d

/** Option codes; those of different blocks overlap. */
export const OPTION = {
  END: 0,
  COMMENT: 1,
  SECTION: { HARDWARE: 2, OS: 3, APPLICATION: 4 },
  INTERFACE: { NAME: 2, DESCRIPTION: 3, RESOLUTION: 9, FILTER: 11, OS: 12 },
  PACKET: { FLAGS: 2 },
  STATISTICS: { START: 2, END: 3, RECEIVED: 4, DROPPED: 5 },
} as const

/** https://www.ietf.org/archive/id/draft-ietf-opsawg-pcaplinktype: what packets of an interface begin with. */
export const LINKTYPE = { ETHERNET: 1, RAW: 101 } as const

/** Code and value; a number is written as 64 bits, its high half first, as timestamps and counters are. */
type Option = readonly [code: number, value: string | Uint8Array]

export interface SectionDescription {
  readonly application: string
  readonly os: string
  readonly comment?: string
}

export interface InterfaceDescription {
  /** `web:eth0` */
  readonly name: string
  readonly description?: string
  readonly linkType: number
  /** Most bytes kept of a packet; 0 = all. */
  readonly snaplen: number
  /** As it was given. */
  readonly filter?: string
}

export interface InterfaceStatistics {
  /** Position of its description block. */
  readonly interface: number
  readonly startNs: bigint
  readonly endNs: bigint
  /** Packets. */
  readonly received: number
  readonly dropped?: number
  readonly comment?: string
}

const UNKNOWN_LENGTH = 0xffff_ffff_ffff_ffffn

/** What a file begins with. */
export function encodeSection({ application, os, comment }: SectionDescription): Uint8Array {
  const body = new Uint8Array(16)
  const view = new DataView(body.buffer)
  view.setUint32(0, BYTE_ORDER, true)
  view.setUint16(4, 1, true)
  view.setBigUint64(8, UNKNOWN_LENGTH, true)
  const comments: Option[] = comment === undefined ? [] : [[OPTION.COMMENT, comment]]
  return block(BLOCK.SECTION, body, [...comments, [OPTION.SECTION.OS, os], [OPTION.SECTION.APPLICATION, application]])
}

const NANOSECONDS = Uint8Array.of(9)
/** if_filter begins with what kind of filter it is: 0 = text, as tcpdump takes it. */
const FILTER_TEXT = '\0'

/** An interface; the first one of a section is number 0. */
export function encodeInterface(description: InterfaceDescription): Uint8Array {
  const { name, linkType, snaplen, filter } = description
  const body = new Uint8Array(8)
  const view = new DataView(body.buffer)
  view.setUint16(0, linkType, true)
  view.setUint32(4, snaplen, true)
  const options: Option[] = [[OPTION.INTERFACE.NAME, name]]
  if (description.description !== undefined) options.push([OPTION.INTERFACE.DESCRIPTION, description.description])
  options.push([OPTION.INTERFACE.RESOLUTION, NANOSECONDS])
  if (filter !== undefined) options.push([OPTION.INTERFACE.FILTER, `${FILTER_TEXT}${filter}`])
  return block(BLOCK.INTERFACE, body, options)
}

/** How many packets an interface had, and how many of them were lost. */
export function encodeStatistics(statistics: InterfaceStatistics): Uint8Array {
  const { startNs, endNs, received, dropped, comment } = statistics
  const body = new Uint8Array(12)
  new DataView(body.buffer).setUint32(0, statistics.interface, true)
  body.set(timestamp(endNs), 4)
  const options: Option[] = comment === undefined ? [] : [[OPTION.COMMENT, comment]]
  options.push([OPTION.STATISTICS.START, timestamp(startNs)], [OPTION.STATISTICS.END, timestamp(endNs)])
  options.push([OPTION.STATISTICS.RECEIVED, counter(received)])
  if (dropped !== undefined) options.push([OPTION.STATISTICS.DROPPED, counter(dropped)])
  return block(BLOCK.STATISTICS, body, options)
}

/** Two words, the high one first. */
function timestamp(ns: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, Number(ns >> 32n), true)
  view.setUint32(4, Number(ns & 0xffff_ffffn), true)
  return bytes
}

function counter(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}

const OUTSIDE_BYTES = 12
const LONGEST_OPTION = 0xffff
const encoder = new TextEncoder()

function block(type: number, body: Uint8Array, options: readonly Option[]): Uint8Array {
  const encoded = options.map(([code, value]) => ({ code, value: typeof value === 'string' ? utf8(value) : value }))
  const optionBytes = encoded.reduce((sum, { value }) => sum + 4 + padded(value.length), 4)
  const length = OUTSIDE_BYTES + body.length + optionBytes
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, length, true)
  bytes.set(body, 8)
  let at = 8 + body.length
  for (const { code, value } of encoded) {
    view.setUint16(at, code, true)
    view.setUint16(at + 2, value.length, true)
    bytes.set(value, at + 4)
    at += 4 + padded(value.length)
  }
  view.setUint32(length - 4, length, true)
  return bytes
}

/** At most what an option can hold. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text).subarray(0, LONGEST_OPTION)
}

export function padded(length: number): number {
  return (length + 3) & ~3
}
