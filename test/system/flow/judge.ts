import type { Journey } from '../../../src/flow/journey.ts'
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
function expectedOf({ verdict, reply }: Journey): 'answer' | 'error' | 'silence' | undefined {
  if (verdict === 'rejected') return 'error'
  if (verdict === 'dropped') return 'silence'
  if (verdict !== 'delivered') return undefined
  if (reply === undefined || reply.verdict === 'delivered') return 'answer'
  return reply.verdict === 'depends' || reply.verdict === 'unknown' ? undefined : 'silence'
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
