import type { NetworkHost } from '../../driver/network-host.ts'
import { messageOf } from '../../errors.ts'
import { connectTcp, connectUdp, formatEnd, openPing, type SocketAddress } from '../../kernel/namespace-sockets.ts'
import { type Outcome, wordOf } from './outcome.ts'

/** Connects, and closes at once. */
export function tryTcp(from: NetworkHost, to: SocketAddress, timeoutMs: number): Promise<Outcome> {
  const where = formatEnd(to)
  return withDeadline(timeoutMs, where, (settle) => {
    const socket = connectTcp(from, to)
    socket.once('connect', () => settle({ word: 'open', detail: `connected to ${where}` }))
    socket.once('error', (error) => settle(failure(error, where)))
    return () => socket.destroy()
  })
}

/** Anything that anybody sends back. */
export function tryUdp(from: NetworkHost, to: SocketAddress, timeoutMs: number): Promise<Outcome> {
  const where = formatEnd(to)
  return withDeadline(timeoutMs, where, (settle) => {
    const connecting = connectUdp(from, to)
    connecting.then(
      (socket) => {
        socket.once('message', () => settle({ word: 'reply', detail: `reply from ${where}` }))
        socket.once('error', (error) => settle(failure(error, where)))
        socket.send('tsnet-shoot\n', (error) => error && settle(failure(error, where)))
      },
      (error: unknown) => settle(failure(error, where)),
    )
    return () =>
      void connecting.then(
        (socket) => socket.close(),
        () => undefined,
      )
  })
}

/** RFC 792, RFC 4443: type, code, checksum, identifier, sequence number. */
const ECHO_REQUEST = { 4: 8, 6: 128 } as const
const ECHO_REPLY = { 4: 0, 6: 129 } as const
/** The kernel has no ports here, but Node wants one. */
const ANY_PORT = 1
/** The first frame to a neighbour may be lost while it is looked for. */
const REPEAT_MS = 300

/** Echo requests until one is answered. */
export function tryPing(from: NetworkHost, address: string, timeoutMs: number): Promise<Outcome> {
  const family = address.includes(':') ? 6 : 4
  return withDeadline(timeoutMs, address, (settle) => {
    const socket = openPing(from, address)
    const send = (): void => {
      const request = Buffer.alloc(16)
      request.writeUInt8(ECHO_REQUEST[family], 0)
      socket.send(request, ANY_PORT, address, (error) => error && settle(failure(error, address)))
    }
    socket.on('message', (bytes) => {
      if (bytes[0] === ECHO_REPLY[family]) settle({ word: 'reply', detail: `reply from ${address}` })
    })
    socket.once('error', (error) => settle(failure(error, address)))
    send()
    const repeating = setInterval(send, REPEAT_MS)
    return () => {
      clearInterval(repeating)
      socket.close()
    }
  })
}

function failure(error: unknown, where: string): Outcome {
  return { word: wordOf(error) ?? 'error', detail: `${where}: ${messageOf(error)}` }
}

type Attempt = (settle: (outcome: Outcome) => void) => () => void

/** What the attempt settles on first, or `timeout`; then it is closed. */
async function withDeadline(timeoutMs: number, where: string, attempt: Attempt): Promise<Outcome> {
  let close: (() => void) | undefined
  let deadline: NodeJS.Timeout | undefined
  try {
    return await new Promise<Outcome>((resolve) => {
      deadline = setTimeout(
        () => resolve({ word: 'timeout', detail: `${where}: no answer within ${timeoutMs} ms` }),
        timeoutMs,
      )
      try {
        close = attempt(resolve)
      } catch (error) {
        resolve(failure(error, where))
      }
    })
  } finally {
    clearTimeout(deadline)
    close?.()
  }
}
