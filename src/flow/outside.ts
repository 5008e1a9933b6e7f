import type { Link } from '../model/snapshot.ts'
import { type Ip, ip, toIp } from './address.ts'
import type { Flow } from './journey.ts'
import { lookupRoute } from './routing/lookup.ts'
import { addressesOn } from './routing/source-address.ts'
import type { Run } from './run.ts'
import { isUp, linkNamed, linkOf, type Space } from './world.ts'

/** An address that is nobody's (RFC 5737, RFC 3849): somebody on the internet. */
const SOMEBODY: Readonly<Record<4 | 6, Ip>> = { 4: ip('203.0.113.1'), 6: ip('2001:db8::1') }

export interface Entry {
  readonly link: Link
  /** Who sends, when the flow does not say. */
  readonly source: Ip
}

/** The link by which a packet from outside comes in: the one that the way back to its source leaves by. */
export function outsideLink(run: Run, space: Space, flow: Flow): Entry | undefined {
  const given = flow.source.link === undefined ? undefined : linkNamed(space, flow.source.link)
  const destination = ip(flow.destination)
  const somebody = toIp(flow.source.address ?? '') ?? SOMEBODY[destination.family]
  const back = lookupRoute(run, space, {
    family: destination.family,
    destination: somebody,
    iif: 'lo',
    mark: 0,
    anyHop: true,
  })
  const routed = back.kind === 'route' ? linkOf(space, back.hop?.link) : undefined
  const link = given ?? routed ?? linkWith(space, destination) ?? firstOuter(space)
  if (link === undefined) return undefined
  const isReachable = routed === link || flow.source.address !== undefined
  return { link, source: isReachable ? somebody : (neighbourOn(space, link, destination.family) ?? somebody) }
}

function linkWith(space: Space, { text }: Ip): Link | undefined {
  const address = space.namespace.addresses.find((each) => each.address.startsWith(`${text}/`))
  const link = linkOf(space, address?.link)
  return link?.kind === 'loopback' ? undefined : link
}

function firstOuter(space: Space): Link | undefined {
  return space.world.outerLinks.find((each) => each.space === space && isUp(each.link))?.link
}

/** Somebody else in the subnet of a link: the last address before its broadcast that is not our own. */
function neighbourOn(space: Space, link: Link, family: 4 | 6): Ip | undefined {
  const [own] = addressesOn(space, link, family)
  const address = own && toIp(own.address)
  const last = address?.words.at(-1)
  if (address === undefined || last === undefined || family === 6) return undefined
  const bytes = [last >>> 24, (last >>> 16) & 255, (last >>> 8) & 255, last & 255]
  const other = (bytes[3] ?? 0) === 254 ? 253 : 254
  return ip([...bytes.slice(0, 3), other].join('.'))
}
