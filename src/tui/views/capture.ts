import type { Column } from '../../report/columns.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { CaptureState } from '../capture/capture.ts'
import { clockText, type PacketItem, type PacketRow } from '../capture/packet-item.ts'
import { type Span, span } from '../text.ts'
import type { View, ViewFacts } from './view.ts'

function column(
  name: string,
  text: (row: PacketRow) => string,
  rest: Partial<Column<PacketRow>> = {},
): Column<PacketRow> {
  return { name, align: 'left', text, sort: text, ...rest }
}

/** Ends keep their width, so that the columns stay where they are while packets come. */
const END_WIDTH = 18

const TIME = column('TIME', clockText, { sort: ({ number }) => number })
const SHORT_TIME = { ...TIME, text: (row: PacketRow) => clockText(row).slice(0, 'hh:mm:ss.mmm'.length) }
const WHERE = column('WHERE', ({ place }) => sanitise(place), { least: 10 })
const LINK = column('LINK', ({ place }) => sanitise(place.slice(place.lastIndexOf(':') + 1)))
const DIRECTION = column('DIR', ({ direction }) => direction ?? '')
const ENDS: readonly Column<PacketRow>[] = [
  column('SOURCE', ({ source }) => sanitise(source), { least: END_WIDTH }),
  column('DESTINATION', ({ destination }) => sanitise(destination), { least: END_WIDTH }),
  column('PROTO', ({ protocol }) => sanitise(protocol)),
  column('LEN', ({ length }) => String(length), { align: 'right', sort: ({ length }) => length, least: 4 }),
  column('INFO', ({ info }) => sanitise(info), { cut: 'end' }),
  column('NO', ({ number }) => String(number), { align: 'right', sort: ({ number }) => number, least: 5, wide: true }),
]

/** What is the same for all packets is said above them. The same list each time: rows remember what it says of them. */
const COLUMNS = {
  roomy: {
    link: [TIME, DIRECTION, ...ENDS],
    namespace: [TIME, LINK, DIRECTION, ...ENDS],
    several: [TIME, WHERE, DIRECTION, ...ENDS],
  },
  narrow: {
    link: [SHORT_TIME, ...ENDS],
    namespace: [SHORT_TIME, LINK, ...ENDS],
    several: [SHORT_TIME, WHERE, ...ENDS],
  },
} as const

/** Below this width the words of a packet matter more than its microsecond. */
const ROOMY = 100

function columnsOf({ capture: { target }, width }: Pick<ViewFacts, 'capture' | 'width'>): readonly Column<PacketRow>[] {
  const { namespaces = [], links = [] } = target ?? {}
  const kind = namespaces === 'all' || namespaces.length !== 1 ? 'several' : links.length === 1 ? 'link' : 'namespace'
  return COLUMNS[width < ROOMY ? 'narrow' : 'roomy'][kind]
}

/**
 * ```
 *   TIME             DIR SOURCE     DESTINATION  PROTO  LEN  INFO
 *   12:00:00.104211  out web:40000  db:8500      TCP     74  [SYN] seq 1 win 64240 …
 * ▸ 12:00:00.104240  in  db:8500    web:40000    TCP     74  [SYN ACK] seq 9 …
 * ```
 */
export const CAPTURE: View<PacketRow> = {
  id: 'capture',
  title: 'capture',
  heading: ({ capture }) =>
    captureSpans(capture)
      .map(({ text }) => text)
      .join(''),
  aliases: ['packets', 'sniff'],
  kinds: ['links', 'addrs'],
  inputs: ['capture', 'width'],
  isWhole: true,
  topic: 'packet',
  empty: ({ capture }) => emptyText(capture),
  columns: (_, facts) => columnsOf(facts),
  items: ({ capture }) => shownPackets(capture),
  enter: (_, { capture: { detail } }) => ({ kind: 'packet', label: LABELS[detail?.focus ?? 'closed'] }),
}

const LABELS = {
  closed: 'the layers and bytes of this packet',
  list: 'to the layers of this packet',
  tree: 'fold, or unfold   tab: bytes   esc: close',
  hex: 'to the list   esc: close',
} as const

function shownPackets({ packets, flow }: CaptureState): readonly PacketItem[] {
  if (flow === undefined) return packets
  return packets.filter(({ row: { conversation } }) => conversation !== undefined && flow.keys.has(conversation))
}

/** `capture · web:eth0 · tcp port 80 · ● 1,234 packets · ▲ 12 dropped`: where, what, and how it goes. */
export function captureSpans(capture: CaptureState): readonly Span[] {
  const { target, filter, seen, dropped, packets, held, flow, note } = capture
  if (target === undefined) return [span('capture', 'heading')]
  const kept = packets.length + held.length
  return [
    span(`capture · ${target.title}`, 'heading'),
    span(filter === '' ? '' : ` · ${sanitise(filter, { max: 60 })}`, 'plain'),
    span(` · ${statusText(capture)} ${seen} packet${seen === 1 ? '' : 's'}`),
    span(kept < seen ? `, the last ${kept} kept` : ''),
    span(dropped === 0 ? '' : ` · ▲ ${dropped} dropped`, 'warning'),
    span(flow === undefined ? '' : ` · only ${flow.title}`, 'changed'),
    span(note === undefined ? '' : ` · ▲ ${note}`, 'warning'),
  ]
}

function statusText({ status, problem }: CaptureState): string {
  if (problem !== undefined) return '✖'
  if (status === 'opening') return '◐ opening,'
  return status === 'capturing' ? '●' : '‖ ended,'
}

function emptyText(capture: CaptureState): string {
  const { target, problem, status, flow, packets, note } = capture
  if (target === undefined) return 'Nothing is captured: c on a namespace, a link or a hop begins, or :capture FILTER.'
  if (problem !== undefined) return problem
  if (flow !== undefined && packets.length > 0) return `Nothing kept of ${flow.title}: f shows everything.`
  if (status === 'opening') return `◐ Opening ${target.title}… esc ends it.`
  if (status === 'ended') return note === undefined ? 'Ended: r captures again.' : `${note}. r captures again.`
  return `No packet yet on ${target.title}${capture.filter === '' ? '' : `: ${sanitise(capture.filter)}`}. esc ends it.`
}
