import type { FdbEntry, Link, Neighbour } from '../../model/snapshot.ts'
import { linkNamed, placeIn, type Space } from '../world.ts'
import { type Block, type Change, shellWord } from './change.ts'

/** FDB entries of a VXLAN device that point to the wrong host, or are missing. */
export function staleChanges(space: Space, { place }: Block): Change[] {
  const link = place.link === undefined ? undefined : linkNamed(space, place.link)
  if (link?.vxlan === undefined) return []
  const [, mac] = /((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/.exec(place.text) ?? []
  const right = /, not behind (\S+?):/.exec(place.text)?.[1]
  if (mac === undefined) return []
  const target = right ?? hostOf(space, mac)
  return target === undefined ? [] : [replaceEntry(space, { place, mac, target, link })]
}

function replaceEntry(
  { namespace }: Space,
  {
    place,
    mac,
    target,
    link,
  }: { place: Block['place']; mac: string; target: string; link: { index: number; name: string } },
): Change {
  const entry: FdbEntry = { link: link.index, mac, destination: target, states: ['permanent', 'self'] }
  const isOld = (each: FdbEntry) => each.link === link.index && each.mac === mac && each.destination !== undefined
  const isThere = namespace.fdb.some(isOld)
  return {
    place,
    edit: (before) => ({ ...before, fdb: [...before.fdb.filter((each) => !isOld(each)), entry] }),
    command: `bridge fdb replace ${mac} dev ${shellWord(link.name)} dst ${target} self permanent`,
    summary: `${isThere ? 'corrects' : 'adds'} where ${link.name} has ${mac}`,
  }
}

/** A VXLAN device that answers for others has no neighbour, or an old one, for an address whose owner is in the facts. */
export function proxiedChanges(space: Space, { place }: Block): Change[] {
  const link = place.link === undefined ? undefined : linkNamed(space, place.link)
  if (link?.vxlan?.proxy !== true) return []
  const old = /has no FDB entry for ([0-9a-f:]+)/.exec(place.text)?.[1]
  const address =
    /no neighbour entry for (\S+)/.exec(place.text)?.[1] ??
    space.namespace.neighbours.find((each) => each.link === link.index && each.mac === old)?.address
  const mac = address === undefined ? undefined : macOf(space, address)
  if (address === undefined || mac === undefined || mac === old) return []
  const entry: Neighbour = { link: link.index, address, mac, states: ['PERMANENT'] }
  const isOld = (each: Neighbour) => each.link === link.index && each.address === address
  return [
    {
      place,
      edit: (before) => ({ ...before, neighbours: [...before.neighbours.filter((each) => !isOld(each)), entry] }),
      also: forgetting(space, address, old),
      command: `ip neigh replace ${address} lladdr ${mac} dev ${shellWord(link.name)} nud permanent`,
      summary: `${old === undefined ? 'adds' : 'corrects'} which MAC ${address} has`,
    },
  ]
}

/** Who was told the old MAC finds out that nobody has it, and asks again. */
function forgetting({ world, host }: Space, address: string, old: string | undefined): NonNullable<Change['also']> {
  const isStale = (each: Neighbour) =>
    each.address === address && each.mac === old && !each.states.includes('PERMANENT')
  return world.spaces
    .filter((space) => space.host === host && old !== undefined && space.namespace.neighbours.some(isStale))
    .map(({ namespace }) => ({
      place: { namespace: namespace.inode, host },
      edit: (before) => ({ ...before, neighbours: before.neighbours.filter((each) => !isStale(each)) }),
    }))
}

function macOf({ world }: Space, address: string): string | undefined {
  for (const { namespace } of world.spaces) {
    const own = namespace.addresses.find((each) => each.address.startsWith(`${address}/`))
    const link = namespace.links.find(({ index }) => index === own?.link)
    if (link?.mac !== undefined) return link.mac
  }
  return undefined
}

/** Somebody's cable ends beside the bridge that the asker is on: it becomes a port of it. */
export function portlessChanges(space: Space, { place, hop }: Block): Change[] {
  const asking = place.link === undefined ? undefined : linkNamed(space, place.link)
  const near = asking && space.world.other(space, asking.peer)
  const { master, port } = near?.link ?? {}
  if (near === undefined || master === undefined || port === undefined || hop === undefined) return []
  const loose = endsBeside(near.space, hop.packet.destination)
  const bridge = near.space.namespace.links.find(({ index }) => index === master)
  if (loose === undefined || bridge === undefined) return []
  const changed: Link = { ...loose, master, port }
  return [
    {
      place: placeIn(near.space, 'link', ''),
      edit: (before) => ({
        ...before,
        links: before.links.map((each) => (each.index === loose.index ? changed : each)),
      }),
      command: `ip link set ${shellWord(loose.name)} master ${shellWord(bridge.name)}`,
      summary: `makes ${loose.name} a port of ${bridge.name}`,
    },
  ]
}

/** The near end of the cable of whoever has an address, when it is no port of anything. */
function endsBeside(near: Space, address: string): Link | undefined {
  return near.namespace.links.find((link) => {
    if (link.master !== undefined) return false
    const far = near.world.other(near, link.peer)
    return far?.space.namespace.addresses.some(
      (each) => each.link === far.link.index && each.address.startsWith(`${address}/`),
    )
  })
}

/** The VTEP address of the host that has a MAC behind a VXLAN device of the same network, if the facts have it. */
function hostOf(space: Space, mac: string): string | undefined {
  for (const other of space.world.spaces) {
    if (other.namespace.inode === space.namespace.inode && other.host === space.host) continue
    const device = other.namespace.links.find(({ vxlan }) => vxlan?.local !== undefined)
    const knows = other.namespace.fdb.some((entry) => entry.mac === mac && entry.destination === undefined)
    if (device?.vxlan?.local !== undefined && knows) return device.vxlan.local
  }
  return undefined
}
