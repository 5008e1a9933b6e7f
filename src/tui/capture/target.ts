import type { HostSnapshot, Link, Namespace } from '../../model/snapshot.ts'
import { nameOf } from '../../model/wiring.ts'
import { sanitise } from '../../report/sanitise.ts'
import { namespacesOf, scopeName } from '../pane.ts'
import { ALL, type Scope } from '../place.ts'
import { selectedItem } from '../selection.ts'
import type { State } from '../state.ts'
import type { Item } from '../views/view.ts'
import { viewOf } from '../views/views.ts'
import type { CaptureTarget } from './capture.ts'

/** What c captures on: the link of the selected row, else its namespace, else what the left pane has chosen. */
export function selectedTarget(state: State): CaptureTarget | undefined {
  const item = selectedItem(state)
  const { namespaces } = state.host.snapshot
  const place = item === undefined ? undefined : placeOf(item)
  const inode = place?.namespace ?? item?.namespace
  const namespace = namespaces.find((each) => each.inode === inode)
  if (namespace === undefined) {
    // a row of a path, of a matrix or of the findings that names no place is not about what the left pane has chosen
    const isAboutScope = item === undefined || viewOf(state.place.view).heading === undefined
    return isAboutScope ? scopeTarget(state, item === undefined ? state.place.scope : scopeOf(state, item)) : undefined
  }
  const link = item === undefined ? undefined : linkOf(item, namespace)
  return namespaceTarget(namespace, link)
}

export function namespaceTarget(namespace: Namespace, link?: Link): CaptureTarget | undefined {
  // of what is only seen through a link there is nothing to enter
  if (namespace.inode < 0) return undefined
  const name = sanitise(nameOf(namespace), { max: 60 })
  return {
    namespaces: [namespace.inode],
    links: link === undefined ? [] : [link.name],
    title: link === undefined ? name : `${name}:${sanitise(link.name, { max: 40 })}`,
  }
}

/** A box of the drawing may be several namespaces. */
function scopeOf(state: State, { row }: Item): Scope {
  const { box } = row as { readonly box?: { readonly scope: Scope } }
  return box?.scope ?? state.place.scope
}

function scopeTarget(state: State, scope: Scope): CaptureTarget | undefined {
  if (scope === ALL) return { namespaces: 'all', links: [], title: 'all namespaces' }
  const inodes = namespacesOf({ ...state, place: { ...state.place, scope } }).flatMap(({ inode }) =>
    inode < 0 ? [] : [inode],
  )
  return inodes.length === 0 ? undefined : { namespaces: inodes, links: [], title: scopeName(state, scope) }
}

/** A row about a hop, or about evidence, names a kernel object or at least a link. */
interface AboutPlace {
  readonly namespace: number
  readonly link?: string
  /** Of a hop: what it is at. */
  readonly subject?: string
}

function placeOf({ row }: Item): AboutPlace | undefined {
  const { place, hop } = row as { readonly place?: AboutPlace; readonly hop?: AboutPlace }
  return place?.link === undefined ? (hop ?? place) : place
}

function linkOf(item: Item, { links }: Namespace): Link | undefined {
  const object = item.object as Link | { readonly link?: unknown }
  const same = links.find((each) => each === object || (isLink(object) && each.index === object.index))
  if (same !== undefined) return same
  // routes, addresses, neighbours and FDB entries have the number of their link
  if ('link' in object && typeof object.link === 'number') return links.find(({ index }) => index === object.link)
  const place = placeOf(item)
  return links.find(({ name }) => name === place?.link) ?? links.find(({ name }) => name === place?.subject)
}

function isLink(object: object): object is Link {
  return 'index' in object && 'operstate' in object
}

/** Namespaces whose connection tracking may translate what is captured. */
export function translatingNamespaces({ namespaces }: CaptureTarget, snapshot: HostSnapshot): readonly number[] {
  const inodes = namespaces === 'all' ? snapshot.namespaces.map(({ inode }) => inode) : namespaces
  return inodes.filter((inode) => inode >= 0).slice(0, MOST_NAMESPACES)
}

const MOST_NAMESPACES = 64
