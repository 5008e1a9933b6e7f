import type { Alternative, Fix, Flow, Hop, Journey, Place, Verdict } from '../model/journey.ts'
import { failedLeg, LEG_NAMES, legsOf } from '../model/journey-legs.ts'
import { formatEndpoint } from './format.ts'
import { padCells, sanitise } from './sanitise.ts'

export interface JourneyTextOptions {
  /** Every table, rule, route and entry that was consulted, and the packet at each hop. */
  readonly detailed?: boolean
  readonly colour?: boolean
}

const MARKS: Readonly<Record<Verdict, string>> = {
  delivered: '●',
  dropped: '✖',
  rejected: '✖',
  depends: '▲',
  unknown: '▲',
}
const COLOURS: Readonly<Record<Verdict, number>> = {
  delivered: 32,
  dropped: 31,
  rejected: 31,
  depends: 33,
  unknown: 33,
}

/**
 * A journey for people, a line a hop:
 * ```
 * web → db:8500 tcp   ✖ dropped: dropped by the policy of filter FORWARD
 *  1 web   socket   sends to 172.19.0.2
 *  2 web   route    172.19.0.0/16 dev eth0 src 172.19.0.3
 *  5 host  FORWARD  ✖ dropped by the policy of filter FORWARD
 *  fix  iptables -I DOCKER-USER -i br-46cf -o br-46cf -j ACCEPT   (in host)
 * ```
 */
export function journeyLines(journey: Journey, options: JourneyTextOptions = {}): string[] {
  const { alternatives = [] } = journey
  return [
    headLine(journey, options),
    ...hopLines(journey.hops, options),
    ...(alternatives.length > 1 ? alternatives.flatMap((each) => alternativeLines(each, options)) : []),
    ...legsOf(journey)
      .slice(1)
      .flatMap((leg, position) => laterLines(leg, LEG_NAMES[position + 1] ?? '', options)),
    ...unknownLines(journey),
    ...mtuLines(journey),
    ...journey.fixes.flatMap((fix, position) => fixLines(fix, position === 0 ? 'fix' : 'or')),
  ]
}

/** `web → db:8500 tcp: dropped: …`, for scripts and tests. */
export function journeyLine(journey: Journey): string {
  const failed = failedLeg(journey)
  const later = failed === undefined || failed.position === 0 ? '' : `; ${failed.name} is ${outcome(failed.leg)}`
  return `${flowText(journey.flow)}: ${outcome(journey)}${later}`
}

function outcome({ verdict, reason, where }: Journey): string {
  const at = where === undefined ? '' : ` at ${placeText(where)}`
  return sanitise(verdict === 'delivered' ? 'delivered' : `${verdict}${at}: ${reason}`)
}

/** `host filter FORWARD 4`, `host sysctl net.ipv4.ip_forward = 0`. */
export function placeText({ name, kind, table, chain, position, sysctl, link, text }: Place): string {
  if (chain !== undefined) return [name, table, chain, position].filter((part) => part !== undefined).join(' ')
  if (sysctl !== undefined) return `${name} sysctl ${text}`
  return [name, kind, link].filter((part) => part !== undefined).join(' ')
}

/** `web → db:8500 tcp`. */
export function flowText(flow: Flow): string {
  const { source } = flow
  return sanitise(`${source.outside === true ? `outside ${source.name}` : source.name} → ${destinationText(flow)}`)
}

/** `db (172.19.0.2) port 8500 tcp`. */
export function destinationText({ destination, destinationName, destinationPort, protocol }: Flow): string {
  const end =
    destinationName === undefined
      ? formatEndpoint(destination, destinationPort)
      : withPort(`${destinationName} (${destination})`, destinationPort)
  return sanitise(`${end} ${protocol}`)
}

function withPort(text: string, port: number | undefined): string {
  return port === undefined ? text : `${text} port ${port}`
}

function headLine(journey: Journey, { colour }: JourneyTextOptions): string {
  const { verdict, reason } = journey
  return `${flowText(journey.flow)}   ${painted(`${MARKS[verdict]} ${verdict}`, verdict, colour)}: ${sanitise(reason)}`
}

/** `✖ dropped`, in its colour if wished. */
export function paintedVerdict(verdict: Verdict, colour = false): string {
  return painted(`${MARKS[verdict]} ${verdict}`, verdict, colour)
}

function painted(text: string, verdict: Verdict, colour = false): string {
  return colour ? `\x1b[${COLOURS[verdict]}m${text}\x1b[0m` : text
}

const LONGEST_NAME = 16
const STAGE_WIDTH = 11

function hopLines(hops: readonly Hop[], options: JourneyTextOptions): string[] {
  const width = Math.min(LONGEST_NAME, Math.max(0, ...hops.map(({ name }) => sanitise(name).length)))
  return hops.flatMap((hop, position) => {
    const { name, stage, text, stopped } = hop
    const mark = stopped === true ? painted('✖ ', 'dropped', options.colour) : ''
    const number = String(position + 1).padStart(2)
    const line = `${number} ${padCells(sanitise(name), width)}  ${padCells(stage, STAGE_WIDTH)} ${mark}${sanitise(text)}`
    return options.detailed === true ? [line, ...detailLines(hop)] : [line]
  })
}

export function detailLines({ packet, details }: Hop): string[] {
  const { source, sourcePort, destination, destinationPort, protocol, ttl, size, mark } = packet
  const marked = mark === undefined ? '' : ` mark 0x${mark.toString(16)}`
  const ends = `${formatEndpoint(source, sourcePort)} → ${formatEndpoint(destination, destinationPort)}`
  return [...details, `packet ${ends} ${protocol} ttl ${ttl} ${size} bytes${marked}`].map(
    (text) => `      ${sanitise(text)}`,
  )
}

function alternativeLines({ when, verdict, reason, hops }: Alternative, options: JourneyTextOptions): string[] {
  const condition = when.length === 0 ? 'otherwise' : `if ${when.join(', and ')}`
  const head = ` ${sanitise(condition)}: ${painted(`${MARKS[verdict]} ${verdict}`, verdict, options.colour)}: ${sanitise(reason)}`
  return options.detailed === true ? [head, ...hopLines(hops, options)] : [head]
}

/** What follows the packet is told in a line when it arrives. */
function laterLines(leg: Journey, name: string, options: JourneyTextOptions): string[] {
  const { verdict, reason, hops } = leg
  const shown = verdict !== 'delivered' || options.detailed === true
  const head = `${name}   ${painted(`${MARKS[verdict]} ${verdict}`, verdict, options.colour)}: ${sanitise(reason)}`
  return [head, ...(shown ? hopLines(hops, options) : [])]
}

function unknownLines({ unknowns }: Journey): string[] {
  return unknowns.map(({ what, where }) =>
    sanitise(` not known: ${what}${where === undefined ? '' : ` (${placeText(where)})`}`),
  )
}

function mtuLines({ mtu }: Journey): string[] {
  if (mtu === undefined) return []
  const limit = mtu.limit === undefined ? '' : `, because of ${placeText(mtu.limit)}: ${mtu.limit.text}`
  const first = mtu.rows[0]?.packet ?? 0
  const rows = mtu.rows.map(({ name, link, mtu: takes, packet }) => {
    const wrapped = packet > first ? `, ${packet - first} of them around the packet` : ''
    return `      ${name} ${link} takes ${takes} bytes${wrapped}`
  })
  const head = ` mtu  the largest packet is ${mtu.largestPacket} bytes, its payload ${mtu.largestPayload}${limit}`
  return [head, ...rows].map((text) => sanitise(text))
}

export function fixLines({ commands, summary, warning }: Fix, word: string): string[] {
  const lines = commands.map(({ command, name }, position) => {
    const lead = position === 0 ? word : 'and'
    return ` ${lead.padEnd(4)} ${sanitise(command)}   (in ${sanitise(name)}${position === 0 ? `: ${sanitise(summary)}` : ''})`
  })
  return warning === undefined ? lines : [...lines, `      ▲ ${sanitise(warning)}`]
}
