import type { Link } from '../../model/snapshot.ts'
import { addressesByLink } from '../../model/wiring.ts'
import { type Ip, isUnspecified, toIp } from '../address.ts'
import type { Question } from '../link/frame.ts'
import type { Medium } from '../link/medium.ts'
import { addressType, routeInput } from '../routing/input.ts'
import { isInSubnet } from '../routing/source-address.ts'
import type { Run } from '../run.ts'
import { eitherSysctl, greatestSysctl, linkSysctl, type Space, type SpaceLink } from '../world.ts'
import { enters } from './discovery.ts'

/** arp_process and ndisc_recv_ns: whether a namespace that hears who has an address says that it does. */
export function hearQuestion({ run }: Medium, at: SpaceLink, question: Question): void {
  if (at.link.flags.includes('NOARP')) return
  if (question.target.family === 6 ? answers6(run, at, question) : answers4(run, at, question))
    question.answers.push(at)
}

function answers6(run: Run, at: SpaceLink, { target, shown }: Question): boolean {
  const { space, link } = at
  const isOurs = hasAddress6(space, link, target) || isProxied(space, link, target)
  return isOurs && enters(run, at, shown)
}

function answers4(run: Run, { space, link }: SpaceLink, { asker, target }: Question): boolean {
  if (isUnspecified(asker) || !mayAnswer(space, link, target)) return false
  const route = routeInput(run, space, link, { family: 4, source: asker, destination: target, mark: 0, tos: 0 })
  switch (route.kind) {
    case 'local':
      return answersFor(space, link, target, asker)
    case 'forward':
      return (
        route.result.hop?.link !== link.index &&
        (eitherSysctl(space, link, 'proxy_arp') || isProxied(space, link, target))
      )
    case 'martian':
      if (space.namespace.addresses.some(({ address }) => address.startsWith(`${target.text}/`))) {
        run.lose({ space, link: link.name, reason: route.reason, place: route.place })
      }
      return false
    default:
      return false
  }
}

/** Most who hear a question have nothing to do with it: that is found out without a routing decision. */
function mayAnswer(space: Space, link: Link, target: Ip): boolean {
  return (
    addressType(space, target) === 'local' || eitherSysctl(space, link, 'proxy_arp') || isProxied(space, link, target)
  )
}

function answersFor(space: Space, link: Link, target: Ip, asker: Ip): boolean {
  const mode = greatestSysctl(space, link, 'arp_ignore')
  const own = (addressesByLink(space.namespace).get(link.index) ?? []).filter(({ address }) =>
    address.startsWith(`${target.text}/`),
  )
  switch (mode) {
    case 0:
      return true
    case 1:
      return own.length > 0
    case 2:
      return own.some((address) => isInSubnet(address, asker))
    case 3:
      return !space.namespace.addresses.some(
        ({ address, scope }) => scope === 'host' && address.startsWith(`${target.text}/`),
      )
    default:
      return mode !== 8
  }
}

function hasAddress6({ namespace }: Space, { index }: Link, { text }: Ip): boolean {
  return namespace.addresses.some(
    ({ link, address, flags }) =>
      link === index && toIp(address)?.text === text && !flags.includes('tentative') && !flags.includes('dadfailed'),
  )
}

/** `ip neigh add proxy ADDRESS dev LINK`. */
function isProxied(space: Space, link: Link, { text, family }: Ip): boolean {
  const allowed = family === 4 || linkSysctl(space, link, 'proxy_ndp', 6) === 1
  return (
    allowed &&
    space.namespace.neighbours.some(
      ({ link: index, address, proxy }) => proxy === true && index === link.index && address === text,
    )
  )
}
