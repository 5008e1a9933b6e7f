import type { NamespaceCounters } from '../../model/sample.ts'
import { type History, linkKey, type Moment, type Rate, talkerKey } from './history.ts'

/** What the rates are of. */
export const SCOPES = ['namespaces', 'bridges', 'interfaces'] as const
export type Scope = (typeof SCOPES)[number]

export const SORTS = ['rate', 'rx', 'tx', 'name'] as const
export type Sort = (typeof SORTS)[number]

/** One line of the table of rates, with what is drawn of it. */
export interface RateRow {
  readonly key: string
  /** Unsanitised. */
  readonly name: string
  readonly rx: number
  readonly tx: number
  readonly losses: number
}

interface Subject {
  readonly key: string
  readonly name: string
  /** Keys of the links whose rates it is the sum of. */
  readonly links: readonly string[]
}

const NOTHING: Rate = { rx: 0, tx: 0, losses: 0 }

/** What is on the host now of a scope; what a namespace says to itself is no traffic. */
function subjectsOf(counters: readonly NamespaceCounters[], scope: Scope): Subject[] {
  return counters.flatMap(({ inode, name, links }) => {
    const keyOf = (index: number) => linkKey(inode, index)
    const outer = links.filter(({ kind }) => kind !== 'loopback')
    if (scope === 'namespaces') {
      // a bridge counts what its ports count already
      const own = outer.filter(({ kind }) => kind !== 'bridge')
      return own.length === 0 ? [] : [{ key: String(inode), name, links: own.map(({ index }) => keyOf(index)) }]
    }
    const wanted = scope === 'bridges' ? outer.filter(({ kind }) => kind === 'bridge') : outer
    return wanted.map((link) => ({ key: keyOf(link.index), name: `${name} ${link.name}`, links: [keyOf(link.index)] }))
  })
}

function rateOf({ links }: Subject, moment: Moment | undefined): Rate {
  return links.reduce((sum, key) => {
    const { rx, tx, losses } = moment?.links.get(key) ?? NOTHING
    return { rx: sum.rx + rx, tx: sum.tx + tx, losses: sum.losses + losses }
  }, NOTHING)
}

/** The rates of now, sorted; those that are equal by name. */
export function rateRows({ latest, moments }: History, scope: Scope, sort: Sort): RateRow[] {
  const moment = moments.at(-1)
  const rows = subjectsOf(latest?.counters ?? [], scope).map((subject) => {
    return { key: subject.key, name: subject.name, ...rateOf(subject, moment) }
  })
  const weight: Readonly<Record<Sort, (row: RateRow) => number>> = {
    rate: ({ rx, tx }) => rx + tx,
    rx: ({ rx }) => rx,
    tx: ({ tx }) => tx,
    name: () => 0,
  }
  return rows.sort((a, b) => weight[sort](b) - weight[sort](a) || compare(a.name, b.name))
}

/** A line of the chart: bytes a second, both ways, oldest first. */
export interface Series {
  readonly name: string
  readonly values: readonly number[]
}

/** What was busiest within the range, a value a step: the mean of the moments in it. */
export function seriesOf(history: History, scope: Scope, window: Window): Series[] {
  const { latest, moments } = history
  const steps = stepsOf(moments, window)
  const all = subjectsOf(latest?.counters ?? [], scope).map((subject) => ({
    name: subject.name,
    values: steps.map((step) => mean(step.map((moment) => totalOf(rateOf(subject, moment))))),
  }))
  return all
    .map((series) => ({ series, sum: series.values.reduce((total, value) => total + value, 0) }))
    .sort((a, b) => b.sum - a.sum || compare(a.series.name, b.series.name))
    .slice(0, window.most)
    .map(({ series }) => series)
}

export interface Window {
  readonly rangeS: number
  /** Values across the chart. */
  readonly width: number
  /** Lines in it. */
  readonly most: number
}

/** The moments of the range in equal steps of time, the newest step last. */
export function stepsOf(moments: readonly Moment[], { rangeS, width }: Window): Moment[][] {
  const endMs = moments.at(-1)?.atMs ?? 0
  const stepMs = (rangeS * 1000) / width
  const steps: Moment[][] = Array.from({ length: width }, () => [])
  for (const moment of moments) {
    const back = Math.floor((endMs - moment.atMs) / stepMs)
    if (back >= 0 && back < width) steps[width - 1 - back]?.push(moment)
  }
  // a step between two samples is as the one before
  for (const [at, step] of steps.entries()) if (at > 0 && step.length === 0) step.push(...(steps[at - 1] ?? []))
  return steps
}

function totalOf({ rx, tx }: Rate): number {
  return rx + tx
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

export interface TalkerRow {
  readonly text: string
  /** Names of the namespaces that track it. */
  readonly namespaces: readonly string[]
  readonly connections: number
  /** Bytes a second; absent where the kernel does not count them. */
  readonly rate?: number
}

/** Who talks most to whom; where bytes are not counted, who has most connections. Several that track it see the same. */
export function talkerRows({ latest, moments }: History): TalkerRow[] {
  const rates = moments.at(-1)?.talkers
  const rows = new Map<string, TalkerRow>()
  for (const { inode, name, talkers } of latest?.counters ?? []) {
    for (const { text, connections, bytes } of talkers) {
      const rate = bytes === undefined ? undefined : (rates?.get(talkerKey(inode, text)) ?? 0)
      rows.set(text, together(rows.get(text), { text, namespaces: [name], connections, ...optional({ rate }) }))
    }
  }
  return [...rows.values()].sort(
    (a, b) => (b.rate ?? 0) - (a.rate ?? 0) || b.connections - a.connections || compare(a.text, b.text),
  )
}

function together(one: TalkerRow | undefined, other: TalkerRow): TalkerRow {
  if (one === undefined) return other
  const rates = [one.rate, other.rate].filter((rate) => rate !== undefined)
  return {
    text: one.text,
    namespaces: [...one.namespaces, ...other.namespaces],
    connections: Math.max(one.connections, other.connections),
    ...optional({ rate: rates.length === 0 ? undefined : Math.max(...rates) }),
  }
}

function optional({ rate }: { readonly rate: number | undefined }): { readonly rate?: number } {
  return rate === undefined ? {} : { rate }
}

export interface LossRow {
  readonly name: string
  /** Packets a second now, and in the whole range. */
  readonly now: number
  readonly inRange: number
  readonly kind: 'drops' | 'retransmits'
}

/** Links that lose packets and namespaces that send again, the worst of the range first. */
export function lossRows({ latest, moments }: History, rangeS: number): LossRow[] {
  const endMs = moments.at(-1)?.atMs ?? 0
  const within = moments.filter(({ atMs }) => endMs - atMs < rangeS * 1000)
  const sum = (value: (moment: Moment) => number): number =>
    within.reduce((total, moment) => total + value(moment) * moment.seconds, 0)
  const now = moments.at(-1)
  const rows = (latest?.counters ?? []).flatMap(({ inode, name, links }): LossRow[] => [
    ...links.map((link): LossRow => {
      const lossesOf = (moment: Moment | undefined) => moment?.links.get(linkKey(inode, link.index))?.losses ?? 0
      return { name: `${name} ${link.name}`, kind: 'drops', now: lossesOf(now), inRange: sum(lossesOf) }
    }),
    {
      name,
      kind: 'retransmits',
      now: now?.retransmits.get(inode) ?? 0,
      inRange: sum((moment) => moment.retransmits.get(inode) ?? 0),
    },
  ])
  return rows
    .filter(({ inRange }) => inRange > 0)
    .sort((a, b) => b.now - a.now || b.inRange - a.inRange || compare(a.name, b.name))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
