import type { Journey, Place } from '../../../src/flow/journey.ts'
import { failedLeg } from '../../../src/model/journey-legs.ts'
import type { Probe } from './agents.ts'
import type { TracedDrop } from './trace-drops.ts'

export type Agreement = 'agrees' | 'differs' | 'left open'

/** Whether what a sender saw is what its predicted journey says it sees. */
export function agreementOf(probe: Probe, journey: Journey, observed: string): Agreement {
  const expected = expectedOf(journey)
  if (expected === undefined) return 'left open'
  // who was asked for by somebody else meanwhile is known without being asked for
  if (isTaught(journey) && observed === 'answer') return 'left open'
  const seen = observed.startsWith('error') ? 'error' : observed
  // a UDP socket is told of few errors: that nothing came back is all it shows
  const isQuiet = probe.protocol === 'udp' || isSwallowed(probe, journey) || isTaught(journey) || isLimited(journey)
  const same = isQuiet ? (seen === 'answer') === (expected === 'answer') : seen === expected
  return same ? 'agrees' : 'differs'
}

/** What a sender of this journey's packet gets to see. */
function expectedOf(journey: Journey): 'answer' | 'error' | 'silence' | undefined {
  const failed = failedLeg(journey)
  if (failed === undefined) return 'answer'
  const { leg, position } = failed
  if (leg.verdict === 'depends' || leg.verdict === 'unknown') return undefined
  // a connection whose acknowledgement is lost looks made, until it is used
  if (position > 1) return undefined
  return position === 0 && leg.verdict === 'rejected' ? 'error' : 'silence'
}

/** ping says nothing when its own send call fails. */
function isSwallowed({ protocol }: Probe, { reason }: Journey): boolean {
  return protocol === 'icmp' && reason.endsWith('the send call fails')
}

/**
 * A neighbour that nobody answers for may be known by then all the same: the flows run at once, and who asks for
 * somebody is remembered by all who hear it. The packet is then lost further on, without a word.
 */
function isTaught({ reason }: Journey): boolean {
  return reason.startsWith('nobody answers for')
}

/**
 * What the kernel's rule trace says of where a journey ends: only nft rules and policies are in it, and of those only what
 * stops the packet itself or its answer, not the errors about them.
 */
export function placeOf(
  { mark = 0 }: Probe,
  journey: Journey,
  drops: readonly TracedDrop[],
): 'agrees' | 'nothing to compare' | string {
  const failed = failedLeg(journey)
  const own = drops.filter(({ marks }) => marks.includes(mark))
  if (failed === undefined || failed.leg.verdict === 'depends' || failed.leg.verdict === 'unknown') {
    return 'nothing to compare'
  }
  const { leg } = failed
  const { where } = leg
  if (where === undefined || leg.reason.startsWith('nobody answers for') || where.family === 'netdev') {
    return 'nothing to compare'
  }
  const [first] = own
  if (!isTraced(where)) {
    // what stops the refusal comes after what refused
    if (first === undefined || leg.reason.includes('does not get back')) return 'nothing to compare'
    return `dropped by ${describeDrop(first)}`
  }
  if (first === undefined) return 'no rule dropped it'
  return isAt(first, where) ? 'agrees' : `dropped by ${describeDrop(first)}`
}

function isTraced({ kind, backend }: Place): boolean {
  return (kind === 'rule' || kind === 'policy') && backend !== 'legacy'
}

function isAt(drop: TracedDrop, { kind, name, family, table, chain, handle }: Place): boolean {
  if (drop.namespace !== name || drop.family !== family || drop.table !== table) return false
  return kind === 'rule' ? drop.handle === handle : drop.handle === undefined && drop.chain === chain
}

function describeDrop({ namespace, family, table, chain, handle }: TracedDrop): string {
  return `${namespace} ${family} ${table} ${chain} ${handle === undefined ? 'policy' : `handle ${handle}`}`
}

/** ip_error: of a router that has no route, each sender hears five times at once, then once a second. */
function isLimited({ reason }: Journey): boolean {
  return reason.endsWith('and says so to the sender')
}

export function describeDifference(
  from: string,
  { protocol, address, port }: Probe,
  journey: Journey,
  observed: string,
): string {
  const { verdict, reason, reply } = journey
  const back = reply === undefined ? '' : `; reply ${reply.verdict}: ${reply.reason}`
  return `${from} → ${protocol} ${address}:${port ?? ''}: predicted ${verdict}: ${reason}${back}; observed ${observed}`
}
