import type { Place, Verdict } from '../model/journey.ts'
import type { Namespace } from '../model/snapshot.ts'
import type { Evidence } from '../model/trace.ts'
import { linksOf, nameOf } from '../model/wiring.ts'
import { explainLoss, type Loss } from './explain-loss.ts'
import { icmpErrorText } from './icmp-errors.ts'
import type { Observation } from './observation.ts'
import type { Visit, Way } from './observed-way.ts'
import type { RulePass } from './rule-passes.ts'
import { samePlace } from './same-place.ts'
import type { Sighting } from './sightings.ts'

/** How a packet ended, and why. */
export interface End {
  readonly verdict: Verdict
  readonly reason: string
  readonly where?: Place | undefined
  readonly evidence: Evidence
}

export function endOfPacket(observation: Observation, way: Way): End {
  const { outcome, seen, flow } = observation
  const verdict = verdictOfRules(observation, way)
  if (verdict !== undefined) return verdict
  const reset = seen.sightings.find(({ role, packet }) => role === 'answer' && ((packet.tcp?.flags ?? 0) & RST) !== 0)
  if (reset !== undefined) return refusedBySocket(observation, way, reset)
  if (outcome.kind === 'connected' || outcome.kind === 'answered') {
    return { verdict: 'delivered', reason: `${arrivalName(observation, way)} gets it, and answers`, evidence: 'answer' }
  }
  const error = seen.sightings.find(({ role }) => role === 'error')
  if (error !== undefined) return refusedByError(observation, way, error)
  if (way.isLoop) return loop(observation, way)
  if (outcome.kind === 'refused' && seen.sightings.length === 0) return notSent(observation, outcome.errno)
  if (seen.sightings.some(({ role }) => role === 'answer')) {
    return { verdict: 'delivered', reason: `${arrivalName(observation, way)} gets it, and answers`, evidence: 'answer' }
  }
  const loss = explainLoss(observation, way)
  if (loss === undefined && hasArrived(observation, way) && flow.protocol === 'udp') {
    return {
      verdict: 'delivered',
      reason: `${arrivalName(observation, way)} has it; nothing came back`,
      evidence: 'seen',
    }
  }
  return lost(loss ?? lastSeen(observation, way), 'dropped')
}

const RST = 4

function lost(loss: Loss, verdict: Verdict): End {
  return { verdict, ...loss }
}

/** The last thing that the rules said, when it is that the packet ends there. */
function verdictOfRules({ predicted, seen, outcome }: Observation, { visits }: Way): End | undefined {
  const pass = visits.at(-1)?.passes.findLast(({ verdict }) => verdict === 'drop' || verdict === 'reject')
  if (pass === undefined || (visits.at(-1)?.outs.length ?? 0) > 0) return undefined
  const isTold =
    pass.verdict === 'reject' && (outcome.kind === 'refused' || seen.sightings.some(({ role }) => role !== 'packet'))
  const reason = samePlace(predicted?.where, pass.place) ? (predicted?.reason ?? pass.text) : reasonOf(pass)
  return { verdict: isTold ? 'rejected' : 'dropped', reason, where: pass.place, evidence: 'rules' }
}

/** Where a bridge's own frames are shown to iptables one must be told why a rule of the host has a say at all. */
function reasonOf({ text, stage, in: iif, out }: RulePass): string {
  const isBridged = stage === 'forward' && iif !== undefined && iif === out
  return isBridged ? `${text} (net.bridge.bridge-nf-call-iptables has frames of ${iif} pass iptables)` : text
}

function refusedBySocket(observation: Observation, way: Way, { packet, namespace }: Sighting): End {
  const { flow, predicted, namespaces, outcome } = observation
  const isTold = outcome.kind === 'refused' || reaches(observation, flow.source.namespace, 'answer')
  const verdict = isTold ? 'rejected' : 'dropped'
  const inode = way.visits.at(-1)?.namespace ?? namespace
  const found = namespaces.get(inode)
  const name = found === undefined ? `inode:${inode}` : nameOf(found)
  const text = `nobody listens at ${packet.ip?.source}:${packet.tcp?.sourcePort}/${flow.protocol}: ${name} answers with a reset`
  if (predicted?.where?.kind === 'socket' && predicted.where.namespace === inode) {
    return { verdict, reason: predicted.reason, where: predicted.where, evidence: 'answer' }
  }
  const where = { kind: 'socket', namespace: inode, name, text } as const
  return { verdict, reason: isTold ? text : `${text}, which does not get back`, where, evidence: 'answer' }
}

function refusedByError(observation: Observation, way: Way, error: Sighting): End {
  const { outcome, predicted, namespaces, flow } = observation
  const inode = error.namespace
  const found = namespaces.get(inode)
  const name = found === undefined ? `inode:${inode}` : nameOf(found)
  const said = icmpErrorText(error.packet)
  const isTold = outcome.kind === 'refused' || reaches(observation, flow.source.namespace, 'error')
  const verdict = isTold ? 'rejected' : 'dropped'
  const loss = explainLoss(observation, way)
  if (predicted?.where?.namespace === inode) {
    // the error says that it ends here; which object makes it so is the prediction's word, unless something else tells
    const isProved = loss !== undefined && loss.evidence !== 'predicted' && samePlace(loss.where, predicted.where)
    const reason = `${predicted.reason} (${name} answers: ${said})`
    return { verdict, reason, where: predicted.where, evidence: isProved ? loss.evidence : 'answer' }
  }
  const text = `${name} answers: ${said}${isTold ? '' : '; the error does not get back'}`
  const where = loss?.where ?? { kind: 'kernel', namespace: inode, name, text }
  return { verdict, reason: text, where, evidence: 'answer' }
}

function reaches({ seen }: Observation, inode: number, wanted: 'error' | 'answer'): boolean {
  return seen.sightings.some(
    ({ role, namespace, direction }) => role === wanted && namespace === inode && direction === 'in',
  )
}

function loop({ namespaces }: Observation, { visits }: Way): End {
  const last = visits.at(-1)
  const found = namespaces.get(last?.namespace ?? 0)
  const name = found === undefined ? '' : nameOf(found)
  const reason = `loop: the packet comes back to ${name} again and again`
  const where = { kind: 'route', namespace: last?.namespace ?? 0, name, text: reason } as const
  return { verdict: 'dropped', reason, where, evidence: 'seen' }
}

const ERRNO_TEXTS: Readonly<Record<string, string>> = {
  ENETUNREACH: 'no route',
  EHOSTUNREACH: 'no way to the host',
  EACCES: 'prohibited by a route',
  EINVAL: 'a blackhole route, or an address that cannot be sent to',
  EPERM: 'a rule of the sender’s own OUTPUT',
  EMSGSIZE: 'larger than the path takes',
  ENETDOWN: 'the link is down',
  ECONNREFUSED: 'refused',
}

function notSent({ flow, predicted }: Observation, errno: string): End {
  const { namespace, name } = flow.source
  const text = `the send call fails: ${errno} (${ERRNO_TEXTS[errno] ?? 'see errno(3)'})`
  if (predicted?.where?.namespace === namespace) {
    return { verdict: 'rejected', reason: `${text}: ${predicted.reason}`, where: predicted.where, evidence: 'answer' }
  }
  return { verdict: 'rejected', reason: text, where: { kind: 'kernel', namespace, name, text }, evidence: 'answer' }
}

function arrivalName({ flow, namespaces }: Observation, { visits }: Way): string {
  const found = namespaces.get(visits.at(-1)?.namespace ?? 0)
  return found === undefined ? flow.destination : nameOf(found)
}

/** In the namespace that has the address it is for by now. */
function hasArrived({ namespaces }: Observation, { visits }: Way): boolean {
  const last = visits.at(-1)
  const address = last?.ins.at(-1)?.packet.ip?.destination
  if (last === undefined || address === undefined || last.ins.at(-1)?.isForOther === true) return false
  if (last.outs.length > 0) return false
  const own = namespaces.get(last.namespace)?.addresses ?? []
  return own.some((each) => each.address.startsWith(`${address}/`))
}

function lastSeen({ namespaces, flow }: Observation, { visits }: Way): Loss {
  const visit = visits.at(-1)
  if (visit === undefined) {
    const { namespace, name } = flow.source
    const reason = `${name} did not send it on any link`
    return { reason, where: { kind: 'kernel', namespace, name, text: reason }, evidence: 'seen' }
  }
  const namespace = namespaces.get(visit.namespace)
  const name = namespace === undefined ? '' : nameOf(namespace)
  const { text, link } = lastText(visit, namespace)
  const reason = `last seen in ${name}, ${text}; nothing that was watched says why`
  return {
    reason,
    evidence: 'seen',
    where: { kind: 'kernel', namespace: visit.namespace, name, text: reason, ...(link === undefined ? {} : { link }) },
  }
}

function lastText({ ins, outs }: Visit, namespace: Namespace | undefined): { text: string; link?: string } {
  const last = outs.at(-1) ?? ins.at(-1)
  if (last === undefined || namespace === undefined) return { text: 'by its rules' }
  const link = linksOf(namespace).get(last.link)?.name ?? `if${last.link}`
  return { text: `${last.direction} by ${link}`, link }
}

export function endOfAnswer(observation: Observation, way: Way): End {
  const { outcome, flow } = observation
  if (outcome.kind === 'connected' || outcome.kind === 'answered') {
    return { verdict: 'delivered', reason: 'the answer reaches who waits for it', evidence: 'answer' }
  }
  const verdict = verdictOfRules(observation, way)
  if (verdict !== undefined) return verdict
  const last = way.visits.at(-1)
  if (outcome.kind === 'followed' && last?.namespace === flow.source.namespace && last.ins.length > 0) {
    return { verdict: 'delivered', reason: `the answer comes back to ${flow.source.name}`, evidence: 'seen' }
  }
  return lost(explainLoss(observation, way) ?? lastSeen(observation, way), 'dropped')
}

export function endOfAcknowledgement(observation: Observation, way: Way, arrived: number | undefined): End {
  const verdict = verdictOfRules(observation, way)
  if (verdict !== undefined) return verdict
  if (way.visits.at(-1)?.namespace === arrived) {
    return { verdict: 'delivered', reason: 'the connection is established', evidence: 'seen' }
  }
  return lost(explainLoss(observation, way) ?? lastSeen(observation, way), 'dropped')
}
