import { connectTcp, formatEnd, type NamespaceEntry, type SocketAddress } from '../kernel/namespace-sockets.ts'
import type { Failed, TcpReached } from '../model/measurement.ts'
import { type AttemptOptions, attempt, failureOf, since } from './attempt.ts'

export interface ReachTcpOptions extends AttemptOptions {
  /** Default tcp. */
  readonly protocol?: 'tcp' | 'sctp'
}

/**
 * Connects from within a namespace, and closes at once.
 *
 * @param to an address, not a name
 */
export function reachTcp(
  entry: NamespaceEntry,
  to: SocketAddress,
  { protocol = 'tcp', ...options }: ReachTcpOptions,
): Promise<TcpReached | Failed> {
  const what = `${protocol} ${formatEnd(to)}`
  return attempt<TcpReached>(what, options, (settle, startMs) => {
    const socket = connectTcp(entry, { ...to, protocol })
    socket.once('connect', () => {
      const { localAddress = '', localPort = 0 } = socket
      settle({ ok: true, connectMs: since(startMs), local: { address: localAddress, port: localPort } })
    })
    // every error: one behind the first would be thrown
    socket.on('error', (error) => settle(failureOf(error, what, startMs)))
    return () => socket.destroy()
  })
}
