import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { TsnetError } from '../errors.ts'
import { type IcmpEvent, IcmpSocket, wallClockMs } from '../kernel/icmp-socket.ts'
import type { NamespaceEntry } from '../kernel/namespace-sockets.ts'
import { systemErrorCode } from '../kernel/namespace-sockets.ts'
import type { PingFailed, PingMeasured, PingProblem, PingReply } from '../model/measurement.ts'
import { reasonOf, since } from './attempt.ts'
import { distributionOf } from './distribution.ts'

export interface PingOptions {
  /** Default 4. */
  readonly count?: number
  /** Between two requests. Default 1000. */
  readonly intervalMs?: number
  /** How long the last one is waited for. Default 1000. */
  readonly timeoutMs?: number
  /** Bytes behind the ICMP header, at most 65507. Default 56, as ping(8). */
  readonly payloadBytes?: number
  /** Must not be fragmented. */
  readonly df?: boolean
  readonly ttl?: number
  readonly tos?: number
  /** Told of each as it comes. */
  readonly onReply?: (reply: PingReply) => void
  readonly onProblem?: (problem: PingProblem) => void
  /** Ends it early; what came until then counts. */
  readonly signal?: AbortSignal
}

const PAYLOAD_BYTES = 56
/** The kernel stamps arrivals: looking seldom makes the result later, not larger. */
const LOOK_MS = 2
/** More are not kept one by one. */
const MAX_PROBLEMS = 1000

/**
 * Latency and loss of one address (not a name) from within a namespace, without a child process. It is `ok` when
 * anything was answered.
 *
 * @throws TsnetError `privilege` without CAP_NET_RAW where net.ipv4.ping_group_range leaves us out
 */
export async function ping(
  entry: NamespaceEntry,
  address: string,
  options: PingOptions = {},
): Promise<PingMeasured | PingFailed> {
  const { count = 4, intervalMs = 1000, timeoutMs = 1000, df, ttl, tos, signal } = options
  const startMs = performance.now()
  const series = new Series(address, options)
  let socket: IcmpSocket
  try {
    socket = IcmpSocket.open(entry, address, {
      ...(df ? { df: 'do' } : {}),
      ...(ttl === undefined ? {} : { ttl }),
      ...(tos === undefined ? {} : { tos }),
    })
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === undefined || (error instanceof TsnetError && error.code === 'privilege')) throw error
    series.refuse(code)
    return series.result(startMs)
  }
  try {
    for (let position = 0; position < count && !signal?.aborted; position++) {
      series.send(socket)
      const isLast = position === count - 1
      const untilMs = isLast ? performance.now() + timeoutMs : startMs + (position + 1) * intervalMs
      await series.receiveUntil(socket, untilMs, isLast)
    }
  } finally {
    socket.close()
  }
  return series.result(startMs)
}

/** Requests that were sent, and what came of them. */
class Series {
  readonly #address: string
  readonly #options: PingOptions
  readonly #payload: Buffer
  readonly #sentAtMs: number[] = []
  readonly #replies = new Map<number, PingReply>()
  readonly #problems: PingProblem[] = []
  /** Positions that are answered or refused. */
  readonly #settled = new Set<number>()
  #duplicates = 0

  constructor(address: string, options: PingOptions) {
    this.#address = address
    this.#options = options
    this.#payload = Buffer.alloc(options.payloadBytes ?? PAYLOAD_BYTES, 'tsnet-shoot ')
  }

  send(socket: IcmpSocket): void {
    this.#drain(socket)
    const position = this.#sentAtMs.length
    this.#sentAtMs.push(wallClockMs())
    const code = socket.send(position & 0xffff, this.#payload)
    // what the kernel refuses it explains in the queue of errors; not all of it
    if (code !== undefined && !this.#drain(socket)) this.refuse(code)
    if (code !== undefined) this.#settled.add(position)
  }

  refuse(code: string): void {
    if (this.#sentAtMs.length === 0) this.#sentAtMs.push(0)
    this.#problem({ sequence: this.#sentAtMs.length - 1, code })
  }

  async receiveUntil(socket: IcmpSocket, untilMs: number, isLast: boolean): Promise<void> {
    const { signal } = this.#options
    for (;;) {
      this.#drain(socket)
      const leftMs = untilMs - performance.now()
      if (leftMs <= 0 || signal?.aborted || (isLast && this.#settled.size >= this.#sentAtMs.length)) return
      // when all is answered there is nothing to look for until the next one
      const isQuiet = this.#settled.size >= this.#sentAtMs.length
      await this.#pause(isQuiet ? leftMs : Math.min(LOOK_MS, leftMs))
    }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch {
      // interrupted: the caller looks at the signal
    }
  }

  /** @returns whether there was an error */
  #drain(socket: IcmpSocket): boolean {
    let failed = false
    for (let event = socket.receive(); event; event = socket.receive()) {
      if (event.kind === 'reply') this.#reply(event)
      else {
        failed = true
        this.#error(event)
      }
    }
    return failed
  }

  #reply({ sequence, atMs, ttl }: IcmpEvent & { kind: 'reply' }): void {
    const position = this.#positionOf(sequence)
    const sentAtMs = this.#sentAtMs[position]
    if (sentAtMs === undefined) return
    if (this.#replies.has(position)) {
      this.#duplicates++
      return
    }
    // the clock may have been set meanwhile
    const rttMs = Math.max(0, Math.round((atMs - sentAtMs) * 1000) / 1000)
    const reply = { sequence: position, rttMs, ...(ttl === undefined ? {} : { ttl }) }
    this.#replies.set(position, reply)
    this.#settled.add(position)
    this.#options.onReply?.(reply)
  }

  #error({ kind: _, sequence, ...error }: IcmpEvent & { kind: 'error' }): void {
    const position = sequence === undefined ? this.#sentAtMs.length - 1 : this.#positionOf(sequence)
    this.#settled.add(position)
    this.#problem({ sequence: position, ...error })
  }

  #problem(problem: PingProblem): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem)
    this.#options.onProblem?.(problem)
  }

  /** The latest that was sent under that number, which has 16 bits. */
  #positionOf(sequence: number): number {
    const last = this.#sentAtMs.length - 1
    return last - ((last - sequence) & 0xffff)
  }

  result(startMs: number): PingMeasured | PingFailed {
    const sent = this.#sentAtMs.length
    const replies = [...this.#replies.values()].sort((a, b) => a.sequence - b.sequence)
    const common = { address: this.#address, sent, problems: this.#problems }
    if (replies.length === 0) return { ...common, ...this.#failure(startMs) }
    return {
      ok: true,
      ...common,
      received: replies.length,
      duplicates: this.#duplicates,
      lossRatio: (sent - replies.length) / sent,
      rttMs: distributionOf(replies.map(({ rttMs }) => rttMs)),
      replies,
    }
  }

  #failure(startMs: number): Pick<PingFailed, 'ok' | 'reason' | 'detail' | 'timeMs'> {
    const problem = this.#problems.at(-1)
    const interrupted = this.#options.signal?.aborted === true && problem === undefined
    const why =
      problem === undefined
        ? `no reply to ${this.#sentAtMs.length} requests`
        : `${problem.code}${problem.from === undefined ? '' : ` from ${problem.from}`}`
    return {
      ok: false,
      reason: interrupted ? 'interrupted' : problem === undefined ? 'timeout' : reasonOf(problem.code),
      detail: `ping ${this.#address}: ${interrupted ? 'interrupted' : why}`,
      timeMs: since(startMs),
    }
  }
}
