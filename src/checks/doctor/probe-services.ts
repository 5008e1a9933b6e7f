import { contains, ip } from '../../flow/address.ts'
import type { Space } from '../../flow/world.ts'
import type { IpvsDestination, IpvsService, Socket } from '../../model/snapshot.ts'
import type { Endpoint, HostMap } from './host-map.ts'
import type { Probe } from './probes.ts'
import { marksOf } from './service-marks.ts'

/** What a client of a service asks for: its virtual address and a port. */
interface Virtual {
  readonly balancer: Space
  readonly destinations: readonly IpvsDestination[]
  readonly address: string
  /** Undefined when the service takes all of them. */
  readonly port: number | undefined
  readonly protocol: string
}

/** From a container beside each balancer to each of its virtual addresses. */
export function serviceProbes(map: HostMap, from: (space: Space) => Probe['flow']['source']): Probe[] {
  return map.world.spaces.flatMap((balancer) =>
    virtualsOf(map, balancer).flatMap((virtual) => {
      const client = clientOf(map, virtual)
      const port = virtual.port ?? portOf(map, virtual)
      if (client === undefined || port === undefined) return []
      const { address, protocol } = virtual
      return [
        {
          kind: 'vip',
          source: client.space,
          target: balancer,
          flow: { source: from(client.space), destination: address, protocol, destinationPort: port },
          text: `${client.space.name} → virtual address ${address}:${port}`,
        },
      ]
    }),
  )
}

function virtualsOf(map: HostMap, balancer: Space): Virtual[] {
  const services = balancer.namespace.ipvs.filter(({ family }) => family === 4)
  return services.length === 0 ? [] : [...namedIn(balancer, services), ...markedIn(map, balancer, services)]
}

function namedIn(balancer: Space, services: readonly IpvsService[]): Virtual[] {
  return services.flatMap(({ address, port, protocol, destinations }) =>
    address === undefined || port === undefined || (protocol !== 'tcp' && protocol !== 'udp')
      ? []
      : [{ balancer, destinations, address, port: port === 0 ? undefined : port, protocol }],
  )
}

/** By the rules that mark, not by the services: a mark of which there is none is what is to be found. */
function markedIn(map: HostMap, balancer: Space, services: readonly IpvsService[]): Virtual[] {
  const marks = marksOf(balancer)
  const own = new Set(map.of(balancer).map(({ ip: { text } }) => text))
  // tasks are on the network of published ports to be asked from outside alone
  const published = new Set(marks.flatMap(({ mark, port }) => (port === undefined ? [] : [mark])))
  const addresses = [...new Map(marks.map((each) => [each.address, each])).values()]
  return addresses.flatMap(({ mark, address }) => {
    if (address === undefined || !own.has(address) || published.has(mark)) return []
    const exact = services.filter(({ fwmark }) => fwmark === mark)
    const destinations = (exact.length > 0 ? exact : services).flatMap((each) => each.destinations)
    return [{ balancer, destinations, address, port: undefined, protocol: 'tcp' }]
  })
}

/** On the network of the address, beside the balancer if there is one; rather none of the tasks themselves. */
function clientOf(map: HostMap, { balancer, destinations, address }: Virtual): Endpoint | undefined {
  const virtual = ip(address)
  const own = map.of(balancer).filter(({ subnet }) => subnet.length < 32 && contains(subnet, virtual))
  const isClient = (each: Endpoint) =>
    each.space !== balancer &&
    each.ip.family === 4 &&
    contains(each.subnet, virtual) &&
    each.link.kind !== 'bridge' &&
    each.space.namespace.ipvs.length === 0
  const near = map.networks.find(({ members }) => own.some((each) => members.includes(each)))?.members ?? []
  const clients = near.filter(isClient)
  const tasks = new Set(destinations.map((each) => each.address))
  return clients.find((each) => !tasks.has(each.ip.text)) ?? clients[0]
}

/** What a task listens on; any, where no task can be seen: the balancer takes all of them. */
function portOf(map: HostMap, { destinations }: Virtual): number | undefined {
  const tasks = destinations.flatMap(({ address, weight }) => (weight > 0 ? map.holders(address) : []))
  if (tasks.length === 0) return 80
  return tasks.flatMap(({ space, ip: { text } }) => space.namespace.sockets.filter((socket) => isOpen(socket, text)))[0]
    ?.localPort
}

function isOpen({ protocol, state, local, family }: Socket, address: string): boolean {
  const isReachable = local === address || local === '0.0.0.0' || (family === 6 && local === '::')
  return protocol === 'tcp' && state === 'LISTEN' && isReachable
}
