import { setTimeout as delay } from 'node:timers/promises'
import { messageOf, TsnetError } from '../../errors.ts'
import { discoverNamespaces } from '../../kernel/namespaces.ts'
import { RETIRE_MS, type RingFrame } from '../../kernel/packets/packet-ring.ts'
import { pollDescriptors } from '../../kernel/packets/poll-descriptors.ts'
import { CapturedInterfaces, type InterfaceSlot } from './captured-interfaces.ts'
import { CapturedNamespace, type CaptureTarget, type OpenRing, type RingOptions } from './captured-namespace.ts'
import { mergeFrames } from './merge-rings.ts'

export interface CaptureRequest extends Omit<RingOptions, 'bytes'> {
  readonly targets: readonly CaptureTarget[]
  /** For all rings together; default 64 MiB. */
  readonly bufferBytes?: number
  readonly count?: number
  readonly durationMs?: number
  readonly signal: AbortSignal
}

/** Who is told what happens. */
export interface CaptureListener {
  /** An interface is seen for the first time; before its first packet. */
  onInterface(slot: InterfaceSlot): void
  /** @returns false = enough */
  onPacket(frame: RingFrame, slot: InterfaceSlot): boolean
  /** What was read is complete for now. */
  onRound(): void
  onNote(text: string): void
  /** More were lost in the kernel: so many by now. */
  onDropped(dropped: number): void
  /** Everything is open: `web:lo`, `web:eth0`. */
  onStart(places: readonly string[]): void
  /** More packets than can be taken wait in the kernel. */
  readonly isFull: boolean
  readonly hasEnded: boolean
  ready(): Promise<void>
}

export interface CaptureResult {
  readonly packets: number
  /** Packets that found no room in the kernel. */
  readonly dropped: number
}

const DEFAULT_BUFFER_BYTES = 64 * 1024 * 1024
const POLL_MS = 100
const REVIEW_MS = 1_000
/** What is older than this is there from every ring, so that packets of several can be put into order. */
const ORDER_MS = 2 * RETIRE_MS

/** Captures in several namespaces at once until a limit is reached or it is told to end. */
export class Capture {
  readonly interfaces: CapturedInterfaces
  readonly #request: CaptureRequest
  readonly #listener: CaptureListener
  #namespaces: readonly CapturedNamespace[]
  #packets = 0
  #dropped = 0
  #isEnough = false
  #reviewedAt = 0
  /** Packets are there that are too young to be taken. */
  #isWaiting = false

  /** @throws TsnetError `usage` for a filter or when no interface matches, `privilege`, `vanished`, `failed` */
  constructor(request: CaptureRequest, listener: CaptureListener) {
    this.#request = request
    this.#listener = listener
    this.interfaces = new CapturedInterfaces((slot) => listener.onInterface(slot))
    this.#namespaces = openAll(request, listener)
  }

  async run(): Promise<CaptureResult> {
    const { signal, durationMs } = this.#request
    const startedAt = performance.now()
    this.#reviewedAt = startedAt
    for (const namespace of this.#namespaces) {
      for (const link of namespace.links) this.interfaces.slotOf(namespace, link.index)
    }
    this.#listener.onStart(this.interfaces.all.map(({ name }) => name))
    this.#listener.onRound()
    const isOver = () => durationMs !== undefined && performance.now() - startedAt >= durationMs
    try {
      while (!this.#hasEnded && !signal.aborted && !isOver()) {
        await this.#wait(durationMs === undefined ? POLL_MS : durationMs - (performance.now() - startedAt))
        this.#read()
        if (performance.now() - this.#reviewedAt >= REVIEW_MS) this.#review()
        await this.#listener.ready()
      }
      if (!this.#hasEnded) {
        // the block that is being filled is handed over after this time
        await delay(2 * RETIRE_MS)
        this.#read({ isLast: true })
      }
      for (const namespace of this.#namespaces) this.#count(namespace)
      return { packets: this.#packets, dropped: this.#dropped }
    } finally {
      await Promise.all(this.#namespaces.map((namespace) => namespace.close()))
    }
  }

  get #hasEnded(): boolean {
    return this.#isEnough || this.#listener.hasEnded || this.#namespaces.length === 0
  }

  async #wait(mostMs: number): Promise<void> {
    if (this.#isWaiting) {
      // poll(2) would tell of them at once
      await delay(RETIRE_MS)
      return
    }
    const rings = this.#namespaces.flatMap((namespace) => namespace.rings)
    const timeoutMs = Math.max(1, Math.min(POLL_MS, Math.ceil(mostMs)))
    const failed = await pollDescriptors(
      rings.map(({ ring }) => ring.fd),
      { timeoutMs },
    )
    for (const position of failed) rings[position]?.ring.clearError()
    // an interface is down or gone: seen at once instead of within a second
    if (failed.length > 0) this.#reviewedAt = 0
  }

  /** @param isLast nothing can come in between any more */
  #read({ isLast = false } = {}): void {
    const listener = this.#listener
    const mayGoOn = () => !this.#isEnough && !listener.isFull
    const sources = this.#namespaces.flatMap((namespace) =>
      namespace.rings.map((ring) => new RingSource(namespace, ring)),
    )
    const isOrdered = isLast || sources.length < 2
    const until = isOrdered ? undefined : timeBefore(ORDER_MS)
    this.#isWaiting = mergeFrames(sources, (frame, { namespace, from }) => this.#take(namespace, frame, from), {
      until,
      mayGoOn,
    })
    listener.onRound()
  }

  #take(namespace: CapturedNamespace, frame: RingFrame, ring: OpenRing): void {
    if (this.#isEnough) return
    const slot = this.interfaces.slotOf(namespace, frame.link, frame.hardware)
    slot.ring ??= ring
    if (!this.#listener.onPacket(frame, slot)) {
      this.#isEnough = true
      return
    }
    slot.received++
    this.#packets++
    if (this.#packets === this.#request.count) this.#isEnough = true
  }

  #review(): void {
    this.#reviewedAt = performance.now()
    for (const namespace of this.#namespaces) {
      this.#count(namespace)
      const gone = namespace.review()
      if (gone === 'gone') this.#forget(namespace)
      else for (const { name } of gone) this.#listener.onNote(`${namespace.target.name}:${name} went away`)
    }
  }

  /** Takes its last packets and goes on with the rest. */
  #forget(namespace: CapturedNamespace): void {
    this.#read({ isLast: true })
    this.#count(namespace)
    this.#namespaces = this.#namespaces.filter((each) => each !== namespace)
    const rest = this.#namespaces.length === 0 ? 'nothing is left to capture' : 'the others are captured further'
    this.#listener.onNote(`${namespace.target.name} went away: ${rest}`)
    void namespace.close()
  }

  #count(namespace: CapturedNamespace): void {
    const before = dropsOf(namespace)
    try {
      namespace.count()
    } catch (error) {
      this.#listener.onNote(`${namespace.target.name}: its counts are not known: ${messageOf(error)}`)
    }
    const more = dropsOf(namespace) - before
    this.#dropped += more
    if (more > 0) this.#listener.onDropped(this.#dropped)
  }
}

/** A ring and whose it is. */
class RingSource {
  readonly namespace: CapturedNamespace
  readonly from: OpenRing

  constructor(namespace: CapturedNamespace, from: OpenRing) {
    this.namespace = namespace
    this.from = from
  }

  head(): RingFrame | undefined {
    return this.from.ring.head()
  }

  shift(): void {
    this.from.ring.shift()
  }
}

function timeBefore(ms: number): { readonly seconds: number; readonly nanoseconds: number } {
  const then = Date.now() - ms
  return { seconds: Math.floor(then / 1_000), nanoseconds: (then % 1_000) * 1_000_000 }
}

function dropsOf({ rings }: CapturedNamespace): number {
  return rings.reduce((sum, { drops }) => sum + drops, 0)
}

function openAll(request: CaptureRequest, listener: CaptureListener): CapturedNamespace[] {
  const { targets, bufferBytes = DEFAULT_BUFFER_BYTES } = request
  const found = new Map(discoverNamespaces().namespaces.map((each) => [each.inode, each]))
  const options = { ...request, bytes: Math.floor(bufferBytes / Math.max(1, targets.length)) }
  const opened: CapturedNamespace[] = []
  try {
    for (const target of targets) {
      const namespace = openOne(found, target, { options, listener })
      if (namespace !== undefined) opened.push(namespace)
    }
    if (opened.some(({ rings }) => rings.length > 0)) return opened
    throw new TsnetError('usage', `capture: no interface ${request.interfaces.join(' or ')}`, {
      hint: 'tsnet-shoot show links lists them',
    })
  } catch (error) {
    for (const namespace of opened) void namespace.close()
    throw error
  }
}

/** One of several that went away meanwhile is told, and left out. */
function openOne(
  found: Parameters<typeof CapturedNamespace.open>[0],
  target: CaptureTarget,
  { options, listener }: { readonly options: RingOptions; readonly listener: CaptureListener },
): CapturedNamespace | undefined {
  try {
    return CapturedNamespace.open(found, target, options)
  } catch (error) {
    if (!(error instanceof TsnetError) || error.code !== 'vanished') throw error
    listener.onNote(`${target.name} went away`)
    return undefined
  }
}
