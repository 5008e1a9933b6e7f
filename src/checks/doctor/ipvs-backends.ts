import type { Space } from '../../flow/world.ts'
import type { IpvsDestination, IpvsService } from '../../model/snapshot.ts'
import type { Evidence } from './check.ts'
import type { HostMap } from './host-map.ts'
import { type Mark, marksOf, serviceText } from './service-marks.ts'

export type Backend = Pick<IpvsDestination, 'address' | 'port'>

/** Where a service without backends should send connections, and by what one knows. */
export interface Backends {
  readonly backends: readonly Backend[]
  readonly evidence: readonly Evidence[]
}

/** Its own that are alive, or those of another balancer of the network, or the one that is left; none where it is a guess. */
export function backendsOf(map: HostMap, space: Space, service: IpvsService): Backends {
  const own = service.destinations.filter(({ address }) => isAlive(map, space, address))
  if (own.length > 0) return { backends: own, evidence: [] }
  return backendsElsewhere(map, space, service) ?? { backends: taskOf(map, space, service), evidence: [] }
}

/** Each host of a network has a balancer, and all send to the same tasks; the marks are each host's own. */
function backendsElsewhere(map: HostMap, space: Space, service: IpvsService): Backends | undefined {
  for (const other of map.world.spaces) {
    if (other === space) continue
    for (const theirs of other.namespace.ipvs.filter((each) => isSame([space, service], [other, each]))) {
      const backends = theirs.destinations.filter(({ address, weight }) => weight > 0 && isAlive(map, space, address))
      const text = `${serviceText(theirs)} of ${other.name} sends to ${backends.map(({ address }) => address).join(', ')}`
      if (backends.length > 0) return { backends, evidence: [{ text }] }
    }
  }
  return undefined
}

type Placed = readonly [Space, IpvsService]

function isSame([space, own]: Placed, [other, theirs]: Placed): boolean {
  if (own.fwmark === undefined || theirs.fwmark === undefined) {
    return own.protocol === theirs.protocol && own.address === theirs.address && own.port === theirs.port
  }
  const marks = marksOf(other).filter(({ mark }) => mark === theirs.fwmark)
  return marksOf(space).some((mark) => mark.mark === own.fwmark && marks.some((each) => isForSame(mark, each)))
}

/** A virtual address, or the port of the routing mesh. */
function isForSame(a: Mark, b: Mark): boolean {
  if (a.address !== undefined) return a.address === b.address
  return b.address === undefined && a.port === b.port && a.protocol === b.protocol
}

/** A container beside the balancer that has the virtual address's service for itself, when there is only one. */
function taskOf(map: HostMap, space: Space, service: IpvsService): readonly Backend[] {
  const taken = new Set(space.namespace.ipvs.flatMap(({ destinations }) => destinations.map(({ address }) => address)))
  const near = map.of(space).flatMap(({ segment }) => map.onSegment(segment))
  const free = near.filter(
    ({ space: other, ip, subnet, link }) =>
      other !== space &&
      ip.family === 4 &&
      subnet.length < 32 &&
      link.kind !== 'bridge' &&
      !taken.has(ip.text) &&
      hasListener(other),
  )
  return free.length === 1 ? free.map(({ ip }) => ({ address: ip.text, port: service.port ?? 0 })) : []
}

function hasListener({ namespace }: Space): boolean {
  return namespace.sockets.some(
    ({ state, local, protocol }) => protocol === 'tcp' && state === 'LISTEN' && !local.startsWith('127.'),
  )
}

/** Somebody in the facts has the address, or the overlay knows it on another host. */
export function isAlive(map: HostMap, space: Space, address: string): boolean {
  if (
    map
      .holders(address)
      .some(({ space: holder }) => holder !== space || map.of(space).some(({ ip }) => ip.text === address))
  )
    return true
  return map.world.spaces.some(({ namespace }) =>
    namespace.neighbours.some((entry) => entry.address === address && entry.states.includes('PERMANENT')),
  )
}
