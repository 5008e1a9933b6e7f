import { TsnetError } from '../../errors.ts'
import type { Iperf3Tool } from './iperf3-tool.ts'

/** What is to be measured. */
export interface IperfMode {
  /** Default tcp. */
  readonly protocol?: 'tcp' | 'udp' | 'sctp'
  /** The server sends. */
  readonly reverse?: boolean
  /** Both send. */
  readonly bidirectional?: boolean
  /** Default 1. */
  readonly streams?: number
  readonly durationS: number
  /** Left out of the figures, before it. */
  readonly omitS?: number
  /** Of each stream, bit/s; default as fast as it goes, of UDP 1 Mbit/s. */
  readonly rateBitsPerSecond?: number
  /** 0 to 63 or a name (`ef`, `af41`). */
  readonly dscp?: string
  /** Congestion control algorithm. */
  readonly congestion?: string
  readonly zerocopy?: boolean
  readonly mssBytes?: number
}

const CONNECT_TIMEOUT_MS = 5000
/** A server that its client forgot ends by itself. */
const IDLE_MARGIN_S = 30

/** Of the client. @throws TsnetError `unsupported` for what this iperf3 has no option for */
export function clientArguments(
  mode: IperfMode,
  { tool, address, port }: { readonly tool: Iperf3Tool; readonly address: string; readonly port: number },
): string[] {
  const { protocol = 'tcp', streams, rateBitsPerSecond, dscp, congestion, mssBytes, omitS } = mode
  const args = [
    '--client',
    address,
    '--port',
    String(port),
    '--json',
    '--interval',
    '1',
    '--time',
    String(mode.durationS),
  ]
  const add = (option: string, value?: string | number): void => {
    if (!tool.has(option)) {
      throw new TsnetError('unsupported', `iperf3: version ${tool.version} has no ${option}`, {
        hint: 'install a newer package iperf3',
      })
    }
    args.push(option, ...(value === undefined ? [] : [String(value)]))
  }
  if (tool.has('--connect-timeout')) add('--connect-timeout', CONNECT_TIMEOUT_MS)
  if (protocol !== 'tcp') add(`--${protocol}`)
  if (mode.reverse) add('--reverse')
  if (mode.bidirectional) add('--bidir')
  if (mode.zerocopy) add('--zerocopy')
  const values = {
    '--parallel': streams,
    '--omit': omitS,
    '--dscp': dscp,
    '--congestion': congestion,
    '--set-mss': mssBytes,
  }
  for (const [option, value] of Object.entries(values)) if (value !== undefined) add(option, value)
  // called --bandwidth before 3.3
  if (rateBitsPerSecond !== undefined) args.push('-b', String(rateBitsPerSecond))
  return args
}

/** Of the server: for one client, with a line of text an interval. */
export function serverArguments(mode: IperfMode, { tool, port }: { readonly tool: Iperf3Tool; readonly port: number }) {
  const idle = tool.has('--idle-timeout') ? ['--idle-timeout', String(Math.ceil(mode.durationS) + IDLE_MARGIN_S)] : []
  return ['--server', '--one-off', '--port', String(port), '--format', 'k', '--interval', '1', '--forceflush', ...idle]
}
