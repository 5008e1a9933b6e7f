import { AttributeCursor } from '../attribute.ts'
import { u32 } from '../reader.ts'
import type { Writer } from '../writer.ts'

/** linux/pkt_sched.h */
const TCA_NETEM = { REORDER: 3, CORRUPT: 4, RATE: 6, RATE64: 8, LATENCY64: 10, JITTER64: 11 } as const
const TCA_TBF = { PARMS: 1, RATE64: 4, BURST: 6 } as const
const TCA_HTB = { PARMS: 1, INIT: 2, RATE64: 6, CEIL64: 7 } as const

/** Of the scheduler's clock, in nanoseconds (net/pkt_sched.h PSCHED_SHIFT). */
const TICK_NS = 64
const TC_LINKLAYER_ETHERNET = 1
const HTB_VERSION = 3

/** Delay, loss and disorder on purpose. Probabilities from 0 to 1. */
export interface NetemOptions {
  readonly kind: 'netem'
  readonly delayUs?: number | undefined
  readonly jitterUs?: number | undefined
  readonly loss?: number | undefined
  readonly duplicate?: number | undefined
  readonly corrupt?: number | undefined
  readonly reorder?: number | undefined
  /** Every n-th packet is not delayed. */
  readonly gap?: number | undefined
  /** Packets it holds at most. Default 1000. */
  readonly limit?: number | undefined
  /** Bytes a second. */
  readonly rate?: number | undefined
}

/** Token bucket. */
export interface TbfOptions {
  readonly kind: 'tbf'
  /** Bytes a second. */
  readonly rate: number
  /** Size of the bucket in bytes. */
  readonly burst: number
  /** Bytes that may wait. */
  readonly limit: number
}

/** Hierarchical token bucket: the discipline (`defaultClass`) or one of its classes (the rest). */
export interface HtbOptions {
  readonly kind: 'htb'
  /** Minor number of the class for packets that no filter takes. */
  readonly defaultClass?: number | undefined
  /** Bytes a second: promised, and at most. */
  readonly rate?: number | undefined
  readonly ceil?: number | undefined
  /** Bytes sent at once at full speed. */
  readonly burst?: number | undefined
  readonly ceilBurst?: number | undefined
  readonly priority?: number | undefined
  readonly quantum?: number | undefined
}

export type QdiscOptions = NetemOptions | TbfOptions | HtbOptions

/** The options of the disciplines that it knows, read from the current attribute (TCA_OPTIONS). */
export function decodeQdiscOptions(kind: string, cursor: AttributeCursor): QdiscOptions | undefined {
  if (kind === 'netem') return decodeNetem(cursor)
  if (kind === 'tbf') return decodeTbf(cursor)
  if (kind === 'htb') return decodeHtb(cursor)
  return undefined
}

/** Writes the payload of TCA_OPTIONS. */
export function encodeQdiscOptions(writer: Writer, options: QdiscOptions): void {
  if (options.kind === 'netem') encodeNetem(writer, options)
  else if (options.kind === 'tbf') encodeTbf(writer, options)
  else encodeHtb(writer, options)
}

/** struct tc_netem_qopt (latency, limit, loss, gap, duplicate, jitter), then attributes. */
function decodeNetem(cursor: AttributeCursor): NetemOptions {
  const { bytes } = cursor
  const at = cursor.at(24)
  const netem = {
    kind: 'netem' as const,
    delayUs: (u32(bytes, at) * TICK_NS) / 1000,
    jitterUs: (u32(bytes, at + 20) * TICK_NS) / 1000,
    limit: u32(bytes, at + 4),
    loss: probability(u32(bytes, at + 8)),
    gap: u32(bytes, at + 12),
    duplicate: probability(u32(bytes, at + 16)),
    corrupt: 0,
    reorder: 0,
    rate: 0,
  }
  const inner = new AttributeCursor(bytes, at + 24, cursor.end)
  while (inner.next()) {
    if (inner.type === TCA_NETEM.LATENCY64) netem.delayUs = inner.u64() / 1000
    else if (inner.type === TCA_NETEM.JITTER64) netem.jitterUs = inner.u64() / 1000
    else if (inner.type === TCA_NETEM.CORRUPT) netem.corrupt = probability(inner.u32())
    else if (inner.type === TCA_NETEM.REORDER) netem.reorder = probability(inner.u32())
    else if (inner.type === TCA_NETEM.RATE) netem.rate ||= inner.u32()
    else if (inner.type === TCA_NETEM.RATE64) netem.rate = inner.u64()
  }
  return netem
}

function probability(value: number): number {
  return value / 0xffff_ffff
}

function encodeNetem(writer: Writer, netem: NetemOptions): void {
  const share = (value = 0) => Math.round(value * 0xffff_ffff)
  const { delayUs, jitterUs, reorder, corrupt, rate } = netem
  writer
    .u32(0)
    .u32(netem.limit ?? 1000)
    .u32(share(netem.loss))
    // Reordering needs a gap of at least 1.
    .u32(netem.gap ?? (reorder ? 1 : 0))
    .u32(share(netem.duplicate))
    .u32(0)
  if (delayUs) writer.u64Attribute(TCA_NETEM.LATENCY64, Math.round(delayUs * 1000))
  if (jitterUs) writer.u64Attribute(TCA_NETEM.JITTER64, Math.round(jitterUs * 1000))
  if (reorder) writer.attribute(TCA_NETEM.REORDER, (w) => w.u32(share(reorder)).u32(0))
  if (corrupt) writer.attribute(TCA_NETEM.CORRUPT, (w) => w.u32(share(corrupt)).u32(0))
  if (!rate) return
  // struct tc_netem_rate: rate, packet overhead, cell size, cell overhead
  writer.attribute(TCA_NETEM.RATE, (w) => w.u32(Math.min(rate, 0xffff_ffff)).zeros(12))
  if (rate > 0xffff_ffff) writer.u64Attribute(TCA_NETEM.RATE64, rate)
}

/** struct tc_tbf_qopt: rate (12 bytes), peak rate, limit, buffer, mtu. */
function decodeTbf(outer: AttributeCursor): TbfOptions {
  const tbf = { kind: 'tbf' as const, rate: 0, burst: 0, limit: 0 }
  let buffer = 0
  const cursor = outer.nested()
  while (cursor.next()) {
    if (cursor.type === TCA_TBF.PARMS) {
      const at = cursor.at(36)
      tbf.rate ||= u32(cursor.bytes, at + 8)
      tbf.limit = u32(cursor.bytes, at + 24)
      buffer = u32(cursor.bytes, at + 28)
    } else if (cursor.type === TCA_TBF.RATE64) tbf.rate = cursor.u64()
    else if (cursor.type === TCA_TBF.BURST) tbf.burst = cursor.u32()
  }
  tbf.burst ||= bytesIn(buffer, tbf.rate)
  return tbf
}

/** Bytes that go out in a time of `ticks` at `rate`, and back. */
function bytesIn(ticks: number, rate: number): number {
  return Math.round((ticks * TICK_NS * rate) / 1e9)
}

function ticksFor(bytes: number, rate: number): number {
  return Math.min(0xffff_ffff, Math.ceil((bytes * 1e9) / rate / TICK_NS))
}

/** struct tc_ratespec */
function encodeRate(writer: Writer, rate: number): void {
  writer.u8(0).u8(TC_LINKLAYER_ETHERNET).zeros(6).u32(Math.min(rate, 0xffff_ffff))
}

function encodeTbf(writer: Writer, { rate, burst, limit }: TbfOptions): void {
  writer.attribute(TCA_TBF.PARMS, (parms) => {
    encodeRate(parms, rate)
    parms.zeros(12).u32(limit).u32(ticksFor(burst, rate)).u32(0)
  })
  writer.u32Attribute(TCA_TBF.BURST, burst)
  if (rate > 0xffff_ffff) writer.u64Attribute(TCA_TBF.RATE64, rate)
}

type HtbDraft = { -readonly [Name in keyof HtbOptions]: HtbOptions[Name] }

/** struct tc_htb_glob of the discipline; struct tc_htb_opt (rate, ceil, buffer, cbuffer, quantum, level, prio) of a class. */
function decodeHtb(outer: AttributeCursor): HtbOptions {
  const htb: HtbDraft = { kind: 'htb' }
  let buffers: readonly [number, number] | undefined
  const cursor = outer.nested()
  while (cursor.next()) {
    if (cursor.type === TCA_HTB.INIT) htb.defaultClass = u32(cursor.bytes, cursor.at(20) + 8)
    else if (cursor.type === TCA_HTB.PARMS) buffers = readClass(htb, cursor)
    else if (cursor.type === TCA_HTB.RATE64) htb.rate = cursor.u64()
    else if (cursor.type === TCA_HTB.CEIL64) htb.ceil = cursor.u64()
  }
  if (buffers) {
    htb.burst = bytesIn(buffers[0], htb.rate ?? 0)
    htb.ceilBurst = bytesIn(buffers[1], htb.ceil ?? 0)
  }
  return htb
}

function readClass(htb: HtbDraft, cursor: AttributeCursor): readonly [number, number] {
  const { bytes } = cursor
  const at = cursor.at(44)
  htb.rate ??= u32(bytes, at + 8)
  htb.ceil ??= u32(bytes, at + 20)
  htb.quantum = u32(bytes, at + 32)
  htb.priority = u32(bytes, at + 40)
  return [u32(bytes, at + 24), u32(bytes, at + 28)]
}

function encodeHtb(writer: Writer, htb: HtbOptions): void {
  const { rate, defaultClass = 0 } = htb
  if (rate === undefined) {
    // version, rate2quantum, default class, debug, direct packets
    writer.attribute(TCA_HTB.INIT, (init) => init.u32(HTB_VERSION).u32(10).u32(defaultClass).u32(0).u32(0))
    return
  }
  const ceil = htb.ceil ?? rate
  const burst = htb.burst ?? 1600
  writer.attribute(TCA_HTB.PARMS, (parms) => {
    encodeRate(parms, rate)
    encodeRate(parms, ceil)
    parms
      .u32(ticksFor(burst, rate))
      .u32(ticksFor(htb.ceilBurst ?? burst, ceil))
      .u32(htb.quantum ?? 0)
      .u32(0)
      .u32(htb.priority ?? 0)
  })
  if (rate > 0xffff_ffff) writer.u64Attribute(TCA_HTB.RATE64, rate)
  if (ceil > 0xffff_ffff) writer.u64Attribute(TCA_HTB.CEIL64, ceil)
}
