import type { Ruleset } from './ruleset.ts'

/** What iptables-restore is given. */
export interface RestoreScript {
  /** For `iptables-restore --noflush`; '' = nothing to do. */
  readonly text: string
  /** Each is one transaction of the kernel. */
  readonly tables: readonly string[]
  /** Given when that is all: to take rules away needs no iptables. */
  readonly removals?: readonly Removal[]
}

/** Rules of a chain, by their position before any of them is gone. */
export interface Removal {
  readonly table: string
  readonly chain: string
  readonly positions: readonly number[]
  /** How many rules the chain has before. */
  readonly count: number
}

/**
 * The commands that make one set of rules of another. What both have is not touched, so that its counters go on and
 * what others put there stays where it is.
 */
export function restoreScript(from: Ruleset, to: Ruleset): RestoreScript {
  const names = [...new Set([...from.tables, ...to.tables])].sort(natFirst)
  const parts = names.flatMap((table) => {
    const lines = tableLines(from, to, table)
    return lines.length === 0 ? [] : [{ table, text: [`*${table}`, ...lines, 'COMMIT', ''].join('\n') }]
  })
  const tables = parts.map(({ table }) => table)
  const removals = tables.map((table) => removalsIn(from, to, table))
  return {
    text: parts.map(({ text }) => text).join(''),
    tables,
    ...(removals.includes(undefined) ? {} : { removals: removals.flatMap((removal) => removal ?? []) }),
  }
}

/** Undefined: there is more to do in the table. */
function removalsIn(from: Ruleset, to: Ruleset, table: string): readonly Removal[] | undefined {
  const before = from.chains(table)
  const after = to.chains(table)
  if (before.size !== after.size) return undefined
  const removals: Removal[] = []
  for (const [chain, { policy, rules }] of after) {
    const known = before.get(chain)
    if (known?.policy !== policy) return undefined
    const kept = commonRules(known?.rules ?? [], rules)
    if (kept.to.size < rules.length) return undefined
    const positions = [...(known?.rules ?? []).keys()].filter((at) => !kept.from.has(at))
    if (positions.length > 0) removals.push({ table, chain, positions, count: known?.rules.length ?? 0 })
  }
  return removals
}

/**
 * Between two tables iptables-restore closes a netlink socket when an extension is new to it, and the kernel lets go of a
 * socket only after the grace period of rules deleted before. Rules of nat use all that those of the others use.
 */
function natFirst(one: string, other: string): number {
  return Number(other === 'nat') - Number(one === 'nat')
}

function tableLines(from: Ruleset, to: Ruleset, table: string): string[] {
  const before = from.chains(table)
  const after = to.chains(table)
  const gone = [...before.keys()].filter((chain) => !after.has(chain))
  const made = [...after.keys()].filter((chain) => from.rules({ table, chain }) === undefined)
  return [
    ...made.map((chain) => `-N ${chain}`),
    ...[...after].flatMap(([chain, { policy, rules }]) => [
      ...(policy === from.policy({ table, chain }) ? [] : [`-P ${chain} ${policy}`]),
      ...chainLines(chain, before.get(chain)?.rules ?? [], rules),
    ]),
    ...gone.map((chain) => `-F ${chain}`),
    ...gone.map((chain) => `-X ${chain}`),
  ]
}

function chainLines(chain: string, from: readonly string[], to: readonly string[]): string[] {
  const kept = commonRules(from, to)
  const lines: string[] = []
  const now = [...from]
  for (let at = from.length - 1; at >= 0; at--) {
    const text = from[at] as string
    if (kept.from.has(at)) continue
    // by its text, which nobody else's change in the meantime can shift, unless there are two of them
    lines.push(now.indexOf(text) === at ? `-D ${chain} ${text}` : `-D ${chain} ${at + 1}`)
    now.splice(at, 1)
  }
  for (const [at, text] of to.entries()) {
    if (kept.to.has(at)) continue
    if (at === now.length) lines.push(`-A ${chain} ${text}`)
    else lines.push(at === 0 ? `-I ${chain} ${text}` : `-I ${chain} ${at + 1} ${text}`)
    now.splice(at, 0, text)
  }
  return lines
}

interface Kept {
  readonly from: ReadonlySet<number>
  readonly to: ReadonlySet<number>
}

/** Positions of rules that stay: as many as there are without any that overtakes another. */
function commonRules(from: readonly string[], to: readonly string[]): Kept {
  const places = new Map<string, number[]>()
  for (let at = from.length - 1; at >= 0; at--) {
    const text = from[at] as string
    const known = places.get(text)
    if (known) known.push(at)
    else places.set(text, [at])
  }
  const pairs = to.flatMap((text, at) => {
    const place = places.get(text)?.pop()
    return place === undefined ? [] : [{ from: place, to: at }]
  })
  const kept = longestRising(pairs)
  return { from: new Set(kept.map((pair) => pair.from)), to: new Set(kept.map((pair) => pair.to)) }
}

interface Pair {
  readonly from: number
  readonly to: number
}

/** A longest subsequence whose `from` rises (patience sorting). */
function longestRising(pairs: readonly Pair[]): Pair[] {
  const tops: number[] = []
  const previous: number[] = []
  for (const [at, pair] of pairs.entries()) {
    const pile = firstPile(tops, (top) => (pairs[top] as Pair).from >= pair.from)
    previous[at] = tops[pile - 1] ?? -1
    tops[pile] = at
  }
  const rising: Pair[] = []
  for (let at = tops.at(-1) ?? -1; at >= 0; at = previous[at] ?? -1) rising.push(pairs[at] as Pair)
  return rising.reverse()
}

function firstPile(tops: readonly number[], fits: (top: number) => boolean): number {
  let low = 0
  let high = tops.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (fits(tops[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}
