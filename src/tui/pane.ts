import type { HostSnapshot, Namespace } from '../model/snapshot.ts'
import { nameOf } from '../model/wiring.ts'
import { sanitise } from '../report/sanitise.ts'
import type { Order } from './cursor.ts'
import { healthOf } from './doctor/health.ts'
import { parseFilter } from './filter.ts'
import { type Group, groupNamespaces } from './groups.ts'
import { rememberLast } from './memo.ts'
import { ALL, type Scope } from './place.ts'
import type { State } from './state.ts'

/** One line of the left pane. Its id is the scope that selecting it shows. */
export type PaneItem =
  | { readonly kind: 'all'; readonly scope: Scope; readonly count: number }
  | { readonly kind: 'group'; readonly scope: Scope; readonly group: Group; readonly open: boolean }
  | { readonly kind: 'namespace'; readonly scope: Scope; readonly namespace: Namespace; readonly depth: number }

export interface Pane extends Order {
  readonly items: readonly PaneItem[]
}

const groupsOf = rememberLast((snapshot: HostSnapshot) => [snapshot], groupNamespaces)

export const paneOf = rememberLast(
  ({ host, folded, filters, faultsOnly, doctor, deltas }: State) => [
    faultsOnly && doctor.asked.answer,
    faultsOnly && deltas,
    host.snapshot.namespaces,
    host.snapshot.containers,
    folded,
    filters.get('namespaces'),
  ],
  ({ host, folded, filters, faultsOnly, doctor, deltas }: State): Pane => {
    const filter = parseFilter(filters.get('namespaces') ?? '')
    const matches = (namespace: Namespace): boolean =>
      (filter === undefined || 'error' in filter || filter.matches(searchText(namespace))) &&
      (!faultsOnly || healthOf(namespace, { deltas, examination: doctor.asked.answer }).mark !== '●')
    const items: PaneItem[] = [{ kind: 'all', scope: ALL, count: host.snapshot.namespaces.length }]
    for (const group of groupsOf(host.snapshot)) {
      const shown = group.namespaces.filter(matches)
      if (shown.length > 0) items.push(...groupItems({ ...group, namespaces: shown }, folded))
    }
    const positions = new Map(items.map((item, position) => [String(item.scope), position]))
    return {
      items,
      length: items.length,
      idAt: (position) => (items[position] === undefined ? undefined : String(items[position].scope)),
      positionOf: (id) => positions.get(id),
    }
  },
)

/** The host needs no heading: it is alone under it. */
function groupItems(group: Group, folded: ReadonlySet<string>): readonly PaneItem[] {
  const [first] = group.namespaces
  if (group.namespaces.length === 1 && first?.owner.kind === 'host') {
    return [{ kind: 'namespace', scope: first.inode, namespace: first, depth: 0 }]
  }
  const open = !folded.has(group.id)
  const heading: PaneItem = { kind: 'group', scope: group.id, group, open }
  if (!open) return [heading]
  return [
    heading,
    ...group.namespaces.map(
      (namespace): PaneItem => ({ kind: 'namespace', scope: namespace.inode, namespace, depth: 1 }),
    ),
  ]
}

function searchText({ owner, names }: Namespace): string {
  return [owner.name, owner.kind, owner.driver ?? '', ...names].join(' ')
}

/** The namespaces of a scope; none when it is gone. */
export const namespacesOf = rememberLast(
  ({ host, place }: State) => [host.snapshot.namespaces, host.snapshot.containers, place.scope],
  ({ host: { snapshot }, place: { scope } }: State): readonly Namespace[] => {
    if (scope === ALL) return snapshot.namespaces
    if (typeof scope === 'number') return snapshot.namespaces.filter(({ inode }) => inode === scope)
    return groupsOf(snapshot).find(({ id }) => id === scope)?.namespaces ?? []
  },
)

/** How a scope is called on the screen. */
export function scopeName(state: State, scope: Scope): string {
  if (scope === ALL) return 'all namespaces'
  const { snapshot } = state.host
  if (typeof scope === 'string') return sanitise(groupsOf(snapshot).find(({ id }) => id === scope)?.title ?? 'gone')
  return namespaceName(snapshot, scope)
}

export function namespaceName(snapshot: HostSnapshot, inode: number): string {
  const namespace = snapshot.namespaces.find((each) => each.inode === inode)
  return namespace === undefined ? `inode ${inode} (gone)` : sanitise(nameOf(namespace), { max: 80 })
}
