import type { FdbEntry } from '../../model/snapshot.ts'
import { linkNamed, type Space } from '../world.ts'
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
