import type { Complaints } from '../../model/file/problem.ts'
import { didYouMean } from '../../model/nearest.ts'
import { INGRESS } from '../topology/read-service.ts'
import type { LabTopology, ServiceSpec } from '../topology/topology.ts'
import type { WrittenNames } from './written-names.ts'

/** Services that a swarm would refuse. */
export function checkServices(topology: LabTopology, names: WrittenNames, complaints: Complaints): void {
  const taken = new Map<string, string>()
  for (const service of topology.services) {
    checkService(service, names, complaints)
    checkBackends(topology, service, complaints)
    for (const { at, protocol, published } of service.ports) {
      const other = taken.get(`${published}/${protocol}`)
      if (other !== undefined) complaints.error(at, `port '${published}' is already in use by service ${other}`)
      taken.set(`${published}/${protocol}`, service.name)
    }
  }
  for (const { name, host, ports } of topology.containers) {
    for (const { at, hostPort, hostPortEnd, protocol } of ports) {
      const owner = taken.get(`${hostPort}/${protocol}`)
      if (owner === undefined || hostPort !== hostPortEnd || !hostsOfIngress(topology).includes(host)) continue
      complaints.error(at, `port ${hostPort} of ${name} is that of the service ${owner}, on every host`)
    }
  }
}

function hostsOfIngress({ networks }: LabTopology): readonly string[] {
  return networks.find(({ name }) => name === INGRESS)?.hosts ?? []
}

function checkService(
  { at, name, mode, networks, ports }: ServiceSpec,
  names: WrittenNames,
  complaints: Complaints,
): void {
  if (names.containers.has(name)) complaints.errorAtKey(at, `the name ${name} belongs to a container already`)
  if (networks.length === 0) complaints.error(at, 'networks is missing: a service is in an overlay network')
  for (const network of networks) {
    const known = names.networks.get(network)
    const place = [...at, 'networks']
    if (known === undefined)
      complaints.error(place, `there is no network ${network}${didYouMean(network, names.networks.keys())}`)
    else if (known.driver !== 'overlay' || network === INGRESS) {
      complaints.error(
        place,
        `a service is in overlay networks, ${network} is ${network === INGRESS ? "Docker's own" : known.driver}`,
      )
    }
  }
  if (mode === 'dnsrr' && ports.length > 0) {
    complaints.error(
      [...at, 'endpoint_mode'],
      "EndpointSpec: port published with ingress mode can't be used with dnsrr mode",
    )
  }
}

/** iptables makes the rules of services; an engine with nftables has no swarm. */
function checkBackends({ nodes, networks }: LabTopology, service: ServiceSpec, complaints: Complaints): void {
  const used = [...service.networks, ...(service.ports.length > 0 ? [INGRESS] : [])]
  const hosts = new Set(networks.filter(({ name }) => used.includes(name)).flatMap((network) => network.hosts))
  const wrong = nodes.find(({ name, docker }) => hosts.has(name) && docker.backend !== 'iptables')
  if (wrong !== undefined) complaints.error(service.at, `services need the back end iptables, ${wrong.name} has nft`)
}
