import type { Fix, Hop, Journey, MtuBudget, Place, Verdict } from '../../model/journey.ts'
import { failedLeg, LEG_NAMES, legsOf } from '../../model/journey-legs.ts'
import type { ObservedHop } from '../../model/trace.ts'
import type { Column } from '../../report/columns.ts'
import { formatEndpoint } from '../../report/format.ts'
import { placeText } from '../../report/journey-lines.ts'
import { sanitise } from '../../report/sanitise.ts'
import type { Health } from '../doctor/health.ts'
import { alignHops, type Pair } from '../path/align.ts'
import type { PathState } from '../path/path.ts'
import { wrap } from '../text.ts'
import { toPlace } from './places.ts'
import { type Item, NO_NAMESPACE, type Target, type View, type ViewFacts } from './view.ts'

interface PathRow {
  readonly where: string
  readonly stage: string
  readonly text: string
  readonly observed: string
  /** The kernel object that enter goes to. */
  readonly place?: Place
  readonly hop?: Hop
}

const MARKS: Readonly<Record<Verdict, '✓' | '✖' | '?'>> = {
  delivered: '✓',
  dropped: '✖',
  rejected: '✖',
  depends: '?',
  unknown: '?',
}

const WHERE: Column<PathRow> = column('WHERE', ({ where }) => where)
const STAGE: Column<PathRow> = { ...column('STAGE', ({ stage }) => stage), least: 'postrouting'.length }
const TEXT: Column<PathRow> = { ...column('WHAT HAPPENS', ({ text }) => text), cut: 'end' }
const PREDICTED: Column<PathRow> = { ...TEXT, name: 'PREDICTED' }
const OBSERVED: Column<PathRow> = { ...column('OBSERVED', ({ observed }) => observed), cut: 'end' }

function column(name: string, text: (row: PathRow) => string): Column<PathRow> {
  return { name, align: 'left', text, sort: text }
}

/**
 * ```
 *   WHERE         STAGE      WHAT HAPPENS
 * ✖ ▾ the packet  dropped    ✖ dropped by the policy of filter FORWARD
 *     1 web       socket     sends to 172.19.0.2
 *     2 web       route      172.19.0.0/16 dev eth0 src 172.19.0.3
 * ✖   5 host      forward    ✖ policy DROP of FORWARD
 *   fix           in host    iptables -I DOCKER-USER -i br-46cf -o br-46cf -j ACCEPT
 * ```
 */
export const PATH: View<PathRow> = {
  id: 'path',
  title: 'path',
  heading: ({ path }) => pathHeading(path),
  aliases: [],
  kinds: ['links', 'addrs', 'routes', 'rules', 'neigh', 'firewall'],
  inputs: ['path', 'width'],
  isWhole: true,
  topic: 'path',
  empty: ({ path }) => emptyText(path),
  columns: (_, { path }) => (isTraced(path) ? [WHERE, STAGE, PREDICTED, OBSERVED] : [WHERE, STAGE, TEXT]),
  items: pathItems,
  enter: (item, facts) => hopTarget(item, facts),
}

/** `web → db:8500 · ✖ dropped`: what the heading and the drawing say. */
export function pathHeading(path: PathState): string {
  const { question, predicted } = path
  if (question === undefined) return 'path'
  const { answer, isAsking } = predicted
  const work = isAsking ? ' · ◐ predicting' : ''
  return `${question.title}${answer === undefined ? '' : ` · ${outcomeText(answer)}`}${work}`
}

/** Delivered is not enough when nothing comes back. */
function outcomeText(journey: Journey): string {
  const failed = failedLeg(journey)
  if (failed === undefined) return '✓ delivered and answered'
  const { verdict } = failed.leg
  const what = failed.position === 0 ? verdict : `${failed.name} is ${verdict}`
  const place = failed.leg.where
  return `${MARKS[verdict]} ${what}${place === undefined ? '' : ` in ${sanitise(place.name, { max: 40 })}`}`
}

function emptyText({ question, predicted, isStopped }: PathState): string {
  if (question === undefined) {
    return 'No path yet: mark the source and the destination with space and press p, or type :path SOURCE DESTINATION[:PORT].'
  }
  if (predicted.problem !== undefined) return sanitise(predicted.problem)
  return isStopped ? 'Stopped: r predicts it.' : `◐ Predicting ${question.title}… esc stops it.`
}

function isTraced({ trace }: PathState): boolean {
  return trace.answer !== undefined || trace.isAsking
}

function pathItems(facts: ViewFacts): readonly Item<PathRow>[] {
  const { path } = facts
  const { answer } = path.predicted
  if (answer === undefined) return []
  return [
    ...changeItems(path),
    ...problemItems(path),
    ...traceItems(path),
    ...legsOf(answer).flatMap((leg, position) => legItems(leg, position, facts)),
    ...alternativeItems(answer, facts),
    ...answer.unknowns.map(({ what, where }, at) =>
      plain(`unknown ${at}`, { where: 'not known', text: what, ...(where === undefined ? {} : { place: where }) }),
    ),
    ...answer.fixes.flatMap((fix, at) => fixItems(fix, at, facts)),
    ...(path.isMtuShown ? mtuItems(answer) : []),
  ]
}

function plain(
  id: string,
  row: Partial<PathRow>,
  rest: Partial<Pick<Item, 'depth' | 'open' | 'health' | 'object'>> = {},
): Item<PathRow> {
  const { where = '', stage = '', text = '', observed = '' } = row
  return {
    id: `path ${id}`,
    namespace: row.place?.namespace ?? row.hop?.namespace ?? NO_NAMESPACE,
    row: { ...row, where: sanitise(where), stage: sanitise(stage), text: sanitise(text), observed: sanitise(observed) },
    object: rest.object ?? row.hop ?? row.place ?? { text },
    depth: 0,
    ...rest,
  }
}

function changeItems({ before }: PathState): readonly Item<PathRow>[] {
  if (before === undefined) return []
  return [plain('before', { where: '~ changed', stage: 'before', text: journeySentence(before) }, { object: before })]
}

function journeySentence(journey: Journey): string {
  const failed = failedLeg(journey)
  const { verdict, reason, where } = failed?.leg ?? journey
  const who = failed === undefined || failed.position === 0 ? '' : `${failed.name} is `
  return `${who}${MARKS[verdict]} ${verdict}: ${reason}${where === undefined ? '' : ` (${placeText(where)})`}`
}

function problemItems({ predicted: { problem } }: PathState): readonly Item<PathRow>[] {
  if (problem === undefined) return []
  return [plain('problem', { where: '▲ not now', text: problem }, { health: { mark: '▲', reasons: [problem] } })]
}

/** What the real packet did, before the lines of both. */
function traceItems({ trace }: PathState): readonly Item<PathRow>[] {
  if (trace.isAsking)
    return [plain('tracing', { where: 'trace', text: 'a real packet is under way', observed: '◐ esc stops it' })]
  const { answer } = trace
  if (answer === undefined) return []
  const differences = answer.disagreements.map(({ leg, predicted, observed }, at) =>
    plain(`difference ${at}`, { where: '▲ differs', stage: leg, text: predicted, observed }, { health: DIFFERS }),
  )
  const { kind, outcome } = answer.probe
  return [
    plain(
      'trace',
      { where: 'trace', stage: kind, text: outcome, observed: journeySentence(answer) },
      { object: answer },
    ),
    ...differences,
    ...answer.notes.map((note, at) => plain(`note ${at}`, { where: 'note', text: note })),
  ]
}

const DIFFERS: Health = { mark: '▲', reasons: ['predicted and observed differ'] }

/** A leg is open when it is the first one or does not arrive; enter turns that round. */
function legItems(leg: Journey, position: number, facts: ViewFacts): readonly Item<PathRow>[] {
  const name = LEG_NAMES[position] ?? 'what follows'
  const isFailed = leg.verdict !== 'delivered'
  const observed = facts.path.trace.answer === undefined ? undefined : legsOf(facts.path.trace.answer)[position]
  const id = `path leg ${position}`
  const open = (position === 0 || isFailed) !== facts.folded.has(id)
  const { first, rest } = linesOf(`${MARKS[leg.verdict]} ${leg.reason}`, facts)
  const heading: Item<PathRow> = {
    ...plain(
      `leg ${position}`,
      {
        where: name,
        stage: leg.verdict,
        text: first,
        observed: observed === undefined ? '' : `${MARKS[observed.verdict]} ${observed.verdict}`,
        ...(leg.where === undefined ? {} : { place: leg.where }),
      },
      { open, object: leg, ...(isFailed ? { health: failure(leg.reason, leg.verdict) } : {}) },
    ),
  }
  if (!open) return [heading]
  const pairs = alignHops(leg.hops, (observed?.hops ?? []) as readonly ObservedHop[], isDifferent(facts, name))
  return [
    heading,
    ...moreLines(`leg ${position}`, rest),
    ...pairs.flatMap((pair, at) => pairItems(pair, [id, at], facts)),
  ]
}

function isDifferent({ path }: ViewFacts, leg: string): boolean {
  return path.trace.answer?.disagreements.some((each) => each.leg === leg) === true
}

function failure(reason: string, verdict: Verdict): Health {
  return { mark: MARKS[verdict] === '?' ? '▲' : '✖', reasons: [reason] }
}

/** A reason is given in full, however long: it is what a person came for. */
function linesOf(
  text: string,
  { width, path }: ViewFacts,
): { readonly first: string; readonly rest: readonly string[] } {
  const room = Math.max(20, Math.floor((width - BESIDE_TEXT) / (isTraced(path) ? 2 : 1)))
  const [first = '', ...rest] = wrap(sanitise(text), room)
  return { first, rest }
}

/** Columns of the other cells, usually. */
const BESIDE_TEXT = 40

function moreLines(id: string, rest: readonly string[], hop?: Hop): readonly Item<PathRow>[] {
  return rest.map((text, at) =>
    plain(`${id} more ${at}`, { text, ...(hop === undefined ? {} : { hop }) }, { depth: 1 }),
  )
}

function pairItems(
  { predicted, observed, differs }: Pair,
  [id, at]: readonly [string, number],
  facts: ViewFacts,
): readonly Item<PathRow>[] {
  const hop = predicted ?? observed
  if (hop === undefined) return []
  const { name, stage, text, stopped, details } = hop
  const place = hop.place ?? observed?.place
  const isStop = stopped === true
  const lines = isStop ? linesOf(`✖ ${text}`, facts) : { first: text, rest: [] }
  const row = {
    where: `${String(at + 1).padStart(2)} ${sanitise(name, { max: 30 })}`,
    stage,
    text: predicted === undefined ? '–' : lines.first,
    observed: observed === undefined ? '' : observedText(observed),
    hop,
    ...(place === undefined ? {} : { place }),
  }
  const health = isStop ? failure(text, 'dropped') : differs ? DIFFERS : undefined
  const item = plain(`${id} hop ${at}`, row, { depth: 1, ...(health === undefined ? {} : { health }) })
  // the heading of the leg gives it in full
  const more = id.startsWith('path leg') ? [] : moreLines(`${id} hop ${at}`, lines.rest, hop)
  if (!facts.path.isDetailed) return [item, ...more]
  return [
    item,
    ...more,
    ...[...details, packetText(hop)]
      .flatMap((detail) => detailLines(detail, facts))
      .map((text, line) => plain(`${id} hop ${at} detail ${line}`, { text, hop }, { depth: 1 })),
  ]
}

function detailLines(detail: string, { width }: ViewFacts): readonly string[] {
  const lines = wrap(sanitise(detail), Math.max(20, width - BESIDE_TEXT - 4))
  return lines.map((text, at) => (at === 0 ? `  ${text}` : `    ${text}`))
}

function packetText({ packet }: Hop): string {
  const { source, sourcePort, destination, destinationPort, protocol, ttl, size, mark } = packet
  const marked = mark === undefined ? '' : ` mark 0x${mark.toString(16)}`
  const ends = `${formatEndpoint(source, sourcePort)} → ${formatEndpoint(destination, destinationPort)}`
  return `packet ${ends} ${protocol} ttl ${ttl} ${size} bytes${marked}`
}

function observedText({ evidence, atUs, stopped, text }: ObservedHop): string {
  const time = atUs === undefined ? '' : ` +${Math.round(atUs)} µs`
  return `${stopped === true ? '✖' : '✓'} ${evidence}${time}  ${text}`
}

function alternativeItems({ alternatives = [] }: Journey, facts: ViewFacts): readonly Item<PathRow>[] {
  if (alternatives.length < 2) return []
  return alternatives.flatMap(({ when, verdict, reason, hops, where }, at) => {
    const id = `path if ${at}`
    const open = facts.folded.has(id)
    const heading: Item<PathRow> = {
      ...plain(
        `if ${at}`,
        {
          where: `if ${at + 1}`,
          stage: verdict,
          text: `${when.join(' and ') || 'otherwise'}: ${MARKS[verdict]} ${reason}`,
          ...(where === undefined ? {} : { place: where }),
        },
        { open, object: { when, verdict, reason } },
      ),
    }
    if (!open) return [heading]
    return [heading, ...alignHops(hops, []).flatMap((pair, position) => pairItems(pair, [id, position], facts))]
  })
}

/** Commands in full, for they are copied; enter describes the fix. */
function fixItems(fix: Fix, at: number, facts: ViewFacts): readonly Item<PathRow>[] {
  const { commands, summary, warning } = fix
  const rows = commands.flatMap(({ command, name }, position) => {
    const { first, rest } = linesOf(command, facts)
    const where = position > 0 ? 'and' : at === 0 ? 'fix' : 'or'
    const id = `fix ${at} ${position}`
    return [
      plain(id, { where, stage: `in ${name}`, text: first }, { object: fix }),
      ...rest.map((text, line) => plain(`${id} ${line}`, { text: `  ${text}` }, { object: fix })),
    ]
  })
  const words = [summary, ...(warning === undefined ? [] : [`▲ ${warning}`])]
  const lines = words.flatMap((text) => wrap(sanitise(text), Math.max(20, facts.width - BESIDE_TEXT - 2)))
  return [
    ...rows,
    ...lines.map((text, line) => plain(`fix ${at} words ${line}`, { text: `  ${text}` }, { object: fix })),
  ]
}

function mtuItems({ mtu }: Journey): readonly Item<PathRow>[] {
  if (mtu === undefined) return [plain('mtu', { where: 'mtu', text: 'not even the smallest packet arrives' })]
  const { largestPacket, largestPayload, limit, rows } = mtu
  const because = limit === undefined ? '' : `, because of ${placeText(limit)}: ${limit.text}`
  const text = `the largest packet is ${largestPacket} bytes, its payload ${largestPayload}${because}`
  return [
    plain('mtu', { where: 'mtu', text, ...(limit === undefined ? {} : { place: limit }) }, { object: mtu }),
    ...rows.map((row, at) => mtuItem(row, at, rows[0]?.packet ?? 0)),
  ]
}

function mtuItem(
  { namespace, name, link, mtu, packet }: MtuBudget['rows'][number],
  at: number,
  first: number,
): Item<PathRow> {
  const wrapped = packet > first ? `, ${packet - first} of them around the packet` : ''
  const place: Place = { kind: 'link', namespace, name, text: link, link }
  return plain(
    `mtu ${at}`,
    { where: `   ${sanitise(name)}`, stage: 'link', text: `${link} takes ${mtu} bytes${wrapped}`, place },
    { depth: 1 },
  )
}

function hopTarget(item: Item<PathRow>, { snapshot }: ViewFacts): Target | undefined {
  const { place, hop } = item.row
  if (item.open !== undefined) return { kind: 'fold', id: item.id, label: item.open ? 'fold' : 'unfold' }
  return toPlace(snapshot, place ?? (hop === undefined ? undefined : placeOfHop(hop)))
}

/** What a hop is about where it names no object: its link, its neighbour. */
function placeOfHop({ namespace, host, name, stage, subject, text }: Hop): Place {
  const own = { namespace, ...(host === undefined ? {} : { host }), name }
  if (stage === 'neighbour') return { kind: 'neighbour', ...own, text: `${subject} ${text}` }
  if (stage === 'socket') return { kind: 'socket', ...own, text: subject }
  if (stage === 'bridge' && text.startsWith('FDB ')) return { kind: 'fdb', ...own, text }
  return { kind: 'link', ...own, text: subject, link: subject }
}
