import { connectUdp, formatEnd, type NamespaceEntry, type SocketAddress } from '../kernel/namespace-sockets.ts'
import type { Failed, UdpReached } from '../model/measurement.ts'
import { type AttemptOptions, attempt, failureOf, since } from './attempt.ts'

export interface ReachUdpOptions extends AttemptOptions {
  /** Default a short line of text. */
  readonly payload?: Uint8Array
}

const PAYLOAD = Buffer.from('tsnet-shoot\n')

/**
 * Sends a datagram and waits for anything from there. Silence is a `timeout`, and it says little: many servers answer
 * only what they understand. `refused` is a port that nobody has.
 */
export function reachUdp(
  entry: NamespaceEntry,
  to: SocketAddress,
  { payload = PAYLOAD, ...options }: ReachUdpOptions,
): Promise<UdpReached | Failed> {
  const what = `udp ${formatEnd(to)}`
  return attempt<UdpReached>(what, options, (settle, startMs) => {
    const connecting = connectUdp(entry, to)
    const fail = (error: unknown): void => settle(failureOf(error, what, startMs))
    let isOver = false
    connecting.then((socket) => {
      if (isOver) return
      socket.once('message', (reply) => settle({ ok: true, replyMs: since(startMs), reply }))
      socket.on('error', fail)
      socket.send(payload, (error) => error && fail(error))
    }, fail)
    return () => {
      isOver = true
      connecting.then(
        (socket) => socket.close(),
        () => undefined,
      )
    }
  })
}
