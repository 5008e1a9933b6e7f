import type { IperfInterval } from '../../model/measurement.ts'

/** `[  5][RX-S]   0.00-1.00   sec   129 KBytes  1054 Kbits/sec  0.025 ms  0/91 (0%)`, with `--format k`. */
const INTERVAL =
  /^\[ *(?<id>\d+|SUM)\](?:\[(?<role>[RT]X)-[SC]\])? +(?<start>[\d.]+)-(?<end>[\d.]+) +sec +[\d.]+ \w+ +(?<rate>[\d.]+) Kbits\/sec(?<rest>.*)$/

/** The last of a run is a remainder of some milliseconds; what it says of a rate says nothing. */
const SHORTEST_S = 0.25

/**
 * The interval that a line of iperf3's text output, of a server, tells of; undefined for any other line.
 * @param several streams: then their sum counts
 */
export function intervalOfLine(line: string, { several }: { readonly several: boolean }): IperfInterval | undefined {
  const { id, role, start = '', end = '', rate = '', rest = '' } = INTERVAL.exec(line.trimEnd())?.groups ?? {}
  if (id === undefined || (id === 'SUM') !== several || /sender|receiver|omitted/.test(rest)) return undefined
  const [startS, endS] = [Number(start), Number(end)]
  if (endS - startS < SHORTEST_S) return undefined
  const lost = /\((?<percent>[\d.]+(?:e[+-]\d+)?)%\)/.exec(rest)?.groups?.['percent']
  const retransmits = /^ +(?<count>\d+)(?: |$)/.exec(rest)?.groups?.['count']
  return {
    startS,
    endS,
    bitsPerSecond: Number(rate) * 1000,
    direction: role === 'TX' ? 'backward' : 'forward',
    ...(lost === undefined ? {} : { lostPercent: Number(lost) }),
    ...(retransmits === undefined ? {} : { retransmits: Number(retransmits) }),
  }
}
