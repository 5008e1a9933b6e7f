import type { Severity } from '../../model/finding.ts'
import type { Journey, Place, Verdict } from '../../model/journey.ts'
import { failedLeg, legsOf } from '../../model/journey-legs.ts'
import type { Namespace } from '../../model/snapshot.ts'
import { nameOf } from '../../model/wiring.ts'
import { type Column, namespaceColumn, type Row, SHOW_KINDS } from '../columns.ts'
import { destinationText, journeyLines } from '../journey-lines.ts'
import { tablePlace } from '../place-row.ts'
import { sanitise } from '../sanitise.ts'
import { anyTable } from '../tables.ts'
import type { ReportFacts } from './report-facts.ts'

/** Everything that the page's own code shows, in one JSON document. Every text is sanitised. */
export interface ReportData {
  readonly namespaces: readonly ReportNamespace[]
  readonly tables: readonly ReportTable[]
  readonly journeys: readonly ReportJourney[]
}

/** Its number is its position. */
export interface ReportNamespace {
  readonly name: string
  readonly owner: string
  /** Of what was found there. */
  readonly worst?: Severity
}

export interface ReportTable {
  readonly kind: string
  readonly title: string
  readonly columns: readonly { readonly name: string; readonly isNumber: boolean; readonly wide?: true }[]
  /** The number of the namespace, then a cell a column. */
  readonly rows: readonly (readonly [number, ...ReportCell[]])[]
}

/** A text; with it the number that it is sorted by, where that is not the text. */
export type ReportCell = string | readonly [string, number]

export interface ReportJourney {
  /** Number of the namespace that it starts in. */
  readonly from: number
  readonly to: string
  readonly verdict: Verdict
  /** Whether the answer comes back too. */
  readonly isAnswered: boolean
  readonly lines: readonly string[]
  /** Numbers of the namespaces that it passes. */
  readonly through: readonly number[]
}

/** The data of a page, and where its parts are. */
export class ReportIndex {
  readonly data: ReportData
  readonly #facts: ReportFacts
  readonly #numbers = new Map<string, number>()
  readonly #rows = new Map<string, number>()

  constructor(facts: ReportFacts) {
    this.#facts = facts
    for (const [host, { namespaces }] of facts.hosts.entries()) {
      for (const { inode } of namespaces) this.#numbers.set(`${host}:${inode}`, this.#numbers.size)
    }
    this.data = {
      namespaces: facts.hosts.flatMap(({ namespaces }, host) => namespaces.map((each) => this.#namespace(host, each))),
      tables: (['ns', ...SHOW_KINDS] as const).map((kind) => this.#table(kind)).filter(({ rows }) => rows.length > 0),
      journeys: facts.journeys.flatMap((journey) => this.#journey(journey) ?? []),
    }
  }

  /** The number of a namespace that is shown. */
  numberOf(host: number, inode: number | undefined): number | undefined {
    return this.#numbers.get(`${host}:${inode}`)
  }

  /** `#routes-17`: where a kernel object stands in the page; or else its table, or nothing. */
  hrefOf(place: Place | null | undefined): string | undefined {
    if (place === null || place === undefined) return undefined
    const host = place.host ?? 0
    const { snapshot, namespaces } = this.#facts.hosts[host] ?? {}
    const namespace = namespaces?.find(({ inode }) => inode === place.namespace)
    if (snapshot === undefined || namespace === undefined) return undefined
    const found = tablePlace(snapshot, namespace, place)
    const row = found && this.#rows.get(`${host} ${found.kind} ${found.key}`)
    return row === undefined ? `#ns-${this.numberOf(host, place.namespace)}` : `#${found?.kind}-${row}`
  }

  #namespace(host: number, namespace: Namespace): ReportNamespace {
    const { findings } = this.#facts.examination
    const worst = findings.find((each) => each.namespace === namespace.inode && (each.host ?? 0) === host)?.severity
    const name = sanitise(nameOf(namespace))
    return {
      name: this.#facts.hosts.length > 1 ? `${this.#hostname(host)}: ${name}` : name,
      owner: namespace.owner.kind,
      ...(worst === undefined ? {} : { worst }),
    }
  }

  #hostname(host: number): string {
    return sanitise(this.#facts.hosts[host]?.snapshot.hostname ?? '')
  }

  #table(kind: (typeof SHOW_KINDS)[number] | 'ns'): ReportTable {
    const table = anyTable(kind)
    const columns = kind === 'ns' ? table.columns : [namespaceColumn<Row>(), ...table.columns]
    const rows = this.#facts.hosts.flatMap(({ snapshot, namespaces }, host) =>
      table.rows(snapshot, namespaces).map((row) => ({ host, row })),
    )
    for (const [position, { host, row }] of rows.entries()) {
      this.#rows.set(`${host} ${kind} ${row.key}`, position)
    }
    const isNumber = columns.map(({ sort, align }) => align === 'right' || typeof sampleKey(rows, sort) === 'number')
    return {
      kind,
      title: table.title,
      columns: columns.map(({ name, wide }, at) => ({
        name,
        isNumber: isNumber[at] === true,
        ...(wide === true ? { wide } : {}),
      })),
      rows: rows.map(({ host, row }) => [
        this.numberOf(host, row.namespace.inode) ?? -1,
        ...columns.map((column) => cellOf(column, row)),
      ]),
    }
  }

  #journey(journey: Journey): ReportJourney | undefined {
    const { source } = journey.flow
    const from = this.numberOf(source.host ?? 0, source.namespace)
    if (from === undefined) return undefined
    const to = destinationText(journey.flow)
    const passed = legsOf(journey).flatMap(({ hops }) => hops.map((hop) => this.numberOf(hop.host ?? 0, hop.namespace)))
    return {
      from,
      to: source.outside === true ? `from outside: ${to}` : to,
      verdict: journey.verdict,
      isAnswered: failedLeg(journey) === undefined,
      lines: journeyLines(journey),
      through: [...new Set(passed)].filter((number) => number !== undefined),
    }
  }
}

function sampleKey(rows: readonly { readonly row: Row }[], sort: Column<Row>['sort']): string | number | undefined {
  const first = rows[0]
  return first === undefined ? undefined : sort(first.row)
}

function cellOf(column: Column<Row>, row: Row): ReportCell {
  const text = column.text(row)
  const key = column.sort(row)
  if (typeof key !== 'number' || !Number.isFinite(key) || String(key) === text) return text
  return [text, key]
}
