import type { HostEvent } from '../model/event.ts'
import type { Sample } from '../model/sample.ts'

/** Where samples and events come from: this host, or a recording. */
export interface DashSource {
  /** A few words: `live`, or the name of the file and the moment that is shown. */
  about(): string
  /** Calls until {@link close}; an error ends it. */
  start(listener: DashListener): Promise<void>
  close(): Promise<void>
  /** Of what is over: another moment. */
  readonly player?: Player
}

/** By so many seconds, or to where it begins or ends. */
export type Seek = number | 'start' | 'end'

export interface Player {
  /** Tells everything until then; after {@link DashListener.restart} when it is earlier. */
  seek(to: Seek): void
  /** Goes on from here by itself, or stands still. */
  play(isPlaying: boolean): void
}

export interface DashListener {
  sample(sample: Sample): void
  event(event: HostEvent): void
  /** There is no more to come. */
  end(): void
  fail(error: unknown): void
  /** What was told does not hold any more; it comes again. */
  restart(): void
}
