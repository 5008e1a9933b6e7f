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
  const tables = names.map((table) => tableChange(from, to, table)).filter(({ lines }) => lines.length > 0)
  const removals = tables.map(({ removals }) => removals)
  return {
    text: tables.map(({ table, lines }) => [`*${table}`, ...lines, 'COMMIT', ''].join('\n')).join(''),
    tables: tables.map(({ table }) => table),
    ...(removals.includes(undefined) ? {} : { removals: removals.flatMap((removal) => removal ?? []) }),
  }
}

/**
 * Between two tables iptables-restore closes a netlink socket when an extension is new to it, and the kernel lets go of a
 * socket only after the grace period of rules deleted before. Rules of nat use all that those of the others use.
 */
function natFirst(one: string, other: string): number {
  return Number(other === 'nat') - Number(one === 'nat')
}

interface TableChange {
  readonly table: string
  readonly lines: readonly string[]
  /** Undefined: there is more to do than to take rules away. */
  readonly removals: readonly Removal[] | undefined
}

function tableChange(from: Ruleset, to: Ruleset, table: string): TableChange {
  const before = from.chains(table)
  const after = to.chains(table)
  const gone = [...before.keys()].filter((chain) => !after.has(chain))
  const made = [...after.keys()].filter((chain) => from.rules({ table, chain }) === undefined)
  const policies = [...after].filter(([chain, { policy }]) => policy !== from.policy({ table, chain }))
  const chains = [...after].map(([chain, { rules }]) => chainChange(chain, before.get(chain)?.rules ?? [], rules))
  const areRemovals = [...after.keys()].every((chain) => before.has(chain)) && gone.length + policies.length === 0
  return {
    table,
    lines: [
      ...made.map((chain) => `-N ${chain}`),
      ...policies.map(([chain, { policy }]) => `-P ${chain} ${policy}`),
      ...chains.flatMap(chainLines),
      ...gone.map((chain) => `-F ${chain}`),
      ...gone.map((chain) => `-X ${chain}`),
    ],
    removals: areRemovals && chains.every(isRemoval) ? chains.flatMap((each) => removalOf(table, each)) : undefined,
  }
}

interface ChainChange {
  readonly chain: string
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly kept: Kept
}

function chainChange(chain: string, from: readonly string[], to: readonly string[]): ChainChange {
  return { chain, from, to, kept: commonRules(from, to) }
}

function isRemoval({ to, kept }: ChainChange): boolean {
  return kept.to.size === to.length
}

function removalOf(table: string, { chain, from, kept }: ChainChange): readonly Removal[] {
  const positions = [...from.keys()].filter((at) => !kept.from.has(at))
  return positions.length === 0 ? [] : [{ table, chain, positions, count: from.length }]
}

function chainLines({ chain, from, to, kept }: ChainChange): string[] {
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
