import { TsnetError } from '../errors.ts'
import type { LiveHost } from '../inspect/live-host.ts'
import type { HostSnapshot } from '../model/snapshot.ts'

/** A snapshot that was saved, as a host in which nothing happens (`--from FILE`). */
export function savedHost(snapshot: HostSnapshot): LiveHost {
  return {
    snapshot,
    status: 'saved',
    events: [],
    want: () => undefined,
    conntrack: () => Promise.reject(new TsnetError('unsupported', 'conntrack: a snapshot holds no connections')),
    onEvent: () => () => undefined,
    subscribe: () => () => undefined,
    close: () => Promise.resolve(),
  }
}
