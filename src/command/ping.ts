import type { Context } from '../command.ts'
import { mtuBudget } from '../flow/mtu-budget.ts'
import { World } from '../flow/world.ts'
import { pathMtu } from '../measure/path-mtu.ts'
import { ping as pingAddress } from '../measure/ping.ts'
import {
  type MtuPrediction,
  mtuLines,
  mtuProbeLine,
  pingLines,
  pingProblemLine,
  pingReplyLine,
} from '../report/measure/ping.ts'
import { sanitise } from '../report/sanitise.ts'
import { INTERRUPTED_STATUS, interruptible, measuredWorld, openSpace, readDecimal, targetOf } from './measure.ts'
import { readNumber } from './option-values.ts'
import { flowFacts } from './path.ts'

/** `ping FROM TO`: 0 when something was answered. */
export async function ping(context: Context): Promise<number> {
  const { positionals, options, output } = context
  const [from = '', to = ''] = positionals
  const count = readNumber(options, 'count', { min: 1, max: 1_000_000 })
  const intervalS = readDecimal(options, 'interval', { min: 0.01, max: 3600 })
  const payloadBytes = readNumber(options, 'size', { min: 0, max: 65_507 })
  const timeoutS = readDecimal(options, 'timeout', { min: 0.01, max: 3600 })
  const ttl = readNumber(options, 'ttl', { min: 1, max: 255 })
  const world = await measuredWorld(context)
  const { space, namespace } = openSpace(world, from)
  try {
    const { address } = targetOf(world, space, to, options)
    const isTold = !options.has('json') && !options.has('quiet')
    if (isTold) output.note(`${space.name} → ${to} ${address}`)
    const tell = (line: string): void => {
      if (isTold) output.write(`${sanitise(line)}\n`)
    }
    const result = await interruptible((signal) =>
      pingAddress(namespace, address, {
        ...(count === undefined ? {} : { count }),
        ...(intervalS === undefined ? {} : { intervalMs: 1000 * intervalS }),
        ...(payloadBytes === undefined ? {} : { payloadBytes }),
        ...(timeoutS === undefined ? {} : { timeoutMs: 1000 * timeoutS }),
        ...(ttl === undefined ? {} : { ttl }),
        df: options.has('df'),
        onReply: (reply) => tell(pingReplyLine(reply)),
        onProblem: (problem) => tell(pingProblemLine(problem)),
        signal,
      }),
    )
    if (options.has('json')) output.json(result)
    else output.write(`${pingLines(result).join('\n')}\n`)
    return result.ok ? 0 : statusOf(result.reason)
  } finally {
    namespace.close()
  }
}

/** `mtu FROM TO`: 0 when it is as predicted, 1 when it is not, or nothing is answered. */
export async function mtu(context: Context): Promise<number> {
  const { positionals, options, output } = context
  const [from = '', to = ''] = positionals
  const timeoutS = readDecimal(options, 'timeout', { min: 0.01, max: 60 })
  const world = new World(await flowFacts(context))
  const { space, namespace } = openSpace(world, from)
  try {
    const { address } = targetOf(world, space, to, options)
    if (!options.has('json')) output.note(`${space.name} → ${to} ${address}`)
    const result = await interruptible((signal) =>
      pathMtu(namespace, address, {
        ...(timeoutS === undefined ? {} : { timeoutMs: 1000 * timeoutS }),
        ...(options.has('json') ? {} : { onProbe: (probe) => output.write(`${sanitise(mtuProbeLine(probe))}\n`) }),
        signal,
      }),
    )
    const predicted = predictedMtu(world, { inode: space.namespace.inode, name: space.name, address })
    if (options.has('json')) output.json({ ...result, ...(predicted ? { predicted } : {}) })
    else output.write(`${mtuLines(result, predicted).join('\n')}\n`)
    if (!result.ok) return statusOf(result.reason)
    return predicted === undefined || predicted.largestPacket === result.mtu ? 0 : 1
  } finally {
    namespace.close()
  }
}

interface Way {
  readonly inode: number
  readonly name: string
  readonly address: string
}

function predictedMtu(world: World, { inode, name, address }: Way): MtuPrediction | undefined {
  const protocol = address.includes(':') ? 'icmpv6' : 'icmp'
  const budget = mtuBudget(world, { source: { namespace: inode, name }, destination: address, protocol })
  if (budget === undefined) return undefined
  const { largestPacket, limit } = budget
  return { largestPacket, ...(limit === undefined ? {} : { limit: `${limit.name}: ${limit.text}` }) }
}

export function statusOf(reason: string): number {
  return reason === 'interrupted' ? INTERRUPTED_STATUS : 1
}
