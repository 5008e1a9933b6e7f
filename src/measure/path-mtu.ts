import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { TsnetError } from '../errors.ts'
import { IcmpSocket, wallClockMs } from '../kernel/icmp-socket.ts'
import { type NamespaceEntry, systemErrorCode } from '../kernel/namespace-sockets.ts'
import type { Failed, MtuProbe, PathMtuFound } from '../model/measurement.ts'
import { reasonOf, since } from './attempt.ts'

export interface PathMtuOptions {
  /** For an answer to a probe, at most: with a short way it is less. Default 1000. */
  readonly timeoutMs?: number
  /** How often a size is sent before it counts as lost. Default 3. */
  readonly tries?: number
  readonly onProbe?: (probe: MtuProbe) => void
  readonly signal?: AbortSignal
}

/** RFC 791, RFC 8200: what every link takes; and the largest packet. */
const SMALLEST = { 4: 68, 6: 1280 } as const
const LARGEST = 65_535
/** Of the IP and the ICMP header. */
const HEADERS = { 4: 28, 6: 48 } as const
const LOOK_MS = 2
/** A probe waits so many round trips, and not less than this. */
const ROUND_TRIPS = 8
const LEAST_WAIT_MS = 150

/**
 * The path MTU to an address (not a name) by search: echo requests that must not be fragmented, ever closer sizes.
 * What a router says about its link shortens the search; what nobody says is found by halving. Nothing that the kernel
 * remembered of the path counts, but what routers say now it remembers, for ten minutes, as after tracepath(8).
 *
 * @throws TsnetError `privilege` without CAP_NET_RAW where net.ipv4.ping_group_range leaves us out
 */
export async function pathMtu(
  entry: NamespaceEntry,
  address: string,
  options: PathMtuOptions = {},
): Promise<PathMtuFound | Failed> {
  const startMs = performance.now()
  const failed = (reason: Failed['reason'], why: string): Failed => ({
    ok: false,
    reason,
    detail: `mtu ${address}: ${why}`,
    timeMs: since(startMs),
  })
  let socket: IcmpSocket
  try {
    socket = IcmpSocket.open(entry, address, { df: 'probe' })
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === undefined || (error instanceof TsnetError && error.code === 'privilege')) throw error
    return failed(reasonOf(code), code)
  }
  try {
    return await search(new Prober(socket, address, options), { address, options, failed })
  } finally {
    socket.close()
  }
}

interface Search {
  readonly address: string
  readonly options: PathMtuOptions
  readonly failed: (reason: Failed['reason'], why: string) => Failed
}

async function search(prober: Prober, { address, options, failed }: Search): Promise<PathMtuFound | Failed> {
  const family = address.includes(':') ? 6 : 4
  const probes: MtuProbe[] = []
  const probe = async (size: number): Promise<Answer> => {
    const answer = await prober.probe(size)
    if (answer.probe) {
      probes.push(answer.probe)
      options.onProbe?.(answer.probe)
    }
    return answer
  }
  const first = await probe(SMALLEST[family])
  if (first.error !== undefined) return failed(reasonOf(first.error), first.error)
  if (first.probe?.outcome !== 'passed') return failed('timeout', 'it does not answer echo requests')
  const range: Range = { fits: SMALLEST[family], fails: LARGEST + 1, hint: LARGEST }
  while (range.fails - range.fits > 1) {
    if (options.signal?.aborted) return failed('interrupted', 'interrupted')
    const { probe: found, error } = await probe(nextSize(range))
    if (error !== undefined) return failed(reasonOf(error), error)
    if (found) narrow(range, found)
  }
  const { fits } = range
  const tooLarge = probes.filter(({ size }) => size > fits).toSorted((a, b) => a.size - b.size)[0]
  const isBlackHole = tooLarge?.outcome === 'lost'
  return { ok: true, address, mtu: fits, probes, isBlackHole, rttMs: prober.rttMs }
}

/** Between what passes and what does not. */
interface Range {
  fits: number
  fails: number
  /** What is most likely to pass, or to be one too many. */
  hint: number | undefined
}

function nextSize({ fits, fails, hint }: Range): number {
  return hint !== undefined && hint > fits && hint < fails ? hint : Math.floor((fits + fails) / 2)
}

function narrow(range: Range, { size, outcome, mtu }: MtuProbe): void {
  if (outcome !== 'passed') {
    range.fails = size
    range.hint = mtu
    return
  }
  range.fits = size
  // one more than what passed by somebody's word is most likely one too many
  range.hint = range.hint === size ? size + 1 : undefined
}

interface Answer {
  readonly probe?: MtuProbe
  /** Code of an error that has nothing to do with the size. */
  readonly error?: string
}

/** Sends sizes, one after another. */
class Prober {
  /** Shortest that was seen. */
  rttMs = Number.POSITIVE_INFINITY
  readonly #socket: IcmpSocket
  readonly #headers: number
  readonly #options: PathMtuOptions
  #sequence = 0

  constructor(socket: IcmpSocket, address: string, options: PathMtuOptions) {
    this.#socket = socket
    this.#headers = HEADERS[address.includes(':') ? 6 : 4]
    this.#options = options
  }

  async probe(size: number): Promise<Answer> {
    const { tries = 3, signal } = this.#options
    for (let turn = 0; turn < tries && !signal?.aborted; turn++) {
      const answer = await this.#once(size)
      if (answer) return answer
    }
    return { probe: { size, outcome: 'lost' } }
  }

  /** Undefined when nothing came. */
  async #once(size: number): Promise<Answer | undefined> {
    while (this.#socket.receive()) {
      // late answers to what was sent before
    }
    const sequence = this.#sequence++ & 0xffff
    const sentAtMs = wallClockMs()
    const code = this.#socket.send(sequence, Buffer.alloc(size - this.#headers))
    const untilMs = performance.now() + this.#waitMs()
    for (;;) {
      const answer = this.#look({ size, sequence, sentAtMs })
      if (answer) return answer
      if (code === 'EMSGSIZE') return { probe: { size, outcome: 'refused' } }
      if (code !== undefined) return { error: code }
      if (performance.now() >= untilMs) return undefined
      await delay(LOOK_MS)
    }
  }

  #waitMs(): number {
    const { timeoutMs = 1000 } = this.#options
    return Math.min(timeoutMs, Math.max(LEAST_WAIT_MS, ROUND_TRIPS * this.rttMs))
  }

  #look({ size, sequence, sentAtMs }: Sent): Answer | undefined {
    for (let event = this.#socket.receive(); event; event = this.#socket.receive()) {
      if (event.sequence !== undefined && event.sequence !== sequence) continue
      if (event.kind === 'reply') {
        this.rttMs = Math.min(this.rttMs, Math.max(0, Math.round((event.atMs - sentAtMs) * 1000) / 1000))
        return { probe: { size, outcome: 'passed' } }
      }
      if (event.code !== 'EMSGSIZE') return { error: event.code }
      const { from, mtu } = event
      return {
        probe: {
          size,
          outcome: 'refused',
          ...(from === undefined ? {} : { from }),
          ...(mtu === undefined || mtu === 0 ? {} : { mtu }),
        },
      }
    }
    return undefined
  }
}

interface Sent {
  readonly size: number
  readonly sequence: number
  readonly sentAtMs: number
}
