// API for others: `trace(request: TraceRequest): Promise<Trace>`; the result's type is in src/model/trace.ts.
import { setTimeout as delay } from 'node:timers/promises'
import { TsnetError } from '../errors.ts'
import { predictWithFixes } from '../flow/fix/suggest.ts'
import { numberOf } from '../flow/predict.ts'
import type { World } from '../flow/world.ts'
import { requireCapabilities } from '../kernel/capabilities.ts'
import type { Flow, Journey } from '../model/journey.ts'
import type { Trace, TraceStage } from '../model/trace.ts'
import type { OwnerOptions } from '../owners/identify.ts'
import { prepareArpProbe } from './arp-probe.ts'
import { type DropListener, listenForDrops } from './drops.ts'
import { Listeners } from './listeners.ts'
import type { Outcome } from './observation.ts'
import { type Followed, protocolFilter, Watcher } from './passive.ts'
import { type Probe, prepareProbe } from './probe.ts'
import { probeFilter } from './probe-filter.ts'
import { senderOf } from './sender.ts'
import { asksInVain } from './sightings.ts'
import { summarise } from './summarise.ts'
import type { Conversation } from './trace-table.ts'
import { TracedHost } from './traced-host.ts'

export interface TraceRequest {
  /** What is sent; made from the facts that the trace reads first where names must be resolved. */
  readonly flow: Flow | ((world: World) => Flow)
  /** How long to wait for an answer. Default 2,000; 10,000 for traffic that is followed. */
  readonly timeoutMs?: number
  /** False adds nothing to any rule set or to the host's tracing: what rules say is then not known. Default true. */
  readonly rules?: boolean
  /** Sends nothing: follows the first packet in the source namespace that this pcap-filter(7) lets through. */
  readonly passive?: string
  /** A DNS question for this name instead of a datagram. */
  readonly question?: string
  readonly engines?: OwnerOptions
  readonly signal?: AbortSignal
  readonly onProgress?: (stage: TraceStage) => void
}

const TIMEOUT_MS = 2_000
const PASSIVE_TIMEOUT_MS = 10_000
/** Three questions for a neighbour, a second apart; only then the sender is told that there is none. */
const NEIGHBOUR_MS = 3_500
/** What follows the last word of the sender's socket, or of a rule that dropped the packet. */
const SETTLE_MS = { answered: 40, duplicates: 300, dropped: 150, followed: 300 } as const
const POLL_MS = 2
const NOT_ASKED = ['neither rules nor the kernel’s reasons for drops were asked (--no-rules)']

/**
 * Sends one real packet and follows it through every namespace of this host. All that it adds to the kernel is gone
 * when it returns or throws.
 *
 * @throws TsnetError `privilege` with the capability, `usage`, `vanished` when the source went away, `failed` when the
 *   source port is in use; the signal's reason when it is aborted
 */
export async function trace(request: TraceRequest): Promise<Trace> {
  requireCapabilities('trace', ['CAP_NET_RAW', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'])
  const { onProgress, signal } = request
  onProgress?.('reading')
  const host = await TracedHost.read(request.engines ?? {})
  try {
    signal?.throwIfAborted()
    const wanted = typeof request.flow === 'function' ? request.flow(host.world) : request.flow
    const { flow, note } = senderOf(host.world, wanted, request.passive !== undefined)
    const attempt = request.passive === undefined ? sendProbe : followTraffic
    return await attempt({ request, host, flow, notes: note === undefined ? [] : [note] })
  } finally {
    host.close()
  }
}

interface Attempt {
  readonly request: TraceRequest
  readonly host: TracedHost
  readonly flow: Flow
  readonly notes: readonly string[]
}

async function sendProbe({ request, host, flow, notes }: Attempt): Promise<Trace> {
  const { question, rules = true, onProgress, timeoutMs = TIMEOUT_MS } = request
  const patienceMs = request.timeoutMs ?? NEIGHBOUR_MS
  const isArp = flow.protocol === ARP
  const probe = isArp ? arpProbe(host, flow) : prepareProbe(host.sessionOf(flow.source), flow, { question })
  const listeners = new Listeners((inode) => host.nameOf(inode))
  let drops: DropListener | undefined
  try {
    const { sourcePort, identity } = probe
    const sent: Flow = sourcePort === undefined || sourcePort === 0 ? flow : { ...flow, sourcePort }
    const predicted: Journey | undefined = isArp ? undefined : predictWithFixes(host.world, sent)
    onProgress?.('listening')
    listeners.open(host.sessions, {
      filter: probeFilter(identity, host.filterOptions),
      traced: rules && !isArp ? identity : undefined,
    })
    host.readCounters()
    drops = rules ? listenForDrops(identity.family) : undefined
    onProgress?.('sending')
    const startedMs = performance.now()
    if (drops === undefined) probe.send()
    else drops.during(() => probe.send())
    onProgress?.('waiting')
    const outcome = await waitForAnswer(probe, listeners, {
      timeoutMs,
      patienceMs: isArp ? 0 : patienceMs,
      settleMs: isArp ? SETTLE_MS.duplicates : SETTLE_MS.answered,
      signal: request.signal,
    })
    listeners.review()
    const dropped = drops?.finish()
    drops?.close()
    onProgress?.('reading again')
    const probed = { kind: probe.kind, mark: probe.mark, sourcePort, waitedMs: performance.now() - startedMs }
    const heard = { listeners, identity, outcome, drops: dropped, probed }
    return await summarise({ host, flow: sent, predicted, ...heard, notes: [...notes, ...(drops?.notes ?? NOT_ASKED)] })
  } finally {
    probe.close()
    drops?.close()
    void listeners.close()
  }
}

/** Nothing predicts it: there is one link, and who is on it. */
const ARP = 'arp'

function arpProbe(host: TracedHost, flow: Flow): Probe {
  const session = host.sessionOf(flow.source)
  const namespace = host.namespaces.get(flow.source.namespace)
  if (namespace !== undefined) return prepareArpProbe(session, flow, namespace)
  throw new TsnetError('vanished', `trace: ${flow.source.name} is not there any more`)
}

interface Waiting {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

interface Patience extends Waiting {
  /** While somebody on the way asks for a neighbour. */
  readonly patienceMs: number
  /** After the first answer. */
  readonly settleMs: number
}

async function waitForAnswer(probe: Probe, listeners: Listeners, waiting: Patience): Promise<Outcome> {
  const startMs = performance.now()
  let outcome: Outcome | undefined
  let end = startMs + waiting.timeoutMs
  while (performance.now() < end || (outcome === undefined && isPatient(listeners, startMs + waiting.patienceMs))) {
    waiting.signal?.throwIfAborted()
    listeners.read()
    if (outcome === undefined) {
      outcome = probe.poll()
      if (outcome !== undefined) end = Math.min(end, performance.now() + waiting.settleMs)
      else if (isStopped(listeners)) end = Math.min(end, performance.now() + SETTLE_MS.dropped)
    }
    await delay(POLL_MS)
  }
  listeners.read()
  return outcome ?? { kind: 'silence' }
}

function isPatient({ frames }: Listeners, endMs: number): boolean {
  return performance.now() < endMs && asksInVain(frames)
}

/** A rule dropped a packet of ours: nobody will answer it. */
function isStopped({ events }: Listeners): boolean {
  return events.some(({ verdict, policy, type }) => (type === 'policy' ? policy : verdict) === 'drop')
}

async function followTraffic({ request, host, flow, notes }: Attempt): Promise<Trace> {
  const { passive = '', rules = true, timeoutMs = PASSIVE_TIMEOUT_MS, signal, onProgress } = request
  const family = flow.destination.includes(':') ? 6 : 4
  const watcher = new Watcher(host.sessionOf(flow.source), passive)
  const listeners = new Listeners((inode) => host.nameOf(inode))
  try {
    const predicted = predictWithFixes(host.world, flow)
    onProgress?.('listening')
    const filter = protocolFilter(family, numberOf(flow.protocol, family), host.filterOptions)
    const conversation = rules ? conversationOf(flow, predicted) : undefined
    listeners.open(host.sessions, { filter, traced: conversation })
    host.readCounters()
    onProgress?.('waiting')
    const { identity, packet } = await firstPacket(watcher, listeners, { timeoutMs, signal })
    listeners.review()
    onProgress?.('reading again')
    const ports = packet.tcp ?? packet.udp
    const probed = {
      kind: 'nothing',
      mark: `the first packet of: ${passive}`,
      sourcePort: ports?.sourcePort,
      waitedMs: 0,
    }
    const outcome: Outcome = { kind: 'followed' }
    return await summarise({
      host,
      flow,
      predicted,
      listeners,
      identity,
      outcome,
      probed,
      notes: rules ? notes : [...notes, ...NOT_ASKED],
    })
  } finally {
    void watcher.close()
    void listeners.close()
  }
}

/** What is traced by rules before anybody knows which packet it will be. */
function conversationOf(flow: Flow, predicted: Journey): Conversation {
  const family = flow.destination.includes(':') ? 6 : 4
  const source = flow.source.address ?? predicted.hops[0]?.packet.source
  const addresses = [flow.destination, ...(source === undefined ? [] : [source])].filter(
    (address) => address.includes(':') === (family === 6) && address !== '' && !UNSPECIFIED.has(address),
  )
  return { family, protocol: numberOf(flow.protocol, family), addresses: [...new Set(addresses)] }
}

const UNSPECIFIED: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

async function firstPacket(watcher: Watcher, listeners: Listeners, { timeoutMs, signal }: Waiting): Promise<Followed> {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline) {
    signal?.throwIfAborted()
    const found = watcher.poll()
    listeners.read()
    if (found !== undefined) {
      await delay(SETTLE_MS.followed)
      listeners.read()
      return found
    }
    // what came by before is of no use
    listeners.forget()
    await delay(POLL_MS)
  }
  throw new TsnetError('failed', `trace: no such packet within ${timeoutMs / 1_000} s`, {
    hint: 'Wait longer with --timeout, or send one: leave --passive out',
  })
}
