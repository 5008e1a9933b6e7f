import type { NamespaceCounters, Sample } from '../../model/sample.ts'

/** What two samples after each other say of one thing that sends and receives: bytes a second. */
export interface Rate {
  readonly rx: number
  readonly tx: number
  /** Packets a second that were dropped or faulty. */
  readonly losses: number
}

/** One moment: the rates of everything since the moment before. */
export interface Moment {
  readonly atMs: number
  /** Since the moment before. */
  readonly seconds: number
  /** By {@link linkKey}. */
  readonly links: ReadonlyMap<string, Rate>
  /** Segments a second that were sent again, by inode. */
  readonly retransmits: ReadonlyMap<number, number>
  /** Bytes a second, by {@link talkerKey}; none where the kernel does not count. */
  readonly talkers: ReadonlyMap<string, number>
}

/** Samples and what follows from them, oldest first, bounded. Never changed: a sample makes a new one. */
export interface History {
  readonly latest: Sample | undefined
  readonly moments: readonly Moment[]
}

export const EMPTY_HISTORY: History = { latest: undefined, moments: [] }

/** An hour of seconds. */
const MOST_MOMENTS = 3600

export function linkKey(inode: number, index: number): string {
  return `${inode}:${index}`
}

export function talkerKey(inode: number, text: string): string {
  return `${inode} ${text}`
}

/** A history with one more sample; one that is not later than the last says nothing. */
export function addSample(history: History, sample: Sample): History {
  const { latest, moments } = history
  if (latest === undefined) return { latest: sample, moments }
  const atMs = Date.parse(sample.at)
  const seconds = (atMs - Date.parse(latest.at)) / 1000
  if (seconds <= 0) return history
  return { latest: sample, moments: [...moments.slice(1 - MOST_MOMENTS), momentOf(latest, sample, { atMs, seconds })] }
}

function momentOf(before: Sample, after: Sample, { atMs, seconds }: { atMs: number; seconds: number }): Moment {
  const earlier = new Map(before.counters.map((each) => [each.inode, each]))
  const links = new Map<string, Rate>()
  const retransmits = new Map<number, number>()
  const talkers = new Map<string, number>()
  for (const counters of after.counters) {
    const last = earlier.get(counters.inode)
    if (last === undefined) continue
    addLinks(last, counters, { seconds, links })
    if (last.tcp !== undefined && counters.tcp !== undefined) {
      retransmits.set(counters.inode, growth(last.tcp.retransmitted, counters.tcp.retransmitted) / seconds)
    }
    const known = new Map(last.talkers.map(({ text, bytes }) => [text, bytes]))
    for (const { text, bytes } of counters.talkers) {
      if (bytes !== undefined)
        talkers.set(talkerKey(counters.inode, text), growth(known.get(text) ?? 0, bytes) / seconds)
    }
  }
  return { atMs, seconds, links, retransmits, talkers }
}

interface Adding {
  readonly seconds: number
  readonly links: Map<string, Rate>
}

function addLinks(before: NamespaceCounters, after: NamespaceCounters, { seconds, links }: Adding): void {
  const known = new Map(before.links.map((link) => [link.index, link]))
  for (const link of after.links) {
    const last = known.get(link.index)
    // an index that another link has now counts from zero
    if (last === undefined || last.name !== link.name) continue
    links.set(linkKey(after.inode, link.index), {
      rx: growth(last.rxBytes, link.rxBytes) / seconds,
      tx: growth(last.txBytes, link.txBytes) / seconds,
      losses: growth(last.losses, link.losses) / seconds,
    })
  }
}

/** Counters that were reset, and ends of connections, are no negative traffic. */
function growth(before: number, after: number): number {
  return Math.max(0, after - before)
}
