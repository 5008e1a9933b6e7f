import { connectionKey } from '../../model/entry-key.ts'
import { describeTuple } from '../connection.ts'
import type { Place } from '../journey.ts'
import { placeIn } from '../world.ts'
import { manipOf, setUpNat, translate } from './nat.ts'
import type { HookName, RuleContext } from './rule.ts'
import { type BaseChain, priorityOf, rulesetOf } from './ruleset.ts'
import { confirm, track } from './tracking.ts'
import type { ChainVerdict } from './traverse.ts'
import { traverse } from './traverse.ts'
import { unmask } from './virtual-answer.ts'

export type HookResult =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop'; readonly place: Place; readonly text: string; readonly details: readonly string[] }
  | {
      readonly kind: 'reject'
      readonly place: Place
      readonly with: string
      readonly text: string
      readonly details: readonly string[]
    }
  | { readonly kind: 'unknown'; readonly place: Place; readonly text: string; readonly details: readonly string[] }

/** linux/netfilter_ipv4.h, enum nf_ip_hook_priorities: where the kernel's own functions stand among the chains. */
const PRIORITY = { CONNTRACK: -200, NAT_DESTINATION: -100, NAT_SOURCE: 100 } as const

/** ip_vs_ops4 (net/netfilter/ipvs/ip_vs_core.c): the first of its two functions at each hook. */
const IPVS_PRIORITY: Readonly<Partial<Record<HookName, number>>> = { input: 98, forward: 100, output: -99 }

/**
 * Sends a packet through one hook of a namespace: the chains of legacy iptables, iptables-nft and nft by priority, with
 * connection tracking and NAT between them. The packet is changed as they say.
 *
 * @param isTaken asked where IPVS stands: whether it keeps the packet
 */
export function runHook(context: RuleContext, isTaken: () => boolean = () => false): HookResult {
  const { space, packet, hook } = context
  const chains = rulesetOf(space.namespace).bases(packet.family, hook)
  for (const stage of stagesOf(hook, chains)) {
    if (stage === 'ipvs') {
      unmask(context)
      if (isTaken()) return { kind: 'accept' }
      continue
    }
    const result = runStage(context, stage, chains)
    if (result !== undefined && result.kind !== 'accept') return result
  }
  if (hook === 'postrouting' || hook === 'input') confirm(context)
  return { kind: 'accept' }
}

type HookStage = BaseChain | 'track' | 'nat' | 'ipvs'

const stages = new WeakMap<readonly BaseChain[], readonly HookStage[]>()

/** The chains of a hook with the kernel's own functions between them, in order. */
function stagesOf(hook: HookName, chains: readonly BaseChain[]): readonly HookStage[] {
  const known = stages.get(chains)
  if (known !== undefined) return known
  const own: [number, HookStage][] = []
  if (hook === 'prerouting' || hook === 'output') own.push([PRIORITY.CONNTRACK, 'track'])
  if (hook !== 'forward') {
    own.push([manipOf(hook) === 'destination' ? PRIORITY.NAT_DESTINATION : PRIORITY.NAT_SOURCE, 'nat'])
  }
  const ipvs = IPVS_PRIORITY[hook]
  if (ipvs !== undefined) own.push([ipvs, 'ipvs'])
  const filters = chains
    .filter(({ facts }) => facts.type !== 'nat')
    .map((chain): [number, HookStage] => [priorityOf(chain), chain])
  // of one priority, the kernel's own functions come first
  const ordered = [...own, ...filters].sort(([a], [b]) => a - b).map(([, stage]) => stage)
  stages.set(chains, ordered)
  return ordered
}

function runStage(
  context: RuleContext,
  stage: Exclude<HookStage, 'ipvs'>,
  chains: readonly BaseChain[],
): HookResult | undefined {
  if (stage === 'nat') return runNat(context, chains)
  if (stage !== 'track') return runChain(context, stage)
  track(context)
  return tableFull(context)
}

/** A full table has no room for a new connection, and its packet is dropped. */
function tableFull({ space, packet }: RuleContext): HookResult | undefined {
  const { count, max } = space.namespace.conntrack
  const { tracking } = packet
  if (max === 0 || count < max || tracking?.state !== 'NEW' || tracking.connection?.confirmed === true) return undefined
  const text = `connection tracking of ${space.name} is full: ${count} of ${max}`
  return { kind: 'drop', place: placeIn(space, 'conntrack', text), text, details: [] }
}

function runChain(context: RuleContext, chain: BaseChain): HookResult {
  if (chain.rules.length === 0 && chain.facts.policy !== 'DROP') return { kind: 'accept' }
  const { packet } = context
  const before = { mark: packet.mark }
  const found = traverse(chain, context)
  const result = resultOf(found)
  if (result.kind !== 'accept') return result
  if (chain.rules.length > 0) {
    const marked = packet.mark === before.mark ? '' : `, mark ${hex(packet.mark)}`
    const name = `${chain.facts.table} ${chain.name}`
    hopOf(context, name, `${acceptedBy(found)}${marked}`, found)
  }
  return result
}

function acceptedBy({ rule, place }: ChainVerdict): string {
  return rule === undefined
    ? `accepted by ${place.text}`
    : `accepted by rule ${rule.chain} ${rule.position}: ${place.text}`
}

function hex(mark: number): string {
  return `0x${mark.toString(16)}`
}

function hopOf({ run, space, packet, hook }: RuleContext, subject: string, text: string, found: ChainVerdict): void {
  run.hop(space, packet, { stage: stageOf(hook), subject, text, details: found.details, place: found.place })
}

export function stageOf(hook: HookName): Exclude<HookName, 'egress'> {
  return hook === 'egress' ? 'postrouting' : hook
}

function resultOf({ verdict, place, details }: ChainVerdict): HookResult {
  const chain = `${place.table ?? ''} ${place.chain ?? ''}`
  switch (verdict.kind) {
    case 'drop':
      return { kind: 'drop', place, details, text: dropText(place, chain) }
    case 'reject':
      return { kind: 'reject', place, details, with: verdict.with, text: `rejected by ${chain}: ${place.text}` }
    case 'stolen':
      return { kind: 'unknown', place, details, text: `handed to ${verdict.by} by ${chain}: ${place.text}` }
    default:
      return { kind: 'accept' }
  }
}

function dropText(place: Place, chain: string): string {
  if (place.kind === 'policy') return `dropped by the policy of ${chain}`
  return `dropped by ${chain} rule ${place.position ?? ''}: ${place.text}`
}

/** nf_nat_inet_fn: a new connection asks the nat chains, whatever their priorities, at one place; others are rewritten. */
function runNat(context: RuleContext, chains: readonly BaseChain[]): HookResult | undefined {
  const { packet, hook } = context
  const manip = manipOf(hook)
  const { connection, state } = packet.tracking ?? {}
  if (connection === undefined) return undefined
  if (state === 'NEW' && !isDecided(connection, manip)) {
    const stopped = decideNat(context, chains)
    if (stopped !== undefined) return stopped
  }
  const changed = translate(packet, manip)
  if (changed !== undefined && connection.confirmed) noteTranslation(context, changed)
  return undefined
}

function isDecided(
  connection: { sourceDecided: boolean; destinationDecided: boolean },
  manip: 'source' | 'destination',
) {
  return manip === 'source' ? connection.sourceDecided : connection.destinationDecided
}

function decideNat(context: RuleContext, chains: readonly BaseChain[]): HookResult | undefined {
  const { packet, hook } = context
  const connection = packet.tracking?.connection
  if (connection === undefined) return undefined
  for (const chain of chains) {
    if (chain.facts.type !== 'nat') continue
    const found = traverse(chain, context)
    const result = resultOf(found)
    if (result.kind !== 'accept') return result
    if (found.verdict.kind !== 'nat') continue
    if (!setUpNat(context, found.verdict.nat, connection)) return noAddress(found)
    noteNat(context, found)
    break
  }
  if (manipOf(hook) === 'source') connection.sourceDecided = true
  else connection.destinationDecided = true
  return undefined
}

/** MASQUERADE without an address on the link drops the packet. */
function noAddress({ place, details }: ChainVerdict): HookResult {
  return { kind: 'drop', place, details, text: `dropped by NAT, which finds no address to use: ${place.text}` }
}

function noteNat(context: RuleContext, found: ChainVerdict): void {
  const { run, space, packet, hook } = context
  if (run.isQuiet) return
  // a preview: what the rewriting that follows makes of it
  const preview = { ...packet }
  const changed = translate(preview, manipOf(hook)) ?? 'changes nothing'
  run.hop(space, preview, {
    stage: 'nat',
    subject: `${found.place.table ?? 'nat'} ${found.place.chain ?? ''}`,
    text: `${changed} by rule ${found.rule?.position ?? ''}: ${found.place.text}`,
    details: found.details,
    place: found.place,
  })
}

function noteTranslation({ run, space, packet }: RuleContext, changed: string): void {
  const connection = packet.tracking?.connection
  if (connection === undefined) return
  const { entry } = connection
  const described = describeTuple(connection.original, connection.protocol)
  const frozen = entry === undefined ? '' : ' that was there before'
  run.hop(space, packet, {
    stage: 'nat',
    subject: 'conntrack',
    text: `${changed}, as the connection ${described}${frozen} was set up`,
    place: placeIn(space, 'conntrack', described, entry === undefined ? {} : { entry: connectionKey(entry) }),
  })
}
