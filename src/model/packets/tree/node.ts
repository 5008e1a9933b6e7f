import type { Bytes } from '../bytes.ts'

/** A layer of a packet, a field, or a part of one, and the bytes that it is. */
export interface PacketNode {
  /** As tshark calls it: `ip`, `ip.ttl`; not the only one of its name. */
  readonly name: string
  readonly label: string
  /** Not sanitised; empty for what only has parts. */
  readonly value: string
  /** Of its first byte, from the beginning of the packet. */
  readonly start: number
  readonly length: number
  /** An IP address: who has it may be known. */
  readonly address?: string
  readonly children: readonly PacketNode[]
}

/** Name, label, position, length and value. */
export type FieldSpec = readonly [name: string, label: string, at: number, length: number, value: string | number]

export function field(
  bytes: Bytes,
  [name, label, at, length, value]: FieldSpec,
  children: readonly PacketNode[] = [],
): PacketNode {
  return { name, label, value: String(value), start: bytes.start + at, length, children }
}

export function addressField(
  bytes: Bytes,
  [name, label, at, length]: readonly [name: string, label: string, at: number, length: 4 | 16],
): PacketNode {
  const address = bytes.address(at, length)
  return { ...field(bytes, [name, label, at, length, address]), address }
}

/** A layer: what its header begins with, how long it is, in one line what it says, and its fields. */
export function layer(
  bytes: Bytes,
  [name, label, length, value]: readonly [name: string, label: string, length: number, value: string],
  children: readonly PacketNode[],
): PacketNode {
  return { name, label, value, start: bytes.start, length: Math.min(length, bytes.length), children }
}

/** Bytes that say less than they should. */
export function cutLayer(bytes: Bytes, what: string): readonly PacketNode[] {
  const { start, length } = bytes
  return [{ name: 'cut', label: 'Cut', value: what, start, length, children: [] }]
}

/** What no layer takes apart. */
export function dataLayer(bytes: Bytes): readonly PacketNode[] {
  const { start, length } = bytes
  if (length === 0) return []
  const value = length === 1 ? '1 byte' : `${length} bytes`
  return [{ name: 'data', label: 'Data', value, start, length, children: textLines(bytes) }]
}

const MOST_LINES = 40
const LONGEST_LINE = 400

/** Of text its lines, as long as it is text. */
function textLines(bytes: Bytes): readonly PacketNode[] {
  const nodes: PacketNode[] = []
  let at = 0
  while (at < bytes.length && nodes.length < MOST_LINES) {
    const end = lineEnd(bytes, at)
    if (end === undefined) break
    const { text, next } = end
    if (text !== '') nodes.push(field(bytes, ['data.text', '', at, next - at, text]))
    at = next
  }
  return nodes
}

const SHORTEST_TEXT = 4

function lineEnd(bytes: Bytes, from: number): { readonly text: string; readonly next: number } | undefined {
  let text = ''
  for (let at = from; at < bytes.length && at - from < LONGEST_LINE; at++) {
    const byte = bytes.u8(at)
    if (byte === 10) return { text: text.trimEnd(), next: at + 1 }
    if (byte !== 13 && byte !== 9 && (byte < 32 || byte > 126)) return undefined
    text += String.fromCharCode(byte)
  }
  return text.length < SHORTEST_TEXT ? undefined : { text, next: from + text.length }
}

export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}

/** `TCP (6)`, or the number alone. */
export function named(number: number, name: string | undefined): string {
  return name === undefined ? String(number) : `${name} (${number})`
}

export function yesNo(isSet: boolean): string {
  return isSet ? 'yes' : 'no'
}

/** What a layer needs to take apart what it carries. */
export interface TreeContext {
  readonly vxlanPorts: readonly number[]
  /** Layers of what is inside; the bytes alone when it would be too deep. */
  inside(bytes: Bytes, start: 'ethernet' | 'ip'): readonly PacketNode[]
}
