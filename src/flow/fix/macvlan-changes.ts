import type { Link, Namespace } from '../../model/snapshot.ts'
import { linkNamed, placeIn, type Space } from '../world.ts'
import { type Block, type Change, shellWord } from './change.ts'

/**
 * A macvlan and its parent cannot reach each other, but two macvlans can: the host gets one of its own for the address that
 * is asked for.
 */
export function macvlanChanges(space: Space, { place, hop }: Block): Change[] {
  const link = place.link === undefined ? undefined : linkNamed(space, place.link)
  const parent = link?.macvlan === undefined ? undefined : space.world.other(space, link.parent)
  if (link === undefined || parent === undefined || hop === undefined) return []
  const address = parent.space.namespace.addresses.find(
    (each) => each.link === parent.link.index && each.address.startsWith(`${hop.packet.destination}/`),
  )
  if (address === undefined) return []
  const name = `mv-${parent.link.name}`.slice(0, NAME_LENGTH)
  const [from, to] = [shellWord(parent.link.name), shellWord(name)]
  return [
    {
      place: placeIn(parent.space, 'link', ''),
      edit: (before) => moved(before, { parent: parent.link, name, address: address.address }),
      command: [
        `ip link add link ${from} name ${to} type macvlan mode bridge`,
        `ip addr del ${address.address} dev ${from}`,
        `ip addr add ${address.address} dev ${to}`,
        `ip link set ${to} up`,
      ].join(' && '),
      summary: `moves ${address.address} from ${parent.link.name} to a macvlan beside ${link.name}`,
      warning: `macvlans are kept apart from their parent by design; routes of ${parent.space.name} by ${parent.link.name} have to be made anew on ${name}`,
    },
  ]
}

/** IFNAMSIZ without its end. */
const NAME_LENGTH = 15

function moved(
  before: Namespace,
  { parent, name, address }: { readonly parent: Link; readonly name: string; readonly address: string },
): Namespace {
  const index = Math.max(...before.links.map((link) => link.index)) + 1
  const own: Link = {
    ...parent,
    index,
    name,
    kind: 'macvlan',
    // nobody else's: locally administered
    mac: `02:00:5e:00:53:${(index & 255).toString(16).padStart(2, '0')}`,
    parent: { namespace: before.inode, index: parent.index },
    macvlan: { mode: 'bridge' },
  }
  const isMoved = (link: number | undefined, text: string | undefined) =>
    link === parent.index && text === address.split('/')[0]
  return {
    ...before,
    links: [...before.links, withoutPlace(own)],
    addresses: before.addresses.map((each) => (each.address === address ? { ...each, link: index } : each)),
    routes: before.routes.map((route) =>
      isMoved(route.link, route.source) || isMoved(route.link, route.destination.split('/')[0])
        ? { ...route, link: index }
        : route,
    ),
  }
}

/** It is no port of anything, and no cable. */
function withoutPlace(link: Link): Link {
  const { peer: _peer, master: _master, port: _port, vlan: _vlan, ...rest } = link
  return rest
}
