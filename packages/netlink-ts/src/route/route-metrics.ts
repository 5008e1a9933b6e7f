import { type Decoded, FieldTable, textField, u32Field } from '../fields.ts'
import type { Writer } from '../writer.ts'

/** linux/rtnetlink.h */
export const RTAX = {
  LOCK: 1,
  MTU: 2,
  WINDOW: 3,
  RTT: 4,
  RTTVAR: 5,
  SSTHRESH: 6,
  CWND: 7,
  ADVMSS: 8,
  REORDERING: 9,
  HOPLIMIT: 10,
  INITCWND: 11,
  FEATURES: 12,
  RTO_MIN: 13,
  INITRWND: 14,
  QUICKACK: 15,
  CC_ALGO: 16,
  FASTOPEN_NO_COOKIE: 17,
} as const

const METRICS = {
  /** Bits (1 << RTAX) of what must not be changed by path MTU discovery and the like. */
  lock: u32Field(RTAX.LOCK),
  mtu: u32Field(RTAX.MTU),
  window: u32Field(RTAX.WINDOW),
  /** In eighths of a millisecond. */
  rtt: u32Field(RTAX.RTT),
  /** In quarters of a millisecond. */
  rttVariance: u32Field(RTAX.RTTVAR),
  slowStartThreshold: u32Field(RTAX.SSTHRESH),
  congestionWindow: u32Field(RTAX.CWND),
  advertisedMss: u32Field(RTAX.ADVMSS),
  reordering: u32Field(RTAX.REORDERING),
  hopLimit: u32Field(RTAX.HOPLIMIT),
  initialCongestionWindow: u32Field(RTAX.INITCWND),
  /** Bit 0 = ECN. */
  features: u32Field(RTAX.FEATURES),
  rtoMinMs: u32Field(RTAX.RTO_MIN),
  initialReceiveWindow: u32Field(RTAX.INITRWND),
  quickAck: u32Field(RTAX.QUICKACK),
  congestionControl: textField(RTAX.CC_ALGO),
  fastopenNoCookie: u32Field(RTAX.FASTOPEN_NO_COOKIE),
}

const table = new FieldTable(METRICS)

/** What TCP and path MTU discovery shall use on a route (RTA_METRICS). */
export type RouteMetrics = Decoded<typeof METRICS>

export function decodeMetrics(bytes: Uint8Array, start: number, end: number): RouteMetrics {
  return table.decode(bytes, start, end)
}

export function encodeMetrics(writer: Writer, metrics: RouteMetrics): void {
  table.encode(writer, metrics)
}
