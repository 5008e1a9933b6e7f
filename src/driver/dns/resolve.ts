import type { DnsQuestion } from '../../kernel/dns/dns-message.ts'
import { isReverseName } from '../../kernel/dns/reverse-name.ts'
import type { AddressFamily, DnsZone } from './dns-zone.ts'

/** RFC 1035 3.2.2, RFC 3596, RFC 2782: the types that are answered here. */
export const DNS_TYPE = { A: 1, PTR: 12, MX: 15, AAAA: 28, SRV: 33 } as const

/** Docker Engine whose answers are given where they differ. */
export type DnsBehaviour = '20.10' | '28'

/** What the embedded DNS of one sandbox knows. */
export interface DnsView {
  /** Networks of the sandbox, in the order in which they are searched. */
  readonly attachments: readonly DnsAttachment[]
  /** `ndots` was set by the user: single labels are not asked outside. */
  readonly ndotsSet: boolean
  readonly behaviour: DnsBehaviour
}

export interface DnsAttachment {
  readonly zone: DnsZone
  /** `--link`: alias → name; seen by this sandbox only. */
  readonly links: ReadonlyMap<string, string>
}

export type DnsAnswer =
  | { readonly type: 'A' | 'AAAA' | 'PTR'; readonly name: string; readonly data: string }
  | { readonly type: 'SRV'; readonly name: string; readonly data: { readonly port: number; readonly target: string } }

export type Resolution =
  /** NOERROR with these, maybe none. */
  | { readonly kind: 'answer'; readonly answers: readonly DnsAnswer[]; readonly additionals: readonly DnsAnswer[] }
  /** Not ours: ask outside. */
  | { readonly kind: 'forward' }
  /** Engine 20.10 stays silent. */
  | { readonly kind: 'silence' }

/** A number in [0, 1). */
export type Random = () => number

const FORWARD: Resolution = { kind: 'forward' }
const EMPTY: Resolution = { kind: 'answer', answers: [], additionals: [] }

/** What Docker's embedded DNS answers to a question of a sandbox. */
export function resolve(question: DnsQuestion, view: DnsView, random: Random): Resolution {
  const own = ownAnswer(question, view, random)
  if (own.kind !== 'forward') return own
  const isAddress = question.type === DNS_TYPE.A || question.type === DNS_TYPE.AAAA
  // with ndots the client comes again, with a search domain attached
  return isAddress && view.ndotsSet && !question.name.includes('.') ? EMPTY : FORWARD
}

function ownAnswer(question: DnsQuestion, view: DnsView, random: Random): Resolution {
  switch (question.type) {
    case DNS_TYPE.A:
      return addressAnswer(question, view, { family: 4, random })
    case DNS_TYPE.AAAA:
      return addressAnswer(question, view, { family: 6, random })
    case DNS_TYPE.MX:
      return mailAnswer(question, view)
    case DNS_TYPE.PTR:
      return pointerAnswer(question, view)
    case DNS_TYPE.SRV:
      return serviceAnswer(question, view)
    default:
      return FORWARD
  }
}

function addressAnswer(
  { name }: DnsQuestion,
  view: DnsView,
  { family, random }: { readonly family: AddressFamily; readonly random: Random },
): Resolution {
  const addresses = lookUp(name, view, family)
  if (!addresses) return FORWARD
  const type = family === 4 ? 'A' : 'AAAA'
  return answer(shuffled(addresses, random).map((data) => ({ type, name, data })))
}

/** A known name has no mail exchanger, so that mail goes to its address (implicit MX, RFC 5321 5.1). */
function mailAnswer({ name }: DnsQuestion, view: DnsView): Resolution {
  const found = ([4, 6] as const).some((family) => (lookUp(name, view, family)?.length ?? 0) > 0)
  return found ? EMPTY : FORWARD
}

function pointerAnswer({ name }: DnsQuestion, { attachments, behaviour }: DnsView): Resolution {
  const asked = name.toLowerCase()
  if (!isReverseName(asked) && behaviour === '20.10') return { kind: 'silence' }
  for (const { zone } of attachments) {
    const pointer = zone.pointers.get(asked)
    if (pointer !== undefined) return answer([{ type: 'PTR', name, data: `${pointer}.${zone.name}` }])
  }
  return FORWARD
}

function serviceAnswer({ name }: DnsQuestion, { attachments }: DnsView): Resolution {
  const [portName, protocol, ...rest] = name.toLowerCase().split('.')
  const wanted = rest.join('.')
  if (wanted === '') return FORWARD
  for (const { zone } of attachments) {
    const targets = zone.services
      .filter((each) => each.name === wanted && each.portName === portName && each.protocol === protocol)
      .flatMap((each) => each.targets)
    if (targets.length === 0) continue
    return {
      kind: 'answer',
      answers: targets.map(({ name: target, port }) => ({ type: 'SRV', name, data: { port, target } })),
      additionals: targets.map((target) => ({ type: 'A', name: target.name, data: target.address })),
    }
  }
  return FORWARD
}

function answer(answers: readonly DnsAnswer[]): Resolution {
  return { kind: 'answer', answers, additionals: [] }
}

/**
 * The addresses of a name, whose case does not matter, unlike that of a link or a network; empty when the name is known and has none of this family; undefined when it is not known.
 * Dots may be part of a name or stand before the name of a network: `a.b` is a.b anywhere, else a in network b.
 */
function lookUp(name: string, view: DnsView, family: AddressFamily): readonly string[] | undefined {
  const attachments = inSearchOrder(view.attachments)
  for (const { label, network } of splits(name)) {
    const within = network === undefined ? attachments : attachments.filter(({ zone }) => zone.name === network)
    const found =
      firstOf(within, view, (each) => throughLink(each, label, { family, view })) ??
      firstOf(within, view, (each) =>
        each.links.has(label) ? undefined : inZone(each.zone, label.toLowerCase(), { family, view }),
      )
    if (found) return found
  }
  return undefined
}

const SEARCH_ORDER: Readonly<Record<DnsZone['kind'], number>> = { dynamic: 0, local: 1, ingress: 2 }

function inSearchOrder(attachments: readonly DnsAttachment[]): readonly DnsAttachment[] {
  return [...attachments].sort((a, b) => SEARCH_ORDER[a.zone.kind] - SEARCH_ORDER[b.zone.kind])
}

/** `a.b.c` → a.b.c anywhere, a.b in network c, a in network b.c. */
function splits(name: string): { label: string; network: string | undefined }[] {
  const found: { label: string; network: string | undefined }[] = [{ label: name, network: undefined }]
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    found.push({ label: name.slice(0, dot), network: name.slice(dot + 1) })
  }
  return found
}

interface Wanted {
  readonly family: AddressFamily
  readonly view: DnsView
}

function throughLink({ zone, links }: DnsAttachment, alias: string, wanted: Wanted): readonly string[] | undefined {
  const name = links.get(alias)
  return name === undefined ? undefined : inZone(zone, name.toLowerCase(), wanted)
}

function inZone(zone: DnsZone, name: string, { family, view }: Wanted): readonly string[] | undefined {
  const known = zone.addresses.get(name)
  if (!known) return undefined
  if (known[family].length > 0) return known[family]
  // 20.10 asks outside for what a known name lacks, except for IPv6 where the network has none
  const answersEmpty = view.behaviour === '28' || (family === 6 && known[4].length > 0 && !zone.enableIpv6)
  return answersEmpty ? known[family] : undefined
}

/** 28: the first network that knows the name. 20.10: the first that has addresses goes before. */
function firstOf(
  attachments: readonly DnsAttachment[],
  { behaviour }: DnsView,
  look: (attachment: DnsAttachment) => readonly string[] | undefined,
): readonly string[] | undefined {
  let known: readonly string[] | undefined
  for (const attachment of attachments) {
    const found = look(attachment)
    if (found && (found.length > 0 || behaviour === '28')) return found
    known ??= found
  }
  return known
}

/** Fisher and Yates: every order is equally likely. */
function shuffled(items: readonly string[], random: Random): readonly string[] {
  const order = [...items]
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const kept = order[last] as string
    order[last] = order[other] as string
    order[other] = kept
  }
  return order
}
