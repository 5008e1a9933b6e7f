import type { Journey } from './journey.ts'

/** A packet, its answer, and for TCP the acknowledgement that ends the handshake. */
export const LEG_NAMES = ['the packet', 'the answer', 'the acknowledgement'] as const

/** A journey and what follows from it, in order. */
export function legsOf(journey: Journey): readonly Journey[] {
  return journey.reply === undefined ? [journey] : [journey, ...legsOf(journey.reply)]
}

/** The first leg that does not arrive; undefined when all do. */
export function failedLeg(
  journey: Journey,
): { readonly leg: Journey; readonly name: string; readonly position: number } | undefined {
  const legs = legsOf(journey)
  const position = legs.findIndex(({ verdict }) => verdict !== 'delivered')
  const leg = legs[position]
  return leg === undefined ? undefined : { leg, name: LEG_NAMES[position] ?? 'what follows', position }
}
