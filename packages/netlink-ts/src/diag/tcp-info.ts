import type { Attributes } from '../attribute.ts'
import { u8, u32 } from '../reader.ts'

/** The fields of struct tcp_info (linux/tcp.h) that every kernel since 2.6 has. */
export interface TcpInfo {
  readonly retransmits: number
  readonly rtoUs: number
  readonly sendMss: number
  readonly unackedSegments: number
  readonly lostSegments: number
  readonly pathMtu: number
  /** Smoothed round-trip time and its mean deviation. */
  readonly rttUs: number
  readonly rttVarianceUs: number
  readonly congestionWindow: number
  readonly totalRetransmits: number
}

export function decodeTcpInfo(attributes: Attributes, type: number): TcpInfo | undefined {
  const at = attributes.offset(type, 104)
  if (at === undefined) return undefined
  const { bytes } = attributes
  return {
    retransmits: u8(bytes, at + 2),
    rtoUs: u32(bytes, at + 8),
    sendMss: u32(bytes, at + 16),
    unackedSegments: u32(bytes, at + 24),
    lostSegments: u32(bytes, at + 32),
    pathMtu: u32(bytes, at + 60),
    rttUs: u32(bytes, at + 68),
    rttVarianceUs: u32(bytes, at + 72),
    congestionWindow: u32(bytes, at + 80),
    totalRetransmits: u32(bytes, at + 100),
  }
}
