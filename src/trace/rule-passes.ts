import type { Place, Stage } from '../model/journey.ts'
import { decodePacket } from '../model/packets/decode-packet.ts'
import type { DecodedPacket } from '../model/packets/packet.ts'
import type { FirewallChain, FirewallRule, Link, Namespace } from '../model/snapshot.ts'
import { linksOf, nameOf } from '../model/wiring.ts'
import { type Identity, type Role, roleOf } from './identity.ts'
import type { RuleEvent } from './listeners.ts'
import { TRACE_TABLE } from './trace-table.ts'

/** What one base chain, with all that it jumped to, said of a packet. */
export interface RulePass {
  readonly namespace: number
  readonly role: Role
  readonly stage: Stage
  readonly chainType: string
  /** `filter FORWARD`. */
  readonly subject: string
  readonly verdict: 'accept' | 'drop' | 'reject' | 'other'
  /** The rule or policy that decided. */
  readonly place: Place
  readonly text: string
  readonly details: readonly string[]
  readonly in?: string
  readonly out?: string
  readonly packet: DecodedPacket
}

/** Puts what the rules said in order: a pass a base chain, in the order in which the packet met them. */
export function findPasses(
  events: readonly RuleEvent[],
  identity: Identity,
  namespaces: ReadonlyMap<number, Namespace>,
): RulePass[] {
  const packets = new Map<string, RuleEvent[]>()
  for (const event of events) {
    if (event.table === TRACE_TABLE) continue
    const key = `${event.namespace} ${event.id}`
    packets.set(key, [...(packets.get(key) ?? []), event])
  }
  return [...packets.values()].flatMap((list) => {
    const namespace = namespaces.get(list[0]?.namespace ?? 0)
    return namespace === undefined ? [] : passesOf(list, identity, namespace)
  })
}

function passesOf(events: readonly RuleEvent[], identity: Identity, namespace: Namespace): RulePass[] {
  const passes: RulePass[] = []
  let role: Role | undefined
  let packet: DecodedPacket = {}
  for (const group of groupsOf(events, namespace)) {
    const [first] = group.events
    const bytes = first === undefined ? undefined : headersOf(first)
    if (bytes !== undefined) {
      packet = decodePacket(bytes, { start: 'ip' })
      role = roleOf(identity, packet) ?? role
    }
    if (role !== undefined) passes.push(passOf(group, namespace, { role, packet }))
  }
  return passes
}

function headersOf({ networkHeader, transportHeader }: RuleEvent): Uint8Array | undefined {
  if (networkHeader === undefined || transportHeader === undefined) return undefined
  return Uint8Array.of(...networkHeader, ...transportHeader)
}

interface Group {
  readonly chain: FirewallChain
  readonly events: RuleEvent[]
}

/** A base chain ends with a verdict or its policy. */
function groupsOf(events: readonly RuleEvent[], namespace: Namespace): Group[] {
  const groups: Group[] = []
  let open: Group | undefined
  for (const event of events) {
    if (open === undefined) {
      open = { chain: baseChainOf(event, namespace), events: [] }
      groups.push(open)
    }
    open.events.push(event)
    if (isEnd(event)) open = undefined
  }
  return groups
}

const GOES_ON = new Set(['continue', 'jump', 'goto', 'return', 'break'])

function isEnd({ type, verdict }: RuleEvent): boolean {
  return type === 'policy' || (type === 'rule' && verdict !== undefined && !GOES_ON.has(verdict))
}

function baseChainOf(event: RuleEvent, { chains = [] }: Namespace): FirewallChain {
  const { familyName: family, table, chain } = event
  const found = chains.find(
    (each) => each.backend === 'nft' && each.family === family && each.table === table && each.chain === chain,
  )
  return found ?? { backend: 'nft', family, table, chain }
}

const STAGES: Readonly<Record<string, Stage>> = {
  prerouting: 'prerouting',
  input: 'input',
  forward: 'forward',
  output: 'output',
  postrouting: 'postrouting',
  ingress: 'ingress',
  egress: 'postrouting',
}

function passOf(
  { chain, events }: Group,
  namespace: Namespace,
  { role, packet }: { readonly role: Role; readonly packet: DecodedPacket },
): RulePass {
  const subject = `${chain.table} ${chain.chain}`
  const last = events.at(-1) as RuleEvent
  const place = placeOf(last, namespace)
  const verdict = verdictOf(last, place)
  const stage = STAGES[chain.hook ?? ''] ?? 'forward'
  const iif = linkNameOf(namespace, events.find((event) => event.iif !== undefined)?.iif)
  const oif = linkNameOf(namespace, events.find((event) => event.oif !== undefined)?.oif)
  return {
    namespace: namespace.inode,
    role,
    stage,
    chainType: chain.type ?? 'filter',
    subject,
    verdict,
    place,
    text: textOf(verdict, place, subject),
    details: events.filter(isRule).map((event) => detailOf(event, namespace)),
    ...(iif === undefined ? {} : { in: iif }),
    ...(oif === undefined ? {} : { out: oif }),
    packet,
  }
}

/** The end of a chain is told of as a rule without a handle. */
function isRule({ type, ruleHandle }: RuleEvent): boolean {
  return type === 'rule' && ruleHandle !== undefined
}

function linkNameOf(namespace: Namespace, index: number | undefined): string | undefined {
  const link: Link | undefined = index === undefined ? undefined : linksOf(namespace).get(index)
  return link?.name
}

function verdictOf({ type, verdict, policy }: RuleEvent, { text }: Place): RulePass['verdict'] {
  const said = type === 'policy' ? policy : verdict
  if (said === 'drop') return /-j REJECT|\breject\b/.test(text) ? 'reject' : 'drop'
  return said === 'accept' ? 'accept' : 'other'
}

/** In the words of predictions, so that the two can be compared by eye. */
function textOf(verdict: RulePass['verdict'], place: Place, subject: string): string {
  const { kind, chain, position, text } = place
  if (verdict === 'drop') {
    return kind === 'policy'
      ? `dropped by the policy of ${subject}`
      : `dropped by ${place.table} ${chain} rule ${position ?? ''}: ${text}`
  }
  if (verdict === 'reject') return `rejected by ${place.table} ${chain}: ${text}`
  return kind === 'policy' ? `accepted by ${text}` : `accepted by rule ${chain} ${position ?? ''}: ${text}`
}

function placeOf(event: RuleEvent, namespace: Namespace): Place {
  const { familyName: family, table, chain, type, policy } = event
  const at = { namespace: namespace.inode, name: nameOf(namespace), backend: 'nft', family, table, chain } as const
  if (type === 'policy') {
    return { kind: 'policy', ...at, text: `policy ${(policy ?? '').toUpperCase()} of ${chain}` }
  }
  const rule = ruleOf(event, namespace)
  const handle = event.ruleHandle === undefined ? {} : { handle: event.ruleHandle }
  if (rule === undefined) return { kind: 'rule', ...at, ...handle, text: `rule with handle ${event.ruleHandle}` }
  const text = rule.syntax === 'iptables' ? `-A ${chain} ${rule.text}` : rule.text
  return { kind: 'rule', ...at, ...handle, position: rule.position, text }
}

function ruleOf(
  { familyName, table, chain, ruleHandle }: RuleEvent,
  { firewall }: Namespace,
): FirewallRule | undefined {
  return firewall.find(
    (rule) =>
      rule.backend === 'nft' &&
      rule.handle === ruleHandle &&
      rule.chain === chain &&
      rule.table === table &&
      rule.family === familyName,
  )
}

function detailOf(event: RuleEvent, namespace: Namespace): string {
  const rule = ruleOf(event, namespace)
  if (rule === undefined) return `${event.chain} rule with handle ${event.ruleHandle}: ${event.verdict ?? ''}`
  return `${event.chain} rule ${rule.position}: ${rule.text}`
}
