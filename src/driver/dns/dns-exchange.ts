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
  /** What to call to give up; entered here for as long as it is outstanding. */
  readonly outstanding: Set<() => void>
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
  try {
    const reply = await ask(withId(message, id), isAnswer, options)
    return reply && { ...reply, bytes: withId(reply.bytes, query.id) }
  } catch {
    // no route: to the client that is a server that does not answer
    return undefined
  }
}

type IsAnswer = (bytes: Buffer) => ReplyStatus | undefined
type Ask = (message: Buffer, isAnswer: IsAnswer, options: ExchangeOptions) => Promise<OutsideReply | undefined>
type Settle = (reply?: OutsideReply) => void

const overUdp: Ask = async (message, isAnswer, options) => {
  const socket = await connectUdp(options.entry, options)
  return waitFor(options, (settle) => {
    socket.on('error', () => settle())
    socket.on('message', (bytes) => {
      const status = isAnswer(bytes)
      if (status) settle({ ...status, bytes })
    })
    socket.send(message)
  }).finally(() => socket.close())
}

const overTcp: Ask = async (message, isAnswer, options) => {
  const socket = connectTcp(options.entry, { address: options.address, port: options.port })
  return waitFor(options, (settle) => {
    const reader = new FrameReader()
    socket.on('error', () => settle()).once('close', () => settle())
    socket.on('data', (piece: Buffer) => {
      for (const bytes of reader.push(piece)) {
        const status = isAnswer(bytes)
        if (status) settle({ ...status, bytes })
      }
    })
    socket.write(frame(message))
  }).finally(() => socket.destroy())
}

/** Until it is settled, given up or too late. */
function waitFor(
  { timeoutMs, outstanding }: ExchangeOptions,
  begin: (settle: Settle) => void,
): Promise<OutsideReply | undefined> {
  return new Promise((resolve) => {
    const settle: Settle = (reply) => {
      clearTimeout(deadline)
      outstanding.delete(giveUp)
      resolve(reply)
    }
    const giveUp = (): void => settle()
    const deadline = setTimeout(giveUp, timeoutMs)
    outstanding.add(giveUp)
    begin(settle)
  })
}
