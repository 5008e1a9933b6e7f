import type { Connection, Tracking, Tuple } from '../../connection.ts'
import { protocolNumber } from '../../packet.ts'
import type { RuleContext, Truth } from '../rule.ts'
import { inRange, prefixTest, toMasked, toRange } from '../values.ts'
import type { OptionTest } from './modules.ts'

/** Matches on what connection tracking knows. */
export const connectionModules: Readonly<Record<string, Readonly<Record<string, OptionTest>>>> = {
  conntrack: {
    '--ctstate': ({ values: [states = ''] }) => stateTest(states),
    '--ctstatus': ({ values: [status = ''] }) => statusTest(status),
    '--ctproto': ({ values: [protocol = ''] }) => of(({ protocol: own }) => own === protocolNumber(protocol)),
    '--ctorigsrc': ({ values: [text = ''] }) => addressTest(text, (connection) => connection.original.source),
    '--ctorigdst': ({ values: [text = ''] }) => addressTest(text, (connection) => connection.original.destination),
    '--ctreplsrc': ({ values: [text = ''] }) => addressTest(text, (connection) => connection.reply.source),
    '--ctrepldst': ({ values: [text = ''] }) => addressTest(text, (connection) => connection.reply.destination),
    '--ctorigsrcport': ({ values: [text = ''] }) => portTest(text, ({ original }) => original.sourcePort),
    '--ctorigdstport': ({ values: [text = ''] }) => portTest(text, ({ original }) => original.destinationPort),
    '--ctreplsrcport': ({ values: [text = ''] }) => portTest(text, ({ reply }) => reply.sourcePort),
    '--ctrepldstport': ({ values: [text = ''] }) => portTest(text, ({ reply }) => reply.destinationPort),
    '--ctdir':
      ({ values: [direction = ''] }) =>
      ({ packet: { tracking } }) =>
        tracking?.connection !== undefined && tracking.direction === direction.toLowerCase(),
  },
  state: { '--state': ({ values: [states = ''] }) => stateTest(states) },
  connmark: {
    '--mark': ({ values: [text = ''] }) => {
      const [value, mask] = toMasked(text)
      return of(({ mark }) => (mark & mask) >>> 0 === value)
    },
  },
}

/** A packet that was not looked at yet counts as INVALID, as in xt_conntrack.c. */
export function stateNames(tracking: Tracking | undefined): readonly string[] {
  const { connection } = tracking ?? {}
  return [
    tracking?.state ?? 'INVALID',
    ...(connection?.sourceNat === true ? ['SNAT'] : []),
    ...(connection?.destinationNat === true ? ['DNAT'] : []),
  ]
}

function stateTest(states: string) {
  const wanted = new Set(states.split(','))
  return ({ packet }: RuleContext): boolean => stateNames(packet.tracking).some((state) => wanted.has(state))
}

function statusTest(text: string) {
  const wanted = text.split(',')
  return of((connection) => {
    const status = {
      NONE: !connection.seenReply && !connection.confirmed,
      EXPECTED: false,
      SEEN_REPLY: connection.seenReply,
      ASSURED: connection.entry?.status.includes('ASSURED') ?? false,
      CONFIRMED: connection.confirmed,
    }
    return wanted.some((name) => status[name as keyof typeof status] === true)
  })
}

function of(run: (connection: Connection) => Truth) {
  return ({ packet: { tracking } }: RuleContext): Truth =>
    tracking?.connection === undefined ? false : run(tracking.connection)
}

function addressTest(text: string, get: (connection: Connection) => Tuple['source']) {
  const matches = prefixTest(text)
  return of((connection) => matches(get(connection)))
}

function portTest(text: string, get: (connection: Connection) => number | undefined) {
  const range = toRange(text)
  return of((connection) => inRange(get(connection), range))
}
