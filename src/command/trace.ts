import type { Context } from '../command.ts'
import { TsnetError } from '../errors.ts'
import type { World } from '../flow/world.ts'
import type { Flow } from '../model/journey.ts'
import type { Trace, TraceStage } from '../model/trace.ts'
import { journeyDot, journeyMermaid } from '../report/journey-graphs.ts'
import { traceLine, traceLines } from '../report/trace-lines.ts'
import { type TraceRequest, trace as traceFlow } from '../trace/trace.ts'
import { ownerOptionsOf } from './facts.ts'
import { Options } from './options.ts'
import { flowOf, formatOf, statusOf } from './path.ts'

/** What a real packet does: says so, and ends with 0 delivered and answered, 1 not, 4 nothing could be tried. */
export async function trace(context: Context): Promise<number> {
  const { options, output } = context
  const format = formatOf(options)
  const stop = new AbortController()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const abort = (signal: NodeJS.Signals): void => stop.abort(new Stopped(signal))
  for (const signal of signals) process.on(signal, abort)
  try {
    const traced = await traceFlow(requestOf(context, stop.signal))
    if (format === 'json') output.json(traced)
    else if (format === 'text') {
      const detailed = options.has('detailed')
      output.write(`${traceLines(traced, { detailed, colour: output.terminal.colour }).join('\n')}\n`)
    } else output.write(FORMATS[format](traced))
    return statusOf(traced)
  } catch (error) {
    if (error instanceof Stopped) return STATUS_OF_SIGNAL[error.signal] ?? 1
    throw error
  } finally {
    for (const signal of signals) process.off(signal, abort)
  }
}

/** Somebody has seen enough. */
class Stopped extends Error {
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(signal)
    this.signal = signal
  }
}

/** As a shell has it. */
const STATUS_OF_SIGNAL: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

const FORMATS = {
  minimal: (traced: Trace) => `${traceLine(traced)}\n`,
  dot: journeyDot,
  mermaid: journeyMermaid,
} as const

function requestOf(context: Context, signal: AbortSignal): TraceRequest {
  const { options, output } = context
  const timeout = options.text('timeout')
  const passive = options.text('passive')
  const question = options.text('question')
  return {
    flow: (world) => {
      if (options.text('proto') === ARP) return arpFlow(context, world)
      const flow = flowOf(context, world)
      return question === undefined
        ? flow
        : { ...flow, protocol: 'udp', destinationPort: flow.destinationPort ?? DNS_PORT }
    },
    rules: !options.has('no-rules'),
    engines: ownerOptionsOf(context),
    signal,
    ...(timeout === undefined ? {} : { timeoutMs: milliseconds(timeout) }),
    ...(passive === undefined ? {} : { passive }),
    ...(question === undefined ? {} : { question }),
    ...(output.terminal.interactive ? { onProgress: (stage: TraceStage) => progress(stage) } : {}),
  }
}

const ARP = 'arp'

/** A prediction knows no ARP: its words are those of a ping. */
function arpFlow(context: Context, world: World): Flow {
  const { options, positionals } = context
  const given = ['source-address', 'link', 'ipv4'].flatMap((name) => {
    return options.has(name) ? [[name, options.list(name)] as const] : []
  })
  const flow = flowOf({ ...context, options: new Options(new Map(given)) }, world)
  if (flow.destinationPort === undefined) return { ...flow, protocol: ARP }
  throw new TsnetError('usage', `trace ${positionals.join(' ')}: ARP knows no ports`)
}

const DNS_PORT = 53
const LONGEST_S = 3_600

function milliseconds(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= LONGEST_S) return seconds * 1_000
  throw new TsnetError('usage', `--timeout ${text}: not a number of seconds`)
}

/** On a terminal only; the next line goes over it. */
function progress(stage: TraceStage): void {
  if (process.stderr.isTTY) process.stderr.write(stage === 'reading again' ? '\r\x1b[K' : `\r\x1b[K${stage}…`)
}
