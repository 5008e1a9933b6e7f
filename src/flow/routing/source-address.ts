import type { Address, Link } from '../../model/snapshot.ts'
import { addressesByLink } from '../../model/wiring.ts'
import { commonBits, contains, type Ip, ip, isLinkLocal6, toIp, toPrefix } from '../address.ts'
import { linkSysctl, type Space } from '../world.ts'

/** linux/rtnetlink.h, enum rt_scope_t: the greater, the nearer. */
const SCOPE: Readonly<Record<string, number>> = {
  global: 0,
  universe: 0,
  site: 200,
  link: 253,
  host: 254,
  nowhere: 255,
}

export function scopeNumber(scope: string): number {
  return SCOPE[scope] ?? Number(scope)
}

/**
 * The address that a packet leaving by `link` gets as its source when neither the sender nor the route says one:
 * inet_select_addr of IPv4, RFC 6724 as far as the facts go for IPv6.
 */
export function selectSource(
  space: Space,
  link: Link,
  {
    destination,
    gateway,
    scope,
  }: { readonly destination: Ip; readonly gateway?: Ip | undefined; readonly scope: string },
): Ip | undefined {
  if (destination.family === 6) return selectSource6(space, link, destination)
  const limit = scopeNumber(scope)
  const onLink = addressesOn(space, link, 4).filter((address) => isWideEnough(space, link, address, limit))
  const same = gateway === undefined ? undefined : onLink.find((address) => isInSubnet(address, gateway))
  const found = same ?? onLink[0] ?? anyAddress(space, limit)
  return found && ip(found.address)
}

/** Primary addresses, in the kernel's order. */
export function addressesOn(space: Space, { index }: Link, family: 4 | 6): Address[] {
  const all = addressesByLink(space.namespace).get(index) ?? []
  return all.filter(({ address, flags }) => address.includes(':') === (family === 6) && !flags.includes('secondary'))
}

export function isInSubnet({ address, peer }: Address, other: Ip): boolean {
  const prefix = toPrefix(peer ?? address)
  return prefix !== undefined && contains(prefix, other)
}

function isWideEnough(space: Space, link: Link, { scope }: Address, limit: number): boolean {
  const localnet = linkSysctl(space, link, 'route_localnet') === 1 ? scopeNumber('link') : scopeNumber('host')
  return Math.min(scopeNumber(scope), localnet) <= limit
}

/** An address of any other link, as long as it is not only of use on that one. */
function anyAddress({ namespace }: Space, limit: number): Address | undefined {
  return namespace.addresses.find(
    ({ address, scope }) => !address.includes(':') && scope !== 'link' && scopeNumber(scope) <= limit,
  )
}

function selectSource6(space: Space, link: Link, destination: Ip): Ip | undefined {
  const usable = ({ address, flags }: Address) =>
    address.includes(':') && !flags.includes('tentative') && !flags.includes('dadfailed')
  const onLink = addressesOn(space, link, 6).filter(usable)
  const candidates = isLinkLocal6(destination) ? onLink : space.namespace.addresses.filter(usable)
  const rank = (each: Address): readonly number[] => {
    const address = ip(each.address)
    return [
      address.text === destination.text ? 1 : 0,
      isLinkLocal6(address) === isLinkLocal6(destination) ? 1 : 0,
      each.scope === 'host' ? 0 : 1,
      each.flags.includes('deprecated') ? 0 : 1,
      each.link === link.index ? 1 : 0,
      commonBits(address, destination),
    ]
  }
  const best = candidates.toSorted((a, b) => compareRanks(rank(b), rank(a)))[0]
  return best && toIp(best.address)
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
