import type { HostEvent } from '../model/event.ts'
import type { Sample } from '../model/sample.ts'

/** Where samples and events come from: this host, or a recording. */
export interface DashSource {
  /** A few words: `live`, or the name of the file. */
  readonly name: string
  /** Calls until {@link close}; an error ends it. */
  start(listener: DashListener): Promise<void>
  close(): Promise<void>
}

export interface DashListener {
  sample(sample: Sample): void
  event(event: HostEvent): void
  /** There is no more to come. */
  end(): void
  fail(error: unknown): void
}
