import type { Examination, Finding } from '../../model/finding.ts'
import type { HostSnapshot, Link, Namespace } from '../../model/snapshot.ts'
import type { Deltas } from '../deltas.ts'
import { shownAt } from '../views/places.ts'
import type { ViewId } from '../views/view.ts'

/** ● nothing to see, ▲ worth a look, ✖ something does not work. */
export interface Health {
  readonly mark: '●' | '▲' | '✖'
  /** Why, worst first. */
  readonly reasons: readonly string[]
}

export const HEALTHY: Health = { mark: '●', reasons: [] }

const RANK = { '●': 0, '▲': 1, '✖': 2 } as const

/** What is known about how things are. */
export interface HealthFacts {
  readonly deltas: Deltas
  /** What `doctor` found; without it, what the links and addresses alone say until it has. */
  readonly examination: Examination | undefined
}

/** The state of a namespace: what the examination found in it, and what is being lost just now. */
export function healthOf(namespace: Namespace, { deltas, examination }: HealthFacts): Health {
  const known = examination === undefined ? quickHealth(namespace) : findingsOf(examination, namespace)
  const found = [...known, lossHealth(namespace, deltas)].filter((health) => health.mark !== '●')
  if (found.length === 0) return HEALTHY
  found.sort((a, b) => RANK[b.mark] - RANK[a.mark])
  return { mark: found[0]?.mark ?? '●', reasons: found.flatMap((health) => health.reasons) }
}

function findingsOf(examination: Examination, { inode }: Namespace): Health[] {
  return examination.findings.filter(({ namespace }) => namespace === inode).map(findingHealth)
}

export function findingHealth({ severity, title }: Finding): Health {
  if (severity === 'info') return HEALTHY
  return { mark: severity === 'error' ? '✖' : '▲', reasons: [title] }
}

function quickHealth(namespace: Namespace): Health[] {
  return [
    ...namespace.links.map((link) => linkHealth(link, namespace)),
    ...addressFindings(namespace),
    conntrackHealth(namespace),
  ]
}

/** Row id → what was found about it, for the rows of one view: evidence marks the very entry. */
export function rowHealths(
  { findings }: Examination,
  snapshot: HostSnapshot,
  view: ViewId,
): ReadonlyMap<string, Health> {
  const healths = new Map<string, Health>()
  for (const finding of findings) {
    const health = findingHealth(finding)
    // the first piece of evidence is the one at fault; the rest is only around it
    const [place] = finding.places
    const namespace = place && snapshot.namespaces.find(({ inode }) => inode === place.namespace)
    const shown = place && namespace ? shownAt(snapshot, namespace, place) : undefined
    if (shown?.view !== view || shown.row === undefined || health.mark === '●') continue
    const known = healths.get(shown.row)
    if (known === undefined || RANK[known.mark] < RANK[health.mark]) healths.set(shown.row, health)
  }
  return healths
}

/** Kinds whose idle default devices (tunl0, sit0, gre0…) are down on every host that loaded the module. */
const WIRED = new Set(['veth', 'ether', 'bridge', 'vxlan', 'macvlan', 'ipvlan', 'vlan', 'bond', 'loopback'])

/** A link that is meant to work and does not. */
export function linkHealth(link: Link, namespace: Namespace): Health {
  if (!WIRED.has(link.kind)) return HEALTHY
  const up = link.flags.includes('UP')
  if (link.kind === 'loopback') {
    return up || namespace.pids.length === 0 ? HEALTHY : warn(`${link.name} is down: nothing in here reaches itself`)
  }
  const addressed = namespace.addresses.some((address) => address.link === link.index)
  if (!up) return addressed || link.master !== undefined ? warn(`${link.name} is administratively down`) : HEALTHY
  if (!isCarrierLost(link)) return HEALTHY
  // a bridge without a running port has no carrier by design (docker0 without containers)
  if (link.kind === 'bridge') return HEALTHY
  return link.kind === 'ether' && !addressed && link.master === undefined
    ? HEALTHY
    : fail(`${link.name} is up but has no carrier: ${carrierReason(link)}`)
}

function isCarrierLost(link: Link): boolean {
  return link.flags.includes('NO-CARRIER') || link.operstate === 'DOWN' || link.operstate === 'LOWERLAYERDOWN'
}

function carrierReason(link: Link): string {
  if (link.kind === 'veth') return 'its peer is down'
  return link.parent === undefined ? 'nothing answers at the other end' : 'the link below it is down'
}

function addressFindings(namespace: Namespace): readonly Health[] {
  return namespace.addresses
    .filter((address) => address.flags.includes('dadfailed'))
    .map((address) => fail(`${address.address} is used by somebody else too (duplicate address detection)`))
}

function conntrackHealth(namespace: Namespace): Health {
  const { count, max } = namespace.conntrack
  if (max === 0 || count < max * 0.9) return HEALTHY
  return count >= max
    ? fail(`conntrack is full (${count}): new connections are dropped`)
    : warn(`conntrack is nearly full (${count} of ${max})`)
}

function lossHealth(namespace: Namespace, deltas: Deltas): Health {
  const losses = deltas.namespaces.get(namespace.inode)?.losses ?? 0
  return losses === 0 ? HEALTHY : warn(`${losses} packets dropped or faulty since the last reading`)
}

function warn(reason: string): Health {
  return { mark: '▲', reasons: [reason] }
}

function fail(reason: string): Health {
  return { mark: '✖', reasons: [reason] }
}
