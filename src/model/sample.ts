/**
 * Counters of a host at one moment: what `watch --counters` prints beside events and `dash` draws. Counts grow since
 * their object was made; a rate is the difference of two samples. Additions only.
 */
export interface Sample {
  /** ISO 8601, UTC. */
  readonly at: string
  readonly counters: readonly NamespaceCounters[]
}

export interface NamespaceCounters {
  readonly inode: number
  readonly name: string
  readonly owner: string
  readonly links: readonly LinkSample[]
  /** Of TCP in this namespace; absent where nobody could read it. */
  readonly tcp?: { readonly sent: number; readonly retransmitted: number }
  readonly conntrack?: { readonly count: number; readonly max: number; readonly lost: number }
  readonly ipvs: readonly IpvsSample[]
  /** Tracked connections by their two ends, the busiest first, bounded. */
  readonly talkers: readonly Talker[]
}

export interface LinkSample {
  readonly index: number
  readonly name: string
  readonly kind: string
  readonly rxBytes: number
  readonly txBytes: number
  /** Dropped and faulty, both ways. */
  readonly losses: number
}

export interface IpvsSample {
  /** `tcp 10.0.0.4:80`. */
  readonly service: string
  readonly destinations: readonly { readonly name: string; readonly active: number; readonly inactive: number }[]
}

export interface Talker {
  /** `10.0.0.2 → 10.0.0.3:80 tcp`. */
  readonly text: string
  readonly connections: number
  /** Both ways; absent where the kernel does not count them (net.netfilter.nf_conntrack_acct). */
  readonly bytes?: number
}

const MOST_TALKERS = 50

interface Flow {
  readonly protocol: string
  readonly original: { readonly source: string; readonly destination: string; readonly destinationPort?: number }
  readonly bytes?: readonly [number, number]
}

/** Connections with the same ends and port, as one; the busiest first. */
export function talkersOf(flows: readonly Flow[]): Talker[] {
  const talkers = new Map<string, { connections: number; bytes: number | undefined }>()
  for (const { protocol, original, bytes } of flows) {
    const { source, destination, destinationPort } = original
    const end = destination.includes(':') && destinationPort !== undefined ? `[${destination}]` : destination
    const text = `${source} → ${end}${destinationPort === undefined ? '' : `:${destinationPort}`} ${protocol}`
    const talker = talkers.get(text) ?? { connections: 0, bytes: undefined }
    talker.connections++
    if (bytes !== undefined) talker.bytes = (talker.bytes ?? 0) + bytes[0] + bytes[1]
    talkers.set(text, talker)
  }
  return [...talkers]
    .map(([text, { connections, bytes }]) => ({ text, connections, ...(bytes === undefined ? {} : { bytes }) }))
    .sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0) || b.connections - a.connections)
    .slice(0, MOST_TALKERS)
}

/** Whether a line of a recording is a sample; such a line has come from a file that anybody may have written. */
export function isSample(value: unknown): value is Sample {
  if (typeof value !== 'object' || value === null) return false
  const { at, counters } = value as Partial<Sample>
  return (
    typeof at === 'string' && !Number.isNaN(Date.parse(at)) && Array.isArray(counters) && counters.every(isCounters)
  )
}

function isCounters(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { inode, name, owner, links, ipvs, talkers } = value as Partial<NamespaceCounters>
  return (
    typeof inode === 'number' &&
    typeof name === 'string' &&
    typeof owner === 'string' &&
    areObjects(links, ['index', 'rxBytes', 'txBytes', 'losses'], ['name', 'kind']) &&
    areObjects(talkers, ['connections'], ['text']) &&
    areObjects(ipvs, [], ['service']) &&
    ipvs?.every(({ destinations }) => areObjects(destinations, ['active', 'inactive'], ['name'])) === true
  )
}

function areObjects(values: unknown, numbers: readonly string[], texts: readonly string[]): boolean {
  if (!Array.isArray(values)) return false
  return values.every(
    (value: Record<string, unknown> | null) =>
      typeof value === 'object' &&
      value !== null &&
      numbers.every((name) => typeof value[name] === 'number') &&
      texts.every((name) => typeof value[name] === 'string'),
  )
}
