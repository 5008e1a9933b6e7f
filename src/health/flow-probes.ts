import type { Check } from '../checks/file/check.ts'
import type { Row } from '../checks/file/judge.ts'
import { parseQuantity } from '../checks/file/matcher.ts'
import type { CheckFacts } from '../checks/rows/facts.ts'
import { flowOfTarget, journeyRow, worldOf } from '../checks/rows/path-row.ts'
import { resolveDestination, selectSpace } from '../flow/names.ts'
import type { IperfMode } from '../measure/iperf/iperf3-arguments.ts'
import { runIperf } from '../measure/iperf/run-iperf.ts'
import { openNamespace } from '../measure/measured-namespace.ts'
import { trace } from '../trace/trace.ts'
import { failedRow, type ProbeOptions } from './probe-row.ts'

/** What is tried between two places of the facts. */
export interface FlowProbe {
  readonly check: Check
  readonly facts: CheckFacts
  /** Selectors of this host. */
  readonly from: string
  readonly select: (selector: string) => string
}

/** Sends a real packet and follows it. Rules are not asked: that would change them. */
export async function traceProbe({ check, from }: FlowProbe, options: ProbeOptions): Promise<Row> {
  const { timeoutMs, signal } = options
  const traced = await trace({
    flow: (world) => flowOfTarget(check.target, world, from),
    timeoutMs,
    rules: false,
    signal,
  })
  return journeyRow(traced)
}

const DEFAULT_DURATION_MS = 2000

/** How much longer than another check this one takes by itself. */
export function ownTimeMs({ resource, target }: Pick<Check, 'resource' | 'target'>): number {
  // what the trace reads before, and waits for neighbours
  if (resource === 'trace') return 5000
  return resource === 'iperf' ? durationMsOf(target) + 2000 : 0
}

function durationMsOf(target: Check['target']): number {
  return parseQuantity(String(target['duration'] ?? '')) ?? DEFAULT_DURATION_MS
}

export async function iperfProbe({ check, facts, from, select }: FlowProbe, options: ProbeOptions): Promise<Row> {
  const { target } = check
  const world = worldOf(facts)
  const to = select(String(target['to']))
  const [client, server] = [selectSpace(world, from), selectSpace(world, to)]
  const { address } = resolveDestination(world, client, to)
  const ends = [client, server].map(({ name, namespace }) => openNamespace({ inode: namespace.inode, name }))
  try {
    const [near, far] = ends as [(typeof ends)[0], (typeof ends)[0]]
    const run = { from: near, to: far, address: address.text, signal: options.signal }
    const measured = await runIperf({ ...modeOf(target), ...run })
    if (!measured.ok) return failedRow(measured)
    if (!measured.isComplete) return { result: 'timeout', detail: 'it was ended before it had measured' }
    const { forward } = measured.summary
    return {
      result: 'measured',
      rate: forward?.bitsPerSecond,
      loss: forward?.lostPercent,
      jitter: forward?.jitterMilliseconds,
      retransmits: forward?.retransmits,
    }
  } finally {
    for (const end of ends) end.close()
  }
}

function modeOf(target: Check['target']): IperfMode {
  const { protocol, bandwidth, reverse } = target
  const rate = bandwidth === undefined ? undefined : parseQuantity(String(bandwidth))
  return {
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    durationS: Math.max(1, Math.round(durationMsOf(target) / 1000)),
    reverse: reverse === true,
    ...(rate === undefined ? {} : { rateBitsPerSecond: rate }),
  }
}
