import { sanitise } from '../../report/sanitise.ts'
import type { CaptureEvent, CaptureService, RunningCapture, WantedCapture } from './capture.ts'
import { PacketItem } from './packet-item.ts'
import { keepNewest } from './packet-ring.ts'

/** At most so often packets come to the screen. */
const BATCH_MS = 100

export type CaptureDispatch = (key: number, event: CaptureEvent) => void

/** Has captured what the screen shows, and stops when it shows something else. */
export class CaptureDesk {
  readonly #service: CaptureService
  readonly #dispatch: CaptureDispatch
  #key: number | undefined
  #running: RunningCapture | undefined
  /** Those that stop. */
  readonly #ending = new Set<Promise<unknown>>()
  #seen = 0
  #waiting: readonly PacketItem[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(service: CaptureService, dispatch: CaptureDispatch) {
    this.#service = service
    this.#dispatch = dispatch
  }

  look(wanted: WantedCapture | undefined): void {
    if (this.#running !== undefined && wanted?.key === this.#key) return
    this.#stop()
    if (wanted === undefined) return
    // gone on with: its packets go on being counted
    if (wanted.key !== this.#key) this.#seen = 0
    this.#key = wanted.key
    this.#start(wanted)
  }

  /** Resolves when nothing of it runs any more. */
  close(): Promise<unknown> {
    this.#stop()
    return Promise.all(this.#ending)
  }

  #start({ key, words }: WantedCapture): void {
    this.#dispatch(key, { kind: 'opening' })
    const running = this.#service.start(words, {
      onLines: (lines) => this.#running === running && this.#take(lines),
      onEvent: (event) => this.#running === running && this.#tell(event),
    })
    this.#running = running
    void running.ended.then((problem) => {
      if (this.#running !== running) return
      this.#flush()
      this.#running = undefined
      this.#dispatch(key, { kind: 'ended', problem: problem === undefined ? undefined : sanitise(problem) })
    })
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = []
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    running.stop()
    const ended: Promise<unknown> = running.ended.then(() => this.#ending.delete(ended))
    this.#ending.add(ended)
  }

  #tell(event: CaptureEvent): void {
    if (this.#key !== undefined) {
      this.#dispatch(this.#key, event.kind === 'note' ? { ...event, text: sanitise(event.text) } : event)
    }
  }

  #take(lines: readonly string[]): void {
    const packets = lines.map((line) => {
      this.#seen++
      return new PacketItem(this.#seen, line)
    })
    this.#waiting = keepNewest(this.#waiting, packets)
    this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0 || this.#key === undefined) return
    const packets = this.#waiting
    this.#waiting = []
    this.#dispatch(this.#key, { kind: 'packets', packets, seen: this.#seen })
  }
}
