import type { Place as KernelPlace } from '../../model/journey.ts'
import type { HostSnapshot, Namespace } from '../../model/snapshot.ts'
import { tablePlace } from '../../report/place-row.ts'
import { sanitise } from '../../report/sanitise.ts'
import { chainKey, ruleKeys } from '../rule-keys.ts'
import type { Target, ViewId } from './view.ts'

/** Where a kernel object is shown: its view, and its row where that can be told. */
export interface ShownAt {
  readonly view: ViewId
  readonly row?: string
}

/** Enter goes to the kernel object; nothing for what no view shows. */
export function toPlace(snapshot: HostSnapshot, place: KernelPlace | undefined | null): Target | undefined {
  if (place === undefined || place === null) return undefined
  const namespace = snapshot.namespaces.find(({ inode }) => inode === place.namespace)
  if (namespace === undefined) return undefined
  const shown = shownAt(snapshot, namespace, place)
  if (shown === undefined) return undefined
  return {
    kind: 'place',
    place: { scope: namespace.inode, pane: 'view', ...shown, object: place },
    label: `to ${shownWords(place, shown.view)} in ${sanitise(place.name, { max: 40 })}`,
  }
}

const LONGEST = 60

/** What is about something missing leads to where it would be. */
function shownWords(place: KernelPlace, view: ViewId): string {
  return place.entry === undefined && WITH_ENTRY.has(place.kind) ? `the view ${view}` : placeWords(place)
}

/** Kinds of which every place that is about something there has an entry. */
const WITH_ENTRY: ReadonlySet<KernelPlace['kind']> = new Set(['socket', 'conntrack', 'ipvs', 'xfrm'])

export function placeWords({ kind, chain, position, sysctl, link, text }: KernelPlace): string {
  if (kind === 'policy' && chain !== undefined) return `the policy of ${sanitise(chain)}`
  if (chain !== undefined) return `rule ${position ?? ''} of ${sanitise(chain)}`.replace('  ', ' ')
  if (sysctl !== undefined) return sanitise(sysctl)
  if (kind === 'link' && link !== undefined) return `link ${sanitise(link)}`
  return `${kind} ${sanitise(text, { max: LONGEST })}`
}

/** A row that has not been read yet is found by its id as soon as it has. */
export function shownAt(snapshot: HostSnapshot, namespace: Namespace, place: KernelPlace): ShownAt | undefined {
  switch (place.kind) {
    case 'rule':
    case 'policy':
      return { view: 'firewall', row: ruleRow(namespace, place) }
    case 'snapshot':
      return { view: 'summary' }
    default:
      return tableAt(snapshot, namespace, place)
  }
}

function tableAt(snapshot: HostSnapshot, namespace: Namespace, place: KernelPlace): ShownAt | undefined {
  const found = tablePlace(snapshot, namespace, place)
  const kind = found?.kind
  // rules have a view of their own, for both kinds of them
  if (kind === undefined || kind === 'iptables' || kind === 'nft') return undefined
  return found?.key === undefined ? { view: kind } : { view: kind, row: found.key }
}

function ruleRow(namespace: Namespace, place: KernelPlace): string {
  const { backend = 'nft', family = 'ip', table = '', chain = '', position, handle, kind, text } = place
  const id = chainKey(namespace.inode, { backend, family, table, chain })
  if (kind === 'policy') return id
  const found = namespace.firewall.findIndex(
    (rule) =>
      rule.position === position &&
      rule.chain === chain &&
      rule.table === table &&
      rule.family === family &&
      rule.backend === backend,
  )
  if (found >= 0) return ruleKeys(namespace)[found] ?? id
  return handle === undefined ? `${id}/${text.replace(`-A ${chain} `, '')}` : `${id}/#${handle}`
}
