import { isUp, type SpaceLink } from '../../flow/world.ts'
import type { FixStep } from '../../model/finding.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, linkEvidence, linkText, step } from './draft.ts'
import { addressesOf, type HostMap } from './host-map.ts'
import { linkKey, spaceKey } from './keys.ts'
import { defaultRoutes, expectedGateway } from './routes.ts'

/** Kinds whose idle default devices (tunl0, sit0, gre0…) are down on every host that loaded the module. */
const WIRED: ReadonlySet<string> = new Set(['veth', 'ether', 'bridge', 'vxlan', 'macvlan', 'ipvlan', 'vlan', 'bond'])

function check({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) =>
    space.namespace.links.flatMap((link) => {
      const place = { space, link }
      if (!WIRED.has(link.kind)) return []
      if (!isUp(link)) return isMeant(map, place) && !isToldByPeer(map, place) ? [downDraft(map, place)] : []
      return isDead(place) ? [deadDraft(place)] : []
    }),
  )
}

/** Down where somebody counts on it: it has addresses, is in a bridge, or the other end of its cable is in use. */
function isMeant(map: HostMap, place: SpaceLink): boolean {
  const { space, link } = place
  if (link.kind === 'bridge') return space.namespace.links.some(({ master }) => master === link.index)
  if (addressesOf(place).length > 0 || link.master !== undefined) return true
  const peer = map.peer(place)
  if (peer !== undefined && isUp(peer.link)) return addressesOf(peer).length > 0 || peer.link.master !== undefined
  return map.world.childrenOf(place).some((child) => isUp(child.link))
}

/** Of a cable that is down at both ends, one finding: that of the end with an address. */
function isToldByPeer(map: HostMap, place: SpaceLink): boolean {
  const peer = map.peer(place)
  if (peer === undefined || isUp(peer.link)) return false
  const weight = (each: SpaceLink) => (addressesOf(each).length > 0 ? 2 : 0) + (each.link.master === undefined ? 0 : 1)
  const [own, other] = [weight(place), weight(peer)]
  return own === other ? place.space.namespace.inode > peer.space.namespace.inode : own < other
}

function downDraft(map: HostMap, place: SpaceLink): Draft {
  const { space } = place
  const peer = map.peer(place)
  const downPeer = peer !== undefined && !isUp(peer.link) ? [peer] : []
  const children = map.world.childrenOf(place)
  return {
    severity: 'error',
    title: `${linkText(place)} is down`,
    ...at(space),
    subject: linkText(place),
    evidence: [
      linkEvidence(place, ': administratively down'),
      ...(peer === undefined ? [] : [linkEvidence(peer, ' is its other end')]),
    ],
    cause:
      'Somebody or something set the link down, so nothing passes it in either direction, and the kernel removed its routes.',
    fix: {
      steps: [...downPeer.map(upStep), upStep(place), ...lostRoutes(map, place)],
      summary: 'sets it up, and adds the default route that went with it',
    },
    about: [
      ...[place, ...(peer === undefined ? [] : [peer])].flatMap(keysOf),
      ...children.flatMap((child) => [linkKey(child), spaceKey(child.space)]),
    ],
  }
}

/** The link, and the whole namespace where it was its way to others. */
function keysOf(place: SpaceLink): string[] {
  return addressesOf(place).length > 0 ? [linkKey(place), spaceKey(place.space)] : [linkKey(place)]
}

function upStep({ space, link }: SpaceLink): FixStep {
  return step(space, ['ip', 'link', 'set', 'dev', link.name, 'up'], ['ip', 'link', 'set', 'dev', link.name, 'down'])
}

/** The default route of a container goes when its link does, and does not come back with it. */
function lostRoutes(map: HostMap, { space, link }: SpaceLink): FixStep[] {
  if (defaultRoutes(space).length > 0) return []
  const own = map.of(space).filter((each) => each.link === link)
  const gateway = own.flatMap((each) => expectedGateway(map, each) ?? [])[0]
  if (gateway === undefined) return []
  const words = ['default', 'via', gateway.ip.text, 'dev', link.name]
  return [step(space, ['ip', 'route', 'add', ...words], ['ip', 'route', 'del', ...words])]
}

/** Hardware that is in use and has no carrier; the end of a cable whose other end nobody sees. */
function isDead(place: SpaceLink): boolean {
  const { space, link } = place
  const isLost = link.flags.includes('NO-CARRIER') || link.operstate === 'LOWERLAYERDOWN'
  if (!isLost || (link.kind !== 'ether' && link.kind !== 'veth')) return false
  const other = space.world.other(space, link.peer)
  if (link.kind === 'veth' && other !== undefined) return false
  return addressesOf(place).length > 0 || (link.kind === 'veth' && link.master !== undefined)
}

function deadDraft(place: SpaceLink): Draft {
  const { space, link } = place
  const isVeth = link.kind === 'veth'
  return {
    severity: isVeth ? 'error' : 'warning',
    title: `${linkText(place)} is up and has no carrier`,
    ...at(space),
    subject: linkText(place),
    evidence: [linkEvidence(place)],
    cause: isVeth
      ? 'The other end of the cable is down, in a namespace that cannot be seen from here.'
      : 'Nothing answers at the other end of the cable.',
    about: [linkKey(place), spaceKey(space)],
  }
}

export const LINK_DOWN: Check = {
  id: 'link-down',
  title: 'a link in use is down, or its other end is',
  needs: ['links', 'addrs'],
  explains: ['*'],
  explanation: {
    symptom:
      'A container, or a whole network, answers nothing at all; `ip link` shows NO-CARRIER or LOWERLAYERDOWN at one end.',
    why: 'A veth carries only while both ends are up, a VLAN or macvlan only while its parent is, and a bridge port only while it is up itself. Setting a link down also removes every route through it; setting it up again brings back the connected one only.',
    see: ['ip -d link show dev LINK', 'ip route'],
    fix: 'Set the link up at the end that is down, then put back the routes that went with it.',
    intended:
      'Somebody takes a container off its network for maintenance. An interface without addresses that is in no bridge is not looked at.',
  },
  check,
}
