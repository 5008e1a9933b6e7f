import { availableParallelism } from 'node:os'
import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import type { World } from '../flow/world.ts'
import type { IperfMode } from '../measure/iperf/iperf3-arguments.ts'
import { findIperf3 } from '../measure/iperf/iperf3-tool.ts'
import { judgeIperf } from '../measure/iperf/judge-iperf.ts'
import { runIperf } from '../measure/iperf/run-iperf.ts'
import type { IperfInterval, IperfThresholds } from '../model/measurement.ts'
import { type IperfCell, iperfHeatMap, iperfLines, iperfLiveLine } from '../report/measure/iperf.ts'
import { formatBitRate } from '../report/measure/rate.ts'
import { sanitise } from '../report/sanitise.ts'
import { throughOf } from './http.ts'
import {
  INTERRUPTED_STATUS,
  interruptible,
  type MeasuredSpace,
  measuredWorld,
  openSpace,
  readDecimal,
  readRate,
  targetOf,
} from './measure.ts'
import { readNumber } from './option-values.ts'
import { statusOf } from './ping.ts'

const DURATION_S = 10
/** Each pair of a matrix: there are many. */
const CELL_DURATION_S = 2

/** `iperf FROM TO`: 1 when a threshold is not kept, or nothing could be transferred. */
export async function iperf(context: Context): Promise<number> {
  const { positionals, options, output } = context
  const [from = '', to = ''] = positionals
  const mode = modeOf(options, DURATION_S)
  const thresholds = thresholdsOf(options)
  const port = readNumber(options, 'port', { min: 1, max: 65_535 })
  const through = throughOf(options)
  await findIperf3()
  const world = await measuredWorld(context)
  const client = openSpace(world, from)
  const server = openSpace(world, to)
  const isLive = output.terminal.interactive && !options.has('json')
  try {
    const address = through?.address ?? targetOf(world, client.space, to, options).address
    const live = new LiveLine(output)
    const result = await interruptible((signal) =>
      runIperf({
        ...mode,
        from: client.namespace,
        to: server.namespace,
        address,
        ...(port === undefined ? {} : { port }),
        ...(through?.port === undefined ? {} : { throughPort: through.port }),
        ...(isLive ? { onInterval: (interval) => live.add(interval) } : {}),
        signal,
      }),
    )
    live.end()
    const problems = result.ok ? judgeIperf(result.summary, thresholds) : []
    if (options.has('json')) output.json({ ...result, thresholds, problems })
    else if (result.ok) {
      output.write(`${iperfLines({ from: client.space.name, to: server.space.name }, result).join('\n')}\n`)
      for (const problem of problems) output.write(`✖ ${sanitise(problem)}\n`)
    } else output.write(`✖ ${sanitise(result.detail)}\n`)
    if (!result.ok) {
      if (through !== undefined)
        output.note(sanitise(`iperf3 makes two connections: ${address} has to lead to ${to} with both`))
      return statusOf(result.reason)
    }
    if (!result.isComplete) return INTERRUPTED_STATUS
    return problems.length > 0 ? 1 : 0
  } finally {
    client.namespace.close()
    server.namespace.close()
  }
}

/** One line on a terminal that each interval writes anew. */
class LiveLine {
  readonly #output: Context['output']
  readonly #intervals: IperfInterval[] = []

  constructor(output: Context['output']) {
    this.#output = output
  }

  add(interval: IperfInterval): void {
    this.#intervals.push(interval)
    const width = (this.#output.terminal.width ?? 80) - 1
    this.#output.write(`\r\x1b[K${Array.from(iperfLiveLine(this.#intervals)).slice(0, width).join('')}`)
  }

  /** The summary stands where it was. */
  end(): void {
    if (this.#intervals.length > 0) this.#output.write('\r\x1b[K')
  }
}

function modeOf(options: Context['options'], defaultS: number): IperfMode {
  if (options.has('udp') && options.has('sctp')) throw new TsnetError('usage', 'iperf: --udp or --sctp, not both')
  if (options.has('reverse') && options.has('bidir')) {
    throw new TsnetError('usage', 'iperf: --reverse or --bidir, not both')
  }
  return {
    protocol: options.has('udp') ? 'udp' : options.has('sctp') ? 'sctp' : 'tcp',
    durationS: readNumber(options, 'duration', { min: 1, max: 86_400 }) ?? defaultS,
    reverse: options.has('reverse'),
    bidirectional: options.has('bidir'),
    zerocopy: options.has('zerocopy'),
    ...given({
      streams: readNumber(options, 'parallel', { min: 1, max: 128 }),
      rateBitsPerSecond: readRate(options, 'rate'),
      mssBytes: readNumber(options, 'mss', { min: 88, max: 9216 }),
      omitS: readNumber(options, 'omit', { min: 0, max: 60 }),
      dscp: wordOf(options, 'dscp'),
      congestion: wordOf(options, 'congestion'),
    }),
  }
}

/** A word that can be no option of iperf3's own. */
function wordOf(options: Context['options'], name: string): string | undefined {
  const word = options.text(name)
  if (word === undefined || /^[a-zA-Z0-9][\w-]{0,31}$/.test(word)) return word
  throw new TsnetError('usage', `--${name} ${word}: that is none`)
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

function thresholdsOf(options: Context['options']): IperfThresholds {
  return given({
    minBitsPerSecond: readRate(options, 'min-rate'),
    maxLossPercent: readDecimal(options, 'max-loss', { min: 0, max: 100 }),
    maxRetransmits: readNumber(options, 'max-retransmits', { min: 0, max: 1_000_000_000 }),
  })
}

/** `iperf matrix`: all pairs of a network; 1 when one of them fails, or does not keep to a threshold. */
export async function iperfMatrix(context: Context): Promise<number> {
  const { options, output } = context
  const mode = modeOf(options, CELL_DURATION_S)
  const thresholds = thresholdsOf(options)
  const atOnce =
    readNumber(options, 'at-once', { min: 1, max: 64 }) ?? Math.max(1, Math.floor(availableParallelism() / 2))
  await findIperf3()
  const world = await measuredWorld(context)
  const opened = selectorsOf(world, options).map((selector) => openSpace(world, selector))
  try {
    const pairs = opened.flatMap((from) => opened.filter((to) => to !== from).map((to) => ({ from, to })))
    const { cells, isInterrupted } = await interruptible(async (signal) => {
      const measured = await inParallel(pairs, { atOnce, signal }, (pair) =>
        measurePair(context, { world, pair, mode, signal }),
      )
      return { cells: measured, isInterrupted: signal.aborted }
    })
    const problems = cells.flatMap(({ from, to, result }) =>
      result.ok ? judgeIperf(result.summary, thresholds).map((problem) => `${from} → ${to}: ${problem}`) : [],
    )
    if (options.has('json')) output.json({ cells, thresholds, problems })
    else {
      output.write(iperfHeatMap(cells, { colour: output.terminal.colour }))
      for (const problem of problems) output.write(`✖ ${sanitise(problem)}\n`)
    }
    if (isInterrupted) return INTERRUPTED_STATUS
    return problems.length > 0 || cells.some(({ result }) => !result.ok) ? 1 : 0
  } finally {
    for (const { namespace } of opened) namespace.close()
  }
}

interface Pair {
  readonly from: MeasuredSpace
  readonly to: MeasuredSpace
}

async function measurePair(
  { options, output }: Context,
  { world, pair, mode, signal }: { world: World; pair: Pair; mode: IperfMode; signal: AbortSignal },
): Promise<IperfCell> {
  const { from, to } = pair
  const { address } = targetOf(world, from.space, to.space.name, options)
  const result = await runIperf({ ...mode, from: from.namespace, to: to.namespace, address, signal })
  if (output.terminal.interactive && !options.has('json')) {
    const rate = result.ok ? formatBitRate(result.summary.forward?.bitsPerSecond ?? 0) : result.reason
    output.note(`${from.space.name} → ${to.space.name}  ${rate}`)
  }
  return { from: from.space.name, to: to.space.name, result }
}

/** Those of `-n`, or of a network: whose containers they are, the facts say by the bridge that they hang on. */
function selectorsOf(world: World, options: Context['options']): readonly string[] {
  const selectors = options.list('netns')
  const network = options.text('network')
  const members = network === undefined ? [] : membersOf(world, network)
  const all = [...new Set([...selectors, ...members])]
  if (all.length >= 2) return all
  throw new TsnetError('usage', `iperf matrix: ${all.length} namespaces, at least two are needed`, {
    hint: 'Name them with -n, or a network with --network NAME|CIDR',
  })
}

function membersOf(world: World, network: string): string[] {
  const isPrefix = network.includes('/')
  return world.spaces
    .filter(({ namespace, snapshot }) => {
      const isOn = snapshot.containers.some(
        (container) =>
          container.namespace === namespace.inode && container.networks.some((each) => each.network === network),
      )
      const subnet = namespace.addresses.some(({ address }) => isPrefix && subnetOf(address) === subnetOf(network))
      return (isOn || subnet) && namespace.owner.kind !== 'host' && namespace.owner.kind !== 'docker-sandbox'
    })
    .map(({ namespace }) => `inode:${namespace.inode}`)
}

/** `172.19.0.3/24` → `172.19.0.0/24`; of IPv6 as it is. */
function subnetOf(prefix: string): string {
  const [address = '', length = ''] = prefix.split('/')
  const bytes = address.split('.').map(Number)
  if (bytes.length !== 4) return prefix
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  const size = 2 ** (32 - Number(length))
  return `${Math.floor(value / size) * size}/${length}`
}

/** Each in turn, so many at once, none any more once it is aborted. */
async function inParallel<T, R>(
  items: readonly T[],
  { atOnce, signal }: { readonly atOnce: number; readonly signal: AbortSignal },
  action: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let at = next++; at < items.length && !signal.aborted; at = next++) {
      results[at] = await action(items[at] as T)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results.filter((result) => result !== undefined)
}
