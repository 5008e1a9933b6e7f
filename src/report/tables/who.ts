import type { FdbEntry, Link } from '../../model/snapshot.ts'
import { type LinkPlace, nameOf } from '../../model/wiring.ts'
import type { Row } from '../columns.ts'

/** `web:eth0`. */
export function placeName({ namespace, link }: LinkPlace): string {
  return `${nameOf(namespace)}:${link.name}`
}

/** More owners of one MAC or address than anybody reads. */
const LISTED = 3

function listed(places: readonly LinkPlace[]): string {
  const names = [...new Set(places.map(placeName))]
  const more = names.length - LISTED
  return names.slice(0, LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** Whose address it is; nothing when nobody here has it. `here` is preferred, for subnets may be used twice. */
export function whoHasAddress({ namespace, wiring }: Pick<Row, 'namespace' | 'wiring'>, address: string): string {
  const places = wiring.whoHasAddress(address)
  const own = places.filter((place) => place.namespace === namespace)
  return listed(own.length > 0 ? own : places)
}

/** Whose MAC it is, as seen from a link: what is at the other end of it comes before a namesake elsewhere. */
export function whoHasMac(row: Pick<Row, 'namespace' | 'wiring'>, mac: string, via: Link | undefined): string {
  if (isGroupMac(mac)) return 'group'
  const places = row.wiring.whoHasMac(mac)
  if (via === undefined || places.length < 2) return listed(places)
  const behind = row.wiring.peerOf(via)
  const near = places.filter((place) => behind !== undefined && place.namespace === behind.namespace)
  return listed(near.length > 0 ? near : places)
}

/** Who a frame for this entry goes to. */
export function whoIsBehind(row: Pick<Row, 'namespace' | 'wiring'>, entry: FdbEntry): string {
  const link = row.wiring.link(row.namespace.inode, entry.link)
  if (link?.mac === entry.mac) return 'itself'
  if (entry.destination === undefined) return whoHasMac(row, entry.mac, link)
  const known = whoHasMac(row, entry.mac, link)
  return known === '' ? `VTEP ${entry.destination}` : known
}

function isGroupMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1
}
