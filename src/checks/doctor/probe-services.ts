import { contains, ip } from '../../flow/address.ts'
import type { Space } from '../../flow/world.ts'
import type { IpvsService, Socket } from '../../model/snapshot.ts'
import type { Endpoint, HostMap } from './host-map.ts'
import type { Probe } from './probes.ts'
import { marksOf } from './service-marks.ts'

/** What a client of a service asks for: its virtual address and a port. */
interface Virtual {
  readonly balancer: Space
  readonly service: IpvsService
  readonly address: string
  /** Undefined when the service takes all of them. */
  readonly port: number | undefined
  readonly protocol: string
}

/** From a container beside each balancer to each of its virtual addresses. */
export function serviceProbes(map: HostMap, from: (space: Space) => Probe['flow']['source']): Probe[] {
  return map.world.spaces.flatMap((balancer) =>
    virtualsOf(balancer).flatMap((virtual) => {
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

function virtualsOf(balancer: Space): Virtual[] {
  const marks = marksOf(balancer)
  return balancer.namespace.ipvs.flatMap((service): Virtual[] => {
    const { fwmark, address, port, protocol, family } = service
    if (family !== 4) return []
    if (fwmark === undefined) {
      const isKnown = address !== undefined && port !== undefined && (protocol === 'tcp' || protocol === 'udp')
      return isKnown ? [{ balancer, service, address, port: port === 0 ? undefined : port, protocol }] : []
    }
    // tasks are on the network of published ports to be asked from outside alone
    if (marks.some(({ mark, port: published }) => mark === fwmark && published !== undefined)) return []
    const addresses = marks.flatMap((mark) => (mark.mark === fwmark ? (mark.address ?? []) : []))
    return addresses.map((each) => ({ balancer, service, address: each, port: undefined, protocol: 'tcp' }))
  })
}

/** On the network of the address, beside the balancer if there is one; rather none of the tasks themselves. */
function clientOf(map: HostMap, { balancer, service, address }: Virtual): Endpoint | undefined {
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
  const tasks = new Set(service.destinations.map((each) => each.address))
  return clients.find((each) => !tasks.has(each.ip.text)) ?? clients[0]
}

/** What a task listens on; any, where no task can be seen: the balancer takes all of them. */
function portOf(map: HostMap, { service }: Virtual): number | undefined {
  const tasks = service.destinations.flatMap(({ address, weight }) => (weight > 0 ? map.holders(address) : []))
  if (tasks.length === 0) return 80
  return tasks.flatMap(({ space, ip: { text } }) => space.namespace.sockets.filter((socket) => isOpen(socket, text)))[0]
    ?.localPort
}

function isOpen({ protocol, state, local, family }: Socket, address: string): boolean {
  const isReachable = local === address || local === '0.0.0.0' || (family === 6 && local === '::')
  return protocol === 'tcp' && state === 'LISTEN' && isReachable
}
