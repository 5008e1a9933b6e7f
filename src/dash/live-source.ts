import { openLiveHost } from '../inspect/live.ts'
import type { LiveHost } from '../inspect/live-host.ts'
import { Sampler } from '../inspect/sampler.ts'
import type { HostSnapshot } from '../model/snapshot.ts'
import type { OwnerOptions } from '../owners/identify.ts'
import type { DashListener, DashSource } from './source.ts'

const SAMPLE_MS = 1000

export interface LiveSourceOptions {
  readonly engines: OwnerOptions
  /** The only namespaces that are shown; all when there is none. */
  readonly choose?: (snapshot: HostSnapshot) => ReadonlySet<number>
}

/** This host: its counters every second, what the kernel tells at once. */
export function liveSource({ engines, choose }: LiveSourceOptions): DashSource {
  const sampler = new Sampler({ engines })
  let host: LiveHost | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  let sampling: Promise<void> = Promise.resolve()
  const sample = async (listener: DashListener): Promise<void> => {
    const startMs = performance.now()
    try {
      listener.sample(await sampler.sample(choose))
    } catch (error) {
      if (!isClosed) listener.fail(error)
      return
    }
    const waitMs = Math.max(SAMPLE_MS / 5, SAMPLE_MS - (performance.now() - startMs))
    if (!isClosed) timer = setTimeout(() => again(listener), waitMs)
  }
  const again = (listener: DashListener): void => {
    sampling = sample(listener)
  }
  return {
    about: () => 'live',
    start: async (listener) => {
      host = await openLiveHost({ engines })
      const shown = choose?.(host.snapshot)
      host.onEvent((event) => {
        if (shown === undefined || shown.has(event.namespace.inode)) listener.event(event)
      })
      again(listener)
      await sampling
    },
    close: async () => {
      isClosed = true
      clearTimeout(timer)
      await sampling
      sampler.close()
      await host?.close()
    },
  }
}
