import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { parseIperf3, summarise } from 'iperf3-parser'
import { messageOf, TsnetError } from '../../errors.ts'
import { listenTcp } from '../../kernel/namespace-sockets.ts'
import { spawnInside } from '../../kernel/spawn-inside.ts'
import type { Failed, FailureReason, IperfInterval, IperfMeasured } from '../../model/measurement.ts'
import { since } from '../attempt.ts'
import { leadsTo, type MeasuredNamespace } from '../measured-namespace.ts'
import { clientArguments, type IperfMode, serverArguments } from './iperf3-arguments.ts'
import { intervalOfLine } from './iperf3-lines.ts'
import { findIperf3, type Iperf3Tool } from './iperf3-tool.ts'
import { ToolProcess } from './tool-process.ts'

export interface IperfRun extends IperfMode {
  /** Where the client runs. */
  readonly from: MeasuredNamespace
  /** Where the server runs. */
  readonly to: MeasuredNamespace
  /** That the client connects to; an address of `to`, or what leads there. */
  readonly address: string
  /** Of the server. Default one that is free. */
  readonly port?: number
  /** That the client connects to, where it is another: a published port. */
  readonly throughPort?: number
  readonly onInterval?: (interval: IperfInterval) => void
  readonly signal?: AbortSignal
}

const START_MS = 5000
/** Connecting, exchanging results, a slow machine. */
const MARGIN_MS = 15_000
/** A client that is interrupted prints what it has. */
const INTERRUPT_MS = 1500
const LOOK_MS = 300

/**
 * One run of iperf3 from one namespace to another: a server for one client, started for it, and the client. The figures
 * are the client's JSON; the intervals, as they come, the server's text, for one process prints one or the other (3.17
 * can print JSON as it goes), and what a receiver sees is what arrived. Both processes are gone when this returns, and
 * the kernel ends them should we not return.
 *
 * @throws TsnetError `unsupported` without iperf3, or with one that lacks an option; `vanished`, `privilege`
 */
export async function runIperf(run: IperfRun): Promise<IperfMeasured | Failed> {
  const tool = await findIperf3()
  const startMs = performance.now()
  const port = run.port ?? (await freePort(run.to))
  const failed = (reason: FailureReason, why: string): Failed => ({
    ok: false,
    reason,
    detail: `iperf ${run.from.name} to ${run.to.name}: ${why}`,
    timeMs: since(startMs),
  })
  const args = clientArguments(run, { tool, address: run.address, port: run.throughPort ?? port })
  const server = new ToolProcess(start(run.to, serverArguments(run, { tool, port })))
  let client: ToolProcess | undefined
  try {
    const intervals = watchIntervals(server, run)
    const problem = await listening(server)
    if (problem !== undefined) return failed('failed', `its server does not start: ${problem}`)
    if (run.signal?.aborted) return failed('interrupted', 'interrupted')
    client = new ToolProcess(start(run.from, args))
    const end = await ended(client, run)
    return resultOf(client, { end, tool, intervals, failed })
  } finally {
    await Promise.all([client?.end(), server.end()])
  }
}

function start(namespace: MeasuredNamespace, args: readonly string[]): ChildProcess {
  try {
    return spawnInside(namespace.path, 'iperf3', args)
  } catch (cause) {
    throw new TsnetError('vanished', `namespace ${namespace.name}: it went away`, { cause })
  }
}

async function freePort(namespace: MeasuredNamespace): Promise<number> {
  const server = createServer()
  await listenTcp(namespace, server, { address: '0.0.0.0', port: 0 })
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

function watchIntervals(server: ToolProcess, { streams = 1, onInterval }: IperfRun): IperfInterval[] {
  const intervals: IperfInterval[] = []
  server.onLine((line) => {
    const interval = intervalOfLine(line, { several: streams > 1 })
    if (interval === undefined) return
    intervals.push(interval)
    onInterval?.(interval)
  })
  return intervals
}

/** Undefined when it listens, else what it says instead. */
async function listening(server: ToolProcess): Promise<string | undefined> {
  const isUp = new Promise<undefined>((resolve) => {
    server.onLine((line) => line.startsWith('Server listening') && resolve(undefined))
  })
  const isDown = server.exited.then(() => reasonIn(server.stderr) || reasonIn(server.stdout) || 'it ended')
  return Promise.race([isUp, isDown, delay(START_MS, 'it says nothing', { ref: false })])
}

/** `iperf3: error - unable to …: Address already in use` */
function reasonIn(text: string): string {
  const line = text.split('\n').find((each) => each.includes('iperf3: '))
  return line?.replace(/^.*iperf3: (?:error - )?/, '').trim() ?? ''
}

type End = 'exit' | 'interrupted' | 'late' | 'vanished'

/** Until the client ends, or has to be ended. */
async function ended(client: ToolProcess, run: IperfRun): Promise<End> {
  const untilMs = performance.now() + (run.durationS + (run.omitS ?? 0)) * 1000 + MARGIN_MS
  let isOver = false
  const exited = client.exited.then((): End => 'exit')
  void exited.then(() => {
    isOver = true
  })
  while (!isOver) {
    if (run.signal?.aborted) {
      client.signal('SIGINT')
      await Promise.race([exited, delay(INTERRUPT_MS)])
      return 'interrupted'
    }
    if (performance.now() > untilMs) return 'late'
    if (isGone(run)) return 'vanished'
    await Promise.race([exited, delay(LOOK_MS)])
  }
  return isGone(run) ? 'vanished' : exited
}

function isGone({ from, to }: IperfRun): boolean {
  return !leadsTo(from.path, from.inode) || !leadsTo(to.path, to.inode)
}

interface Ending {
  readonly end: End
  readonly tool: Iperf3Tool
  readonly intervals: readonly IperfInterval[]
  readonly failed: (reason: FailureReason, why: string) => Failed
}

function resultOf(client: ToolProcess, { end, tool, intervals, failed }: Ending): IperfMeasured | Failed {
  if (end === 'vanished') return failed('failed', 'a namespace went away meanwhile')
  if (end === 'late') return failed('timeout', 'it does not come to an end')
  if (client.startError !== undefined) return failed('failed', messageOf(client.startError))
  if (client.endedBy !== null) return failed('failed', `somebody ended its client: ${client.endedBy}`)
  const parsed = parseIperf3(client.stdout)
  if (!parsed.ok) return failed('protocol', reasonIn(client.stderr) || parsed.message)
  const { report } = parsed
  const summary = summarise(report)
  const isInterrupted = end === 'interrupted'
  if (report.error !== undefined && !(isInterrupted && summary.forward)) {
    return isInterrupted ? failed('interrupted', 'interrupted') : failed(reasonOfError(report.error), report.error)
  }
  if (summary.forward === undefined) return failed('protocol', 'there are no figures in its output')
  const { version } = tool
  return { ok: true, version, summary, report, intervals, isComplete: !isInterrupted && parsed.isComplete }
}

const REASONS: readonly (readonly [RegExp, FailureReason])[] = [
  [/Connection refused/, 'refused'],
  [/No route to host|Network is unreachable/, 'unreachable'],
  [/timed out|Operation now in progress|temporarily unavailable/, 'timeout'],
  [/reset by peer|Broken pipe|control socket has closed/, 'closed'],
]

function reasonOfError(text: string): FailureReason {
  return REASONS.find(([pattern]) => pattern.test(text))?.[1] ?? 'failed'
}
