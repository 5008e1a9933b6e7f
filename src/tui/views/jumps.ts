import type { LinkPlace, Wiring } from '../../model/wiring.ts'
import type { Row } from '../../report/columns.ts'
import { sanitise } from '../../report/sanitise.ts'
import { placeName } from '../../report/tables/who.ts'
import { linkKey } from '../deltas.ts'
import type { Target } from './view.ts'

/** `web:eth0`, fit for a screen. */
export function shownPlace(place: LinkPlace): string {
  return sanitise(placeName(place))
}

/** Row id of a link in the view `links`, and wherever else a row is one link. */
export function linkId({ namespace, link }: LinkPlace): string {
  return linkKey(namespace.inode, link.index)
}

/** Enter goes to a link in its own namespace. */
export function toLink(place: LinkPlace, why: string): Target {
  return {
    kind: 'place',
    place: { scope: place.namespace.inode, view: 'links', pane: 'view', row: linkId(place) },
    label: `to ${shownPlace(place)} (${why})`,
  }
}

/** Who answers for a MAC, best first; when several do, the label says so. */
export function toMac(wiring: Wiring, mac: string | undefined): Target | undefined {
  const places = mac === undefined ? [] : wiring.whoHasMac(mac)
  const [first] = places
  return first === undefined
    ? undefined
    : toLink(first, places.length > 1 ? `has ${mac}, as ${places.length - 1} more` : `has ${mac}`)
}

export function toAddress(wiring: Wiring, address: string | undefined): Target | undefined {
  const places = address === undefined ? [] : wiring.whoHasAddress(address)
  const [first] = places
  return first === undefined
    ? undefined
    : toLink(first, places.length > 1 ? `has ${address}, as ${places.length - 1} more` : `has ${address}`)
}

/** A link of the row's own namespace. */
export function toOwnLink(
  { namespace, wiring }: Pick<Row, 'namespace' | 'wiring'>,
  index: number | undefined,
): Target | undefined {
  const link = wiring.link(namespace.inode, index)
  return link === undefined ? undefined : toLink({ namespace, link }, 'its link')
}
