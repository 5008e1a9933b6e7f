import { contains, ip, toPrefix } from '../../flow/address.ts'
import { predictWithFixes } from '../../flow/fix/suggest.ts'
import { predict } from '../../flow/predict.ts'
import type { Space, World } from '../../flow/world.ts'
import type { Fix, Flow, Journey, Place } from '../../model/journey.ts'
import { failedLeg } from '../../model/journey-legs.ts'
import { groupBy } from '../../model/wiring.ts'
import type { Check, DoctorFacts, Draft, Evidence } from './check.ts'
import { some } from './draft.ts'
import { placeKeys, spaceKey } from './keys.ts'
import { type Probe, type ProbeKind, probesOf } from './probes.ts'
import { stepsOf } from './steps.ts'

/** A pair that should talk and cannot, and where the packet ends. */
export interface Failure {
  readonly probe: Probe
  readonly journey: Journey
  readonly leg: Journey
  /** `the packet`, `the answer`… */
  readonly legName: string
  readonly where: Place | undefined
}

export interface Predictions {
  readonly failures: readonly Failure[]
  readonly text: string
}

const predictions = new WeakMap<DoctorFacts, Predictions>()

/** What is predicted of the pairs that should talk; worked out once for all checks that ask. */
export function predictionsOf(facts: DoctorFacts): Predictions {
  const known = predictions.get(facts)
  if (known !== undefined) return known
  const made = predictAll(facts)
  predictions.set(facts, made)
  return made
}

function predictAll({ world, map }: DoctorFacts): Predictions {
  const { probes, left } = probesOf(map)
  const failures = probes
    .flatMap((probe) => failureOf(probe, predict(world, probe.flow)) ?? [])
    .filter((failure) => isMeant(world, failure))
  const sampled = left === 0 ? '' : `; ${left} more pairs with the same rules were left out`
  return { failures, text: `${probes.length} journeys predicted${sampled}` }
}

function failureOf(probe: Probe, journey: Journey): Failure | undefined {
  const failed = failedLeg(journey)
  if (failed === undefined) return undefined
  const { leg, name } = failed
  if (leg.verdict !== 'dropped' && leg.verdict !== 'rejected') return undefined
  const failure = { probe, journey, leg, legName: name, where: leg.where }
  return isOurs(failure) ? failure : undefined
}

/** What ends at a router upstream, or has no route to begin with, is nobody's mistake here. */
function isOurs({ probe, leg, where }: Failure): boolean {
  const { kind, source, host } = probe
  const isIn = (space: Space | undefined) =>
    space !== undefined && where?.namespace === space.namespace.inode && (where.host ?? 0) === space.host
  if (kind === 'outside') return isIn(source) || isIn(host)
  return kind !== 'routed' || where?.kind !== 'route' || leg.hops.length > 2 || !isIn(source)
}

/** Two subnets that no router joins in either direction are not meant to talk. */
function isMeant(world: World, { probe, leg, journey, where }: Failure): boolean {
  const { kind, source, target, flow } = probe
  if (kind !== 'routed' || leg !== journey || target === undefined) return true
  if (where?.kind !== 'route') return !isDeadEnd(world, where, flow.destination)
  const sender = journey.hops[0]?.packet.source ?? ''
  const back: Flow = {
    source: { ...flow.source, namespace: target.namespace.inode, name: target.name },
    destination: sender,
    protocol: 'icmp',
  }
  if (sender === '' || sender === flow.destination) return true
  const reverse = predict(
    world,
    target.host === source.host ? back : { ...back, source: { ...back.source, host: target.host } },
  )
  return reverse.verdict === 'delivered'
}

/** A namespace that does not forward, and would not know where to: no router, whoever has it as a gateway. */
function isDeadEnd(world: World, where: Place | undefined, destination: string): boolean {
  if (where?.kind !== 'sysctl' || !/forward/.test(where.sysctl ?? '')) return false
  const routes = world.space(where.host ?? 0, where.namespace)?.namespace.routes ?? []
  const target = ip(destination)
  return !routes.some(({ family, type, destination: to }) => {
    const prefix = family === target.family && type === 'unicast' ? toPrefix(to, family) : undefined
    return prefix !== undefined && contains(prefix, target)
  })
}

/** Failures that end at the same place; `apart` keeps a container's way to its own port for itself. */
export function groupFailures(failures: readonly Failure[], { apart = true } = {}): Failure[][] {
  const keyOf = ({ probe, where, leg }: Failure) => {
    const own = apart && probe.kind === 'hairpin' ? 'own' : ''
    const place = where?.kind === 'policy' ? `${where.table} ${where.chain}` : (where?.text ?? leg.reason)
    return `${own} ${where?.host} ${where?.namespace} ${place}`
  }
  return [...groupBy(failures, keyOf).values()]
}

/** What is known of failures that end at one place, without a severity or an id. */
export function failureDraft(
  facts: DoctorFacts,
  group: readonly Failure[],
): Pick<Draft, 'evidence' | 'about' | 'fix' | 'namespace' | 'host'> {
  const [first] = group as [Failure]
  const { where } = first
  const { fixes } = predictWithFixes(facts.world, first.probe.flow)
  const fix = fixOf(facts, fixes)
  const spaces = group.flatMap(({ probe }) => [probe.source, ...(probe.target === undefined ? [] : [probe.target])])
  const at = where === undefined ? undefined : facts.world.space(where.host ?? 0, where.namespace)
  return {
    ...(where === undefined
      ? {}
      : { namespace: where.namespace, ...(where.host === undefined ? {} : { host: where.host }) }),
    evidence: [
      {
        text: where === undefined ? first.leg.reason : `${where.text} in ${where.name}`,
        ...(where === undefined ? {} : { place: where }),
      },
      ...group.slice(0, 3).map(journeyEvidence),
    ],
    ...(fix === undefined ? {} : { fix }),
    about: [
      ...(where === undefined ? [] : placeKeys(where)),
      ...(at === undefined ? [] : [spaceKey(at)]),
      ...spaces.map(spaceKey),
    ],
  }
}

function journeyEvidence({ probe, legName, leg }: Failure): Evidence {
  return { text: `${probe.text} ${probe.flow.protocol}: ${legName} is ${leg.verdict}: ${leg.reason}` }
}

function fixOf({ world }: DoctorFacts, fixes: readonly Fix[]): Draft['fix'] {
  const [best] = fixes
  if (best === undefined) return undefined
  const steps = stepsOf(world, best.commands)
  const warning = best.warning === undefined ? {} : { warning: best.warning }
  return { steps, summary: best.summary, ...warning }
}

const IDS: Readonly<Record<ProbeKind, string>> = {
  neighbour: 'unreachable-neighbour',
  routed: 'unreachable-subnet',
  outside: 'unreachable-outside',
  dns: 'unreachable-dns',
  published: 'unreachable-published',
  hairpin: 'unreachable-own-port',
  vip: 'unreachable-vip',
}

function check(facts: DoctorFacts): Draft[] {
  const { failures } = predictionsOf(facts)
  return groupFailures(failures.filter(isUnexplained)).map((group) => {
    const [first] = group as [Failure]
    const { probe, leg, legName, where } = first
    const isChosen = where?.kind === 'rule'
    const pairs = some([...new Set(group.map((each) => each.probe.text))], 2)
    return {
      id: isChosen ? 'blocked-by-rule' : IDS[probe.kind],
      severity: isChosen ? 'info' : 'error',
      title: isChosen ? `a rule stops ${pairs}` : `${pairs}: ${legName} does not arrive`,
      subject: where === undefined ? probe.text : `${where.text} in ${where.name}`,
      ...failureDraft(facts, group),
      cause: isChosen
        ? `${leg.reason}. A rule that names what it stops was written on purpose, as far as anybody can tell from here.`
        : `${leg.reason}.`,
    }
  })
}

/** Not one of the places that have a check of their own. */
function isUnexplained({ where, probe }: Failure): boolean {
  if (where?.kind === 'policy') return false
  if (where?.sysctl?.endsWith('.rp_filter') === true) return false
  if (probe.kind === 'dns' || (probe.kind === 'hairpin' && where?.kind !== 'rule')) return false
  return !(probe.kind === 'published' && where?.kind === 'socket')
}

export const UNREACHABLE: Check = {
  id: 'unreachable',
  title: 'two that should talk cannot',
  needs: ['links', 'addrs', 'routes', 'rules', 'neigh', 'fdb', 'firewall', 'sockets', 'sysctl'],
  explanation: {
    symptom: 'Two containers of one network, a container and its resolver, or a container and the outside cannot talk.',
    why: 'The way of the packet is predicted from all tables that it meets. The finding says where it ends; when another finding names that object, this one is told below it.',
    see: ['tsnet-shoot path SOURCE DESTINATION --detailed', 'tsnet-shoot trace SOURCE DESTINATION'],
    fix: 'The smallest change after which the prediction delivers, if there is one.',
    intended: 'Rules that name what they stop are taken for intended and shown with --all alone.',
  },
  check,
}
