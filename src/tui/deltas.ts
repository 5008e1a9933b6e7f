import type { FirewallRule, HostSnapshot, Namespace } from '../model/snapshot.ts'
import { ruleKeys } from './rule-keys.ts'

/** Bytes a second, and packets dropped or faulty since the previous reading. */
export interface Rate {
  readonly rxBytesPerS: number
  readonly txBytesPerS: number
  readonly losses: number
}

/** What changed between two readings of the same counters. */
export interface Deltas {
  /** By namespace inode. */
  readonly namespaces: ReadonlyMap<number, Rate>
  /** By {@link linkKey}. */
  readonly links: ReadonlyMap<string, Rate>
  /** By {@link ruleKeys}: packets that a rule counted since the previous reading. */
  readonly rules: ReadonlyMap<string, number>
}

export const NO_DELTAS: Deltas = { namespaces: new Map(), links: new Map(), rules: new Map() }

export function linkKey(inode: number, index: number): string {
  return `${inode}:${index}`
}

/** Rates need some time between two readings, or they jump. */
const SHORTEST_MS = 200
/** A namespace whose counters have not moved for so long is idle. */
const STALE_MS = 3_000

/** When the counters of each namespace were read last, by inode. */
export type Readings = ReadonlyMap<number, { readonly namespace: Namespace; readonly atMs: number }>

/**
 * The deltas after a new snapshot. A namespace that kept its object was not read again, so what is known of
 * it stays until it is stale.
 */
export function measureDeltas(
  before: { readonly readings: Readings; readonly deltas: Deltas },
  snapshot: HostSnapshot,
  nowMs: number,
): { readonly readings: Readings; readonly deltas: Deltas } {
  const readings = new Map<number, { namespace: Namespace; atMs: number }>()
  const namespaces = new Map<number, Rate>()
  const links = new Map<string, Rate>()
  const rules = new Map<string, number>()
  for (const namespace of snapshot.namespaces) {
    const last = before.readings.get(namespace.inode)
    const elapsedMs = last === undefined ? 0 : nowMs - last.atMs
    const fresh = last !== undefined && last.namespace !== namespace && elapsedMs >= SHORTEST_MS
    if (fresh) {
      const total = measureLinks(last.namespace, namespace, elapsedMs / 1_000, links)
      if (total !== undefined) namespaces.set(namespace.inode, total)
      measureRules(last.namespace, namespace, rules)
    } else if (elapsedMs < STALE_MS) {
      keep(before.deltas, { namespaces, links, rules }, namespace)
    }
    readings.set(namespace.inode, last === undefined || fresh ? { namespace, atMs: nowMs } : last)
  }
  return { readings, deltas: { namespaces, links, rules } }
}

interface MutableDeltas {
  readonly namespaces: Map<number, Rate>
  readonly links: Map<string, Rate>
  readonly rules: Map<string, number>
}

function keep(from: Deltas, to: MutableDeltas, namespace: Namespace): void {
  const total = from.namespaces.get(namespace.inode)
  if (total !== undefined) to.namespaces.set(namespace.inode, total)
  for (const link of namespace.links) {
    const key = linkKey(namespace.inode, link.index)
    const rate = from.links.get(key)
    if (rate !== undefined) to.links.set(key, rate)
  }
  if (from.rules.size === 0) return
  for (const key of ruleKeys(namespace)) {
    const packets = from.rules.get(key)
    if (packets !== undefined) to.rules.set(key, packets)
  }
}

function measureLinks(before: Namespace, after: Namespace, seconds: number, into: Map<string, Rate>): Rate | undefined {
  const earlier = new Map(before.links.map((link) => [link.index, link.counters]))
  let rx = 0
  let tx = 0
  let losses = 0
  for (const { index, kind, counters } of after.links) {
    const last = earlier.get(index)
    if (last === undefined) continue
    const rate = {
      rxBytesPerS: rise(last.rxBytes, counters.rxBytes) / seconds,
      txBytesPerS: rise(last.txBytes, counters.txBytes) / seconds,
      losses:
        rise(last.rxDropped, counters.rxDropped) +
        rise(last.txDropped, counters.txDropped) +
        rise(last.rxErrors, counters.rxErrors) +
        rise(last.txErrors, counters.txErrors),
    }
    if (rate.rxBytesPerS > 0 || rate.txBytesPerS > 0 || rate.losses > 0) into.set(linkKey(after.inode, index), rate)
    losses += rate.losses
    if (kind === 'loopback') continue
    rx += rate.rxBytesPerS
    tx += rate.txBytesPerS
  }
  return rx > 0 || tx > 0 || losses > 0 ? { rxBytesPerS: rx, txBytesPerS: tx, losses } : undefined
}

function measureRules(before: Namespace, after: Namespace, into: Map<string, number>): void {
  if (before.firewall === after.firewall) return
  const earlier = new Map<string, FirewallRule>()
  const keysBefore = ruleKeys(before)
  before.firewall.forEach((rule, position) => {
    earlier.set(keysBefore[position] ?? '', rule)
  })
  const keys = ruleKeys(after)
  after.firewall.forEach((rule, position) => {
    const key = keys[position] ?? ''
    const last = earlier.get(key)
    if (last !== undefined && rule.packets > last.packets) into.set(key, rule.packets - last.packets)
  })
}

/** A counter that went down was reset: it counts from zero. */
function rise(before: number, after: number): number {
  return after >= before ? after - before : after
}
