import type { HostEvent } from '../../model/event.ts'
import type { NamespaceCounters } from '../../model/sample.ts'
import { formatEvent } from '../../report/event.ts'
import { formatBytes, formatCount } from '../../report/format.ts'
import { padCells, sanitise } from '../../report/sanitise.ts'
import type { History } from './history.ts'
import { lossRows, rateRows, talkerRows } from './rows.ts'
import type { DashState, Panel } from './state.ts'

/** What is known of the host. */
export interface DashFacts {
  readonly history: History
  /** Oldest first. */
  readonly events: readonly HostEvent[]
}

/** Lines of text of a panel, sanitised; the first is its heading. */
export interface PanelText {
  readonly label: string
  readonly heading: string
  readonly lines: readonly string[]
}

interface Cell {
  readonly text: string
  /** Columns of the screen; absent: what is left. */
  readonly width?: number
  readonly align?: 'left' | 'right'
}

/** Everything in a panel, for lines of a width. */
export function panelText(
  panel: Panel,
  facts: DashFacts,
  { state, width }: { state: DashState; width: number },
): PanelText {
  switch (panel) {
    case 'rates':
      return ratesText(facts.history, state, width)
    case 'talkers':
      return talkersText(facts.history, width)
    case 'losses':
      return lossesText(facts.history, state, width)
    case 'tables':
      return tablesText(facts.history.latest?.counters ?? [], width)
    case 'events':
      return {
        label: 'events',
        heading: '',
        lines: [...facts.events].reverse().map((event) => padCells(formatEvent(event), width)),
      }
  }
}

/**
 * ```
 * NAME          RX     TX  LOST
 * web       1.2 MB  34 kB     0
 * ```
 */
function ratesText(history: History, { scope, sort }: DashState, width: number): PanelText {
  const line = (name: string, rx: string, tx: string, lost: string) =>
    lineOf(width, [{ text: name }, right(rx, 8), right(tx, 8), right(lost, 5)])
  const lines = rateRows(history, scope, sort).map(({ name, rx, tx, losses }) =>
    line(name, rate(rx), rate(tx), formatCount(losses)),
  )
  return { label: `${scope} by ${sort}`, heading: line('NAME', 'RX/s', 'TX/s', 'LOST'), lines }
}

function talkersText(history: History, width: number): PanelText {
  const rows = talkerRows(history)
  const isCounted = rows.some((row) => row.rate !== undefined)
  const line = (text: string, namespace: string, connections: string, bytes: string) =>
    lineOf(width, [
      { text },
      ...(width < WIDE ? [] : [{ text: namespace, width: 16 }]),
      right(connections, 5),
      ...(isCounted ? [right(bytes, 8)] : []),
    ])
  const lines = rows.map(({ namespaces, text, connections, rate: bytes }) =>
    line(text, namespaces.join(' '), formatCount(connections), bytes === undefined ? '' : rate(bytes)),
  )
  const label = isCounted ? 'top talkers' : 'top talkers by connections'
  return { label, heading: line('FROM → TO', 'TRACKED BY', 'CONN', 'BYTES/s'), lines }
}

/** From here on there is room for more columns. */
const WIDE = 56

function lossesText(history: History, { rangeS }: DashState, width: number): PanelText {
  const line = (name: string, what: string, now: string, all: string) =>
    lineOf(width, [{ text: name }, { text: what, width: 8 }, right(now, 6), right(all, 6)])
  const lines = lossRows(history, rangeS).map(({ name, kind, now, inRange }) =>
    line(name, kind === 'drops' ? 'dropped' : 'retrans', formatCount(now), formatCount(inRange)),
  )
  return { label: 'drops and retransmits', heading: line('WHERE', 'WHAT', 'NOW/s', 'RANGE'), lines }
}

/** Connection tracking as bars, then who of a virtual service has how many connections. */
function tablesText(counters: readonly NamespaceCounters[], width: number): PanelText {
  const used = counters
    .flatMap(({ name, conntrack }) => (conntrack === undefined ? [] : [{ name, ...conntrack }]))
    .filter(({ count, lost }) => count > 0 || lost > 0)
    .sort((a, b) => b.count / b.max - a.count / a.max || b.count - a.count)
  const tracked = used.map(({ name, count, max, lost }) =>
    lineOf(width, [
      { text: name },
      { text: bar(count / max), width: BAR },
      right(`${formatCount(count)}/${formatCount(max)}`, 10),
      right(lost === 0 ? '' : `lost ${formatCount(lost)}`, 9),
    ]),
  )
  const label = 'connection tracking and IPVS'
  return {
    label,
    heading: lineOf(width, [{ text: 'NAME' }, { text: 'USE', width: BAR }, right('CONN', 10), right('', 9)]),
    lines: [...tracked, ...serviceLines(counters, width)],
  }
}

function serviceLines(counters: readonly NamespaceCounters[], width: number): string[] {
  return counters.flatMap(({ name, ipvs }) =>
    ipvs.flatMap(({ service, destinations }) => {
      const total = destinations.reduce((sum, { active, inactive }) => sum + active + inactive, 0)
      return [
        padCells(sanitise(`${name} ${service}`), width),
        ...destinations.map(({ name: to, active, inactive }) =>
          lineOf(width, [
            { text: `  ${to}` },
            { text: bar(total === 0 ? 0 : (active + inactive) / total), width: BAR },
            right(`${formatCount(active)}+${formatCount(inactive)}`, 10),
            right('', 9),
          ]),
        ),
      ]
    }),
  )
}

const BAR = 10

function bar(part: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * BAR)
  return '█'.repeat(full) + '░'.repeat(BAR - full)
}

function rate(bytes: number): string {
  return formatBytes(bytes)
}

function right(text: string, width: number): Cell {
  return { text, width, align: 'right' }
}

/** Exactly so many columns; what has no width of its own takes what is left. */
function lineOf(width: number, cells: readonly Cell[]): string {
  const taken = cells.reduce((sum, cell) => sum + (cell.width ?? 0), cells.length - 1)
  const rest = Math.max(0, width - taken)
  return padCells(
    cells.map(({ text, width: own = rest, align }) => padCells(sanitise(text), own, align)).join(' '),
    Math.max(0, width),
  )
}
