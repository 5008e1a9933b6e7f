import type { Space, SpaceLink } from '../../flow/world.ts'
import type { VxlanInfo } from '../../model/snapshot.ts'
import type { Endpoint, HostMap } from './host-map.ts'

/** A VXLAN device of one host, with what is known of it. */
export interface Vtep extends SpaceLink {
  readonly vxlan: VxlanInfo
  /** The namespace whose routes carry the outer packets. */
  readonly underlay: Space
  /** Addresses by which other hosts may know it. */
  readonly addresses: readonly string[]
  /** Endpoints behind it on its own host: those of its bridge. */
  readonly local: readonly Endpoint[]
  /** Same for devices of one network. */
  readonly network: string
}

const known = new WeakMap<HostMap, readonly Vtep[]>()

/** All VXLAN devices of all hosts that are not set up by multicast or by another program. */
export function vtepsOf(map: HostMap): readonly Vtep[] {
  const made = known.get(map) ?? map.world.spaces.flatMap((space) => vtepsIn(map, space))
  known.set(map, made)
  return made
}

function vtepsIn(map: HostMap, space: Space): Vtep[] {
  return space.namespace.links.flatMap((link) => {
    const { vxlan } = link
    if (vxlan === undefined || vxlan.external === true) return []
    const underlay = vxlan.underlay === undefined ? space : (map.world.space(space.host, vxlan.underlay) ?? space)
    const addresses = vxlan.local === undefined ? map.of(underlay).map(({ ip }) => ip.text) : [vxlan.local]
    const bridge = map.networks.find((each) => each.space === space && each.link.index === link.master)
    const network = `${vxlan.vni} ${vxlan.port}`
    return [{ space, link, vxlan, underlay, addresses, local: bridge?.members ?? [], network }]
  })
}

/** The other devices of the same network, in other namespaces. */
export function remotesOf(map: HostMap, vtep: Vtep): readonly Vtep[] {
  return vtepsOf(map).filter((each) => each.network === vtep.network && each.underlay !== vtep.underlay)
}

/** The address that the entries of others have for a device; the first of its underlay when nobody knows it. */
export function addressOfVtep(map: HostMap, vtep: Vtep): string | undefined {
  const used = remotesOf(map, vtep)
    .flatMap(({ space, link }) => space.namespace.fdb.filter((entry) => entry.link === link.index))
    .map(({ destination }) => destination)
  return vtep.addresses.find((each) => used.includes(each)) ?? commonAddress(map, vtep) ?? vtep.addresses[0]
}

/** On the segment that it shares with another one. */
function commonAddress(map: HostMap, vtep: Vtep): string | undefined {
  const others = remotesOf(map, vtep).flatMap(({ underlay }) => map.of(underlay).map(({ segment }) => segment))
  return map.of(vtep.underlay).find(({ segment, ip }) => others.includes(segment) && ip.family === 4)?.ip.text
}
