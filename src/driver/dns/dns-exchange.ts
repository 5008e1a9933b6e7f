import { randomInt } from 'node:crypto'
import { connectTcp, connectUdp, type NamespaceEntry } from '../../kernel/namespace-sockets.ts'
import { type DnsQuery, type ReplyStatus, replyStatus, withId } from './dns-message.ts'
import { FrameReader, frame } from './dns-stream.ts'

export interface ExchangeOptions {
  /** Where to ask from. */
  readonly entry: NamespaceEntry
  readonly address: string
  readonly port: number
  readonly transport: 'udp' | 'tcp'
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface OutsideReply extends ReplyStatus {
  /** With the id of the query that was passed on. */
  readonly bytes: Buffer
}

/**
 * Asks one server: under an id of our own, from a port that the kernel draws, by a socket that hears nobody else, so
 * that an answer has to be guessed to be forged. Undefined when there is none in time.
 *
 * @param message the client's query as it came; all but its id is passed on unchanged
 */
export async function exchange(
  query: DnsQuery,
  message: Buffer,
  options: ExchangeOptions,
): Promise<OutsideReply | undefined> {
  const id = randomInt(0x1_0000)
  const isAnswer = (bytes: Buffer): ReplyStatus | undefined =>
    replyStatus(bytes, { id, questionBytes: query.questionBytes })
  const ask = options.transport === 'udp' ? overUdp : overTcp
  const deadline = AbortSignal.timeout(options.timeoutMs)
  const signal = AbortSignal.any([options.signal, deadline])
  try {
    const reply = await ask(withId(message, id), isAnswer, { ...options, signal })
    return reply && { ...reply, bytes: withId(reply.bytes, query.id) }
  } catch {
    // no route, refused, reset: to the client that is a server that does not answer
    return undefined
  }
}

type IsAnswer = (bytes: Buffer) => ReplyStatus | undefined
type Ask = (message: Buffer, isAnswer: IsAnswer, options: ExchangeOptions) => Promise<OutsideReply | undefined>

const overUdp: Ask = async (message, isAnswer, { entry, address, port, signal }) => {
  const socket = await connectUdp(entry, { address, port })
  try {
    return await new Promise((resolve) => {
      const giveUp = (): void => resolve(undefined)
      socket.once('error', giveUp)
      onAbort(signal, giveUp)
      socket.on('message', (bytes) => {
        const status = isAnswer(bytes)
        if (status) resolve({ ...status, bytes })
      })
      socket.send(message)
    })
  } finally {
    socket.close()
  }
}

const overTcp: Ask = async (message, isAnswer, { entry, address, port, signal }) => {
  const socket = connectTcp(entry, { address, port })
  try {
    return await new Promise((resolve) => {
      const reader = new FrameReader()
      const giveUp = (): void => resolve(undefined)
      socket.once('error', giveUp).once('close', giveUp)
      onAbort(signal, giveUp)
      socket.on('data', (piece: Buffer) => {
        for (const bytes of reader.push(piece)) {
          const status = isAnswer(bytes)
          if (status) resolve({ ...status, bytes })
        }
      })
      socket.write(frame(message))
    })
  } finally {
    socket.destroy()
  }
}

function onAbort(signal: AbortSignal, action: () => void): void {
  if (signal.aborted) action()
  else signal.addEventListener('abort', action, { once: true })
}
