// API for others: `trace(request: TraceRequest): Promise<Trace>`; the result's type is in src/model/trace.ts.
import { TsnetError } from '../errors.ts'
import type { World } from '../flow/world.ts'
import type { Flow } from '../model/journey.ts'
import type { Trace, TraceStage } from '../model/trace.ts'
import type { OwnerOptions } from '../owners/identify.ts'

export interface TraceRequest {
  /** What is sent; made from the facts that the trace reads first where names must be resolved. */
  readonly flow: Flow | ((world: World) => Flow)
  /** How long to wait for an answer. Default 2,000. */
  readonly timeoutMs?: number
  /** Adds nothing to any rule set: what rules say is then not known. Default true. */
  readonly rules?: boolean
  /** Sends nothing: follows the first packet in the source namespace that this pcap-filter(7) lets through. */
  readonly passive?: string
  /** A DNS question for this name instead of a datagram. */
  readonly question?: string
  readonly engines?: OwnerOptions
  readonly signal?: AbortSignal
  readonly onProgress?: (stage: TraceStage) => void
}

/**
 * Sends one real packet and follows it through every namespace of this host.
 *
 * @throws TsnetError `privilege` with the capability, `usage`, `vanished` when the source went away, `failed` when the
 *   source port is in use
 */
export async function trace(_request: TraceRequest): Promise<Trace> {
  throw new TsnetError('unsupported', 'trace: not there yet')
}
