import { GATEWAY_BRIDGE } from '../topology/gateway-bridge.ts'
import { balancerName, INGRESS } from '../topology/read-service.ts'
import type { LabTopology, ServiceSpec } from '../topology/topology.ts'
import { given } from '../topology/written-settings.ts'
import type { FreeAddresses } from './free-addresses.ts'
import type {
  BalancerObject,
  EndpointObject,
  IngressObject,
  NetworkObject,
  ServiceObject,
  TaskPortsObject,
} from './lab-object.ts'
import type { Previous } from './previous.ts'

/** Docker counts the marks of services from it, on each host; here they are the same on all. */
const FIRST_MARK = 256

export function serviceId(service: string, network: string): string {
  return `service ${service} in ${network}`
}

export interface ServiceResolution {
  readonly networks: readonly NetworkObject[]
  readonly previous: Previous
}

/** Services by name, with a virtual address where they have one; before containers get theirs. */
export function resolveNames(
  { services }: LabTopology,
  { networks, previous }: ServiceResolution,
  addresses: FreeAddresses,
): readonly ServiceObject[] {
  const marks = new Set<number>()
  const places = services.flatMap((service) => networksOf(service).map((network) => ({ service, network })))
  const before = places.flatMap(
    ({ service, network }) => previous.service(serviceId(service.name, network))?.mark ?? [],
  )
  for (const mark of before) marks.add(mark)
  return places.flatMap(({ service, network: name }) => {
    const network = networks.find((each) => each.name === name)
    if (network === undefined) return []
    const id = serviceId(service.name, name)
    const vip = service.mode === 'vip' ? addresses.ofService(service, id, network) : undefined
    const mark = vip === undefined ? undefined : (previous.service(id)?.mark ?? nextMark(marks))
    if (mark !== undefined) marks.add(mark)
    const known = { network: name, networkId: network.networkId, service: service.name, tasks: service.tasks }
    return [{ kind: 'service', id, needs: [], ...known, ...given({ vip, mark }) } as ServiceObject]
  })
}

function networksOf({ networks, ports }: ServiceSpec): readonly string[] {
  return ports.length > 0 ? [INGRESS, ...networks] : networks
}

function nextMark(taken: ReadonlySet<number>): number {
  let mark = FIRST_MARK
  while (taken.has(mark)) mark++
  return mark
}

export interface ResolvedServices {
  readonly services: readonly ServiceObject[]
  readonly networks: readonly NetworkObject[]
  readonly endpoints: readonly EndpointObject[]
}

type Made = BalancerObject | IngressObject | TaskPortsObject

/** What load balancers, hosts and tasks do for services, once all endpoints are there. */
export function resolveBalancing(topology: LabTopology, resolved: ResolvedServices): readonly Made[] {
  return [
    ...resolved.services.flatMap((service) => balancersOf(topology, service, resolved)),
    ...ingressOf(topology, resolved),
    ...taskPorts(topology, resolved),
  ]
}

function balancersOf(
  { services: written }: LabTopology,
  service: ServiceObject,
  { networks, endpoints }: ResolvedServices,
): readonly BalancerObject[] {
  const { vip, mark, network: name, id, tasks } = service
  if (vip === undefined || mark === undefined) return []
  const inNetwork = endpoints.filter(({ network }) => network === name)
  const backends = inNetwork.filter(({ container }) => tasks.includes(container))
  const ports = written.find((each) => each.name === service.service)?.ports ?? []
  return networks
    .filter((network) => network.name === name)
    .flatMap(({ host, pools }) => {
      const balancer = inNetwork.find(({ container }) => container === balancerName(name, host))
      const subnet = pools[0]?.subnet
      if (balancer?.ipv4 === undefined || subnet === undefined) return []
      return [
        {
          kind: 'balancer' as const,
          id: `${id} at ${host}`,
          needs: [id, balancer.id, ...backends.map((backend) => backend.id)],
          host,
          sandbox: balancer.container,
          service: service.service,
          network: name,
          vip,
          mark,
          balancer: balancer.ipv4,
          subnet,
          backends: backends.flatMap(({ ipv4 }) => ipv4 ?? []),
          ports: name === INGRESS ? ports.map(plainPort) : [],
        },
      ]
    })
}

function plainPort({ protocol, published, target }: ServiceSpec['ports'][number]) {
  return { protocol, published, target }
}

function ingressOf({ services }: LabTopology, { networks, endpoints }: ResolvedServices): readonly IngressObject[] {
  const ports = services.flatMap((service) => service.ports.map(plainPort))
  return networks
    .filter(({ name }) => name === INGRESS)
    .flatMap(({ host }) => {
      const sandbox = balancerName(INGRESS, host)
      const gateway = endpoints.find(({ container, network }) => container === sandbox && network === GATEWAY_BRIDGE)
      if (gateway?.ipv4 === undefined || ports.length === 0) return []
      return [
        { kind: 'ingress' as const, id: `ingress at ${host}`, needs: [gateway.id], host, gateway: gateway.ipv4, ports },
      ]
    })
}

function taskPorts({ services }: LabTopology, { endpoints }: ResolvedServices): readonly TaskPortsObject[] {
  return services.flatMap(({ tasks, ports }) =>
    endpoints.flatMap(({ id, container, network, ipv4 }) => {
      if (network !== INGRESS || !tasks.includes(container) || ipv4 === undefined || ports.length === 0) return []
      const own = { container, address: ipv4, ports: ports.map(plainPort) }
      return [{ kind: 'taskPorts' as const, id: `ports of ${container}`, needs: [id], ...own }]
    }),
  )
}
