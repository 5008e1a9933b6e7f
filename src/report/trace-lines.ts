import type { Hop, Journey } from '../model/journey.ts'
import { LEG_NAMES, legsOf } from '../model/journey-legs.ts'
import type { ObservedHop, Trace, TracedConnection } from '../model/trace.ts'
import { formatEndpoint } from './format.ts'
import {
  detailLines,
  fixLines,
  flowText,
  type JourneyTextOptions,
  journeyLine,
  paintedVerdict,
} from './journey-lines.ts'
import { padCells, sanitise } from './sanitise.ts'
import { type TraceRow, traceRows } from './trace-rows.ts'

/**
 * The predicted way and what a real packet did, side by side:
 * ```
 * web → db:8500 tcp   predicted ✖ dropped   observed ✖ dropped: dropped by the policy of filter FORWARD
 *  1 web   socket   sends to 172.19.0.2                  ✓ SYN to 172.19.0.2
 *  4 web   link     veth → host veth1f2a                    ✓ out +0 µs, in +4 µs
 *  5 host  forward  ✖ dropped by the policy of FORWARD      ✖ dropped by the policy of filter FORWARD
 *  fix  iptables -I DOCKER-USER -i br-46cf -o br-46cf -j ACCEPT   (in host)
 * ```
 */
export function traceLines(trace: Trace, options: JourneyTextOptions = {}): string[] {
  const { predicted, disagreements, connections, counters, notes, fixes } = trace
  const expected = predicted === undefined ? [] : legsOf(predicted)
  const legs = legsOf(trace).map((leg, position) => ({ leg, position, predicted: expected[position] }))
  return [
    headLine(trace, options),
    ...legs.flatMap(({ leg, position, predicted: beside }) => legLines(leg, beside, { position, ...options })),
    ...disagreements.flatMap(({ leg, predicted: said, observed }) =>
      [` ▲ ${leg}: predicted ${said}`, `   ${' '.repeat(leg.length)}  observed  ${observed}`].map((text) =>
        sanitise(text),
      ),
    ),
    ...connections.map(connectionLine),
    ...(options.detailed === true || trace.verdict !== 'delivered'
      ? counters.map(({ name, counter, delta }) => sanitise(` counted  ${name}: ${counter} +${delta}`))
      : []),
    ...dropLines(trace, options),
    ...notes.map((note) => sanitise(` note  ${note}`)),
    sanitise(` probe  ${probeText(trace)}`),
    ...fixes.flatMap((fix, position) => fixLines(fix, position === 0 ? 'fix' : 'or')),
  ]
}

/** Drops of our own call; others are somebody's on this host, and told of only in detail. */
function dropLines({ drops = [], verdict }: Trace, { detailed }: JourneyTextOptions): string[] {
  const told = detailed === true ? drops : verdict === 'delivered' ? [] : drops.filter(({ isOurs }) => isOurs)
  return told.map(({ reason, location, protocol, count, isOurs }) => {
    const place = location === undefined ? '' : ` in ${location}`
    const packets = `${count} ${count === 1 ? 'packet' : 'packets'} (${protocol})`
    const whose = isOurs ? 'while the probe was sent' : 'meanwhile, of anybody on this host'
    return sanitise(` dropped  by the kernel: ${reason}${place}, ${packets} ${whose}`)
  })
}

/** `web → db:8500 tcp: delivered`, and whether that was predicted; for scripts and tests. */
export function traceLine(trace: Trace): string {
  const count = trace.disagreements.length
  const said = count === 0 ? '' : `; differs from the prediction in ${count} ${count === 1 ? 'point' : 'points'}`
  return `${journeyLine(trace)}${said}`
}

function headLine(trace: Trace, { colour }: JourneyTextOptions): string {
  const { verdict, reason, predicted } = trace
  const said = predicted === undefined ? '' : `predicted ${paintedVerdict(predicted.verdict, colour)}   `
  const time = durationText(trace)
  return `${flowText(trace.flow)}   ${said}observed ${paintedVerdict(verdict, colour)}: ${sanitise(reason)}${time}`
}

/** From the first sighting of the packet to the last one of what followed. */
function durationText(trace: Trace): string {
  const times = legsOf(trace).flatMap(({ hops }) => hops.map((hop) => (hop as ObservedHop).atUs ?? 0))
  const last = Math.max(0, ...times)
  return last === 0 ? '' : `   ${microseconds(last)}`
}

function microseconds(value: number): string {
  return value >= 10_000 ? `${(value / 1_000).toFixed(1)} ms` : `${Math.round(value)} µs`
}

interface LegOptions extends JourneyTextOptions {
  readonly position: number
}

function legLines(leg: Journey, predicted: Journey | undefined, options: LegOptions): string[] {
  const { position, colour, detailed } = options
  const isFirst = position === 0
  const head = isFirst
    ? []
    : [`${LEG_NAMES[position] ?? 'then'}   ${paintedVerdict(leg.verdict, colour)}: ${sanitise(leg.reason)}`]
  if (!isFirst && leg.verdict === 'delivered' && detailed !== true) return head
  return [...head, ...rowLines(traceRows(predicted?.hops ?? [], leg.hops as readonly ObservedHop[]), options)]
}

const LONGEST_NAME = 16
const STAGE_WIDTH = 11
/** What was observed begins no further right. */
const WIDEST = 84

function rowLines(rows: readonly TraceRow[], { detailed, position }: LegOptions): string[] {
  const names = rows.map((row) => sanitise(hopOf(row)?.name ?? '').length)
  const width = Math.min(LONGEST_NAME, Math.max(0, ...names))
  const last = rows.findLastIndex(({ observed }) => observed.length > 0)
  const left = rows.map((row, at) => leftText(row, at, width))
  const column = Math.min(WIDEST, Math.max(0, ...left.map((text) => text.length)))
  return rows.flatMap((row, at) => {
    const mark = rightText(row, { isBehind: at > last, isFirstLeg: position === 0 })
    const line = besideEachOther(left[at] ?? '', mark, column)
    const hop = row.observed.at(-1) ?? row.predicted
    return detailed === true && hop !== undefined ? [line, ...detailLines(withDetails(hop, row))] : [line]
  })
}

/** A long text is not cut: what was observed of it follows. */
function besideEachOther(text: string, mark: string, column: number): string {
  if (mark === '') return text
  return `${text.length > column ? text : padCells(text, column)}  ${mark}`
}

/** A prediction knows routes and tables as well; of rules the packet itself says more. */
function withDetails(hop: Hop, { predicted }: TraceRow): Hop {
  return hop.details.length > 0 || predicted === undefined ? hop : { ...hop, details: predicted.details }
}

function hopOf({ predicted, observed }: TraceRow): Hop | undefined {
  return predicted ?? observed[0]
}

function leftText(row: TraceRow, position: number, width: number): string {
  const hop = hopOf(row)
  if (hop === undefined) return ''
  const text = row.predicted === undefined ? '·' : `${hop.stopped === true ? '✖ ' : ''}${hop.text}`
  const number = String(position + 1).padStart(2)
  return `${number} ${padCells(sanitise(hop.name), width)}  ${padCells(hop.stage, STAGE_WIDTH)} ${sanitise(text)}`
}

function rightText({ predicted, observed }: TraceRow, where: { isBehind: boolean; isFirstLeg: boolean }): string {
  if (observed.length === 0) return where.isBehind ? 'not reached' : ''
  const parts = observed.map((hop) => observedText(hop, predicted))
  const mark = observed.some(({ evidence }) => evidence === 'predicted') ? '?' : markOf(observed)
  return sanitise(`${mark} ${parts.join(', ')}`)
}

function markOf(observed: readonly ObservedHop[]): string {
  return observed.some(({ stopped }) => stopped === true) ? '✖' : '✓'
}

function observedText(hop: ObservedHop, predicted: Hop | undefined): string {
  const { direction, atUs, text, name, subject, evidence } = hop
  if (evidence === 'predicted') return 'predicted: not seen behind it'
  if (direction === undefined) return isSaid(hop, predicted) ? 'the same' : text
  const time = atUs === undefined ? '' : ` +${microseconds(atUs)}`
  if (predicted === undefined) return `${text}${time}`
  return direction === 'out' ? `out${time}` : `in ${name} ${subject}${time}`
}

function isSaid({ text, place }: ObservedHop, predicted: Hop | undefined): boolean {
  return text === predicted?.text || (place !== undefined && place.text === predicted?.place?.text)
}

function connectionLine({ name, entry }: TracedConnection): string {
  const { original, reply, status, state, protocol } = entry
  const side = (tuple: typeof original) =>
    `${formatEndpoint(tuple.source, tuple.sourcePort)} → ${formatEndpoint(tuple.destination, tuple.destinationPort)}`
  const words = [protocol, ...(state === undefined ? [] : [state]), ...status].join(' ')
  return sanitise(` conntrack  ${name}: ${side(original)}, answers ${side(reply)} (${words})`)
}

function probeText({ probe }: Trace): string {
  const { kind, source, sourcePort, mark, outcome, sent } = probe
  const from = source === '' ? '' : ` from ${formatEndpoint(source, sourcePort)}`
  const times = sent > 1 ? `, sent ${sent} times` : ''
  return `${kind}${from} (${mark}): ${outcome}${times}`
}
