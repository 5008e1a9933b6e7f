import type { PacketRecord } from '../../report/packets/packet-record.ts'
import { type Item, NO_NAMESPACE } from '../views/view.ts'

/** A packet in the list. */
export interface PacketRow extends PacketRecord {
  /** In the order of arrival, from 1. */
  readonly number: number
}

/**
 * One line of a capture, understood only when somebody looks at it or filters: of a flood hardly any is. Made once, so
 * that a list of 10,000 is compared and filtered without making them again.
 */
export class PacketItem implements Item<PacketRow> {
  readonly number: number
  readonly id: string
  /** Characters that it holds. */
  readonly size: number
  #line: string | undefined
  #row: PacketRow | undefined

  constructor(number: number, line: string) {
    this.number = number
    this.id = idOf(number)
    this.size = line.length
    this.#line = line
  }

  get row(): PacketRow {
    this.#row ??= { number: this.number, ...recordOf(this.#line ?? '') }
    // it is held once, not twice
    this.#line = undefined
    return this.#row
  }

  /** What `d` explains and `y` prints. */
  get object(): object {
    const { number, timeNs, ...rest } = this.row
    return { number, time: timeText(timeNs), ...rest }
  }

  get namespace(): number {
    return this.row.namespace ?? NO_NAMESPACE
  }
}

const PREFIX = 'packet '

function idOf(number: number): string {
  return `${PREFIX}${number}`
}

/** The number of a packet by the id of its row. */
export function numberOf(id: string): number {
  return Number(id.slice(PREFIX.length))
}

/** What this program printed itself is of the type that it prints; a line that was cut is not. */
function recordOf(line: string): PacketRecord {
  try {
    return JSON.parse(line) as PacketRecord
  } catch {
    return { ...UNREADABLE }
  }
}

const UNREADABLE: PacketRecord = {
  timeNs: '0',
  place: '?',
  length: 0,
  begins: 'ethernet',
  source: '',
  destination: '',
  protocol: '?',
  info: 'unreadable',
  bytes: '',
}

const NS = 1_000_000_000n

/** `2026-11-25T04:05:06.123456789Z` */
function timeText(timeNs: string): string {
  const ns = BigInt(timeNs)
  const seconds = new Date(Number(ns / NS) * 1_000).toISOString().slice(0, 19)
  return `${seconds}.${String(ns % NS).padStart(9, '0')}Z`
}

/** `04:05:06.123456`, in UTC. */
export function clockText({ timeNs }: PacketRow): string {
  return timeText(timeNs).slice(11, 26)
}

export function bytesOf({ bytes }: PacketRow): Uint8Array {
  return Buffer.from(bytes, 'base64')
}
