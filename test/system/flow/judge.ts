import type { Journey } from '../../../src/flow/journey.ts'
import { failedLeg } from '../../../src/model/journey-legs.ts'
import type { Probe } from './agents.ts'

export type Agreement = 'agrees' | 'differs' | 'left open'

/** Whether what a sender saw is what its predicted journey says it sees. */
export function agreementOf(probe: Probe, journey: Journey, observed: string): Agreement {
  const expected = expectedOf(journey)
  if (expected === undefined) return 'left open'
  const seen = observed.startsWith('error') ? 'error' : observed
  // a UDP socket is told of few errors: that nothing came back is all it shows
  const isQuiet = probe.protocol === 'udp' || isSwallowed(probe, journey) || isTaught(journey)
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
