import { randomInt } from 'node:crypto'
import { connectTcp, connectUdp, type NamespaceEntry } from '../namespace-sockets.ts'
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
  /** Told why there is no answer, when it is known. */
  readonly onError?: (error: unknown) => void
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
  const attempt = new Attempt(options)
  try {
    await ask(withId(message, id), options, { attempt, isAnswer })
  } catch (error) {
    // no route: to the client that is a server that does not answer
    options.onError?.(error)
    attempt.settle()
  }
  const reply = await attempt.result
  return reply && { ...reply, bytes: withId(reply.bytes, query.id) }
}

/** Lasts until it is settled, given up or too late; then its socket is closed. */
class Attempt {
  readonly result: Promise<OutsideReply | undefined>
  readonly #outstanding: Set<() => void>
  readonly #deadline: NodeJS.Timeout
  #resolve: (reply: OutsideReply | undefined) => void = () => undefined
  #close: (() => void) | undefined
  #isSettled = false

  constructor({ timeoutMs, outstanding }: ExchangeOptions) {
    this.result = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#deadline = setTimeout(this.giveUp, timeoutMs)
    this.#outstanding = outstanding
    outstanding.add(this.giveUp)
  }

  readonly giveUp = (): void => this.settle()

  get isOpen(): boolean {
    return !this.#isSettled
  }

  /** What to close at the end, which may have been already. */
  uses(close: () => void): void {
    if (this.#isSettled) close()
    else this.#close = close
  }

  settle(reply?: OutsideReply): void {
    if (this.#isSettled) return
    this.#isSettled = true
    clearTimeout(this.#deadline)
    this.#outstanding.delete(this.giveUp)
    this.#close?.()
    this.#resolve(reply)
  }
}

interface Asking {
  readonly attempt: Attempt
  readonly isAnswer: (bytes: Buffer) => ReplyStatus | undefined
}

function take(bytes: Buffer, { attempt, isAnswer }: Asking): void {
  const status = isAnswer(bytes)
  if (status) attempt.settle({ ...status, bytes })
}

async function overUdp(message: Buffer, options: ExchangeOptions, asking: Asking): Promise<void> {
  const { entry, address, port, onError } = options
  const socket = await connectUdp(entry, { address, port })
  asking.attempt.uses(() => socket.close())
  socket.on('error', (error) => {
    onError?.(error)
    asking.attempt.giveUp()
  })
  socket.on('message', (bytes) => take(bytes, asking))
  // it may be closed already: then nobody waits for the answer
  if (asking.attempt.isOpen) socket.send(message)
}

async function overTcp(message: Buffer, options: ExchangeOptions, asking: Asking): Promise<void> {
  const { entry, address, port, onError } = options
  const socket = connectTcp(entry, { address, port })
  asking.attempt.uses(() => socket.destroy())
  const reader = new FrameReader()
  socket.on('error', (error) => onError?.(error)).once('close', asking.attempt.giveUp)
  socket.on('data', (piece: Buffer) => {
    for (const bytes of reader.push(piece)) take(bytes, asking)
  })
  socket.write(frame(message))
}
