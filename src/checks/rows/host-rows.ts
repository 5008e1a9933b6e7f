import type { HostSnapshot, PublishedPort } from '../../model/snapshot.ts'
import type { Row } from '../file/judge.ts'
import { linkName } from './link-rows.ts'

/** Namespaces are found by any selector; that of the check has chosen them already. */
export function namespaceRows({ namespaces }: HostSnapshot): readonly Row[] {
  return namespaces.map((namespace): Row => {
    const { owner, names, links, addresses, pids } = namespace
    return {
      inode: namespace.inode,
      name: owner.name || names[0],
      names: [...new Set([owner.name, ...names])].filter((name) => name !== ''),
      owner: owner.kind,
      links: links.map(({ index }) => linkName(namespace, index)),
      addresses: addresses.map(({ address }) => address),
      processes: pids.length,
    }
  })
}

export function containerRows({ containers }: HostSnapshot): readonly Row[] {
  return containers.map((container): Row => {
    const { name, state, image, engine, networks, ports, labels, compose, swarm } = container
    return {
      name,
      state,
      image,
      engine,
      networks: networks.map(({ network }) => network).toSorted(),
      addresses: networks.flatMap(({ addresses }) => addresses),
      ports: ports.map(portText).toSorted(),
      labels: Object.entries(labels).map(([key, value]) => `${key}=${value}`),
      service: swarm?.service ?? compose?.service,
      project: compose?.project,
    }
  })
}

/** As `docker ps` prints it. */
function portText({ protocol, containerPort, hostAddress, hostPort }: PublishedPort): string {
  const inside = `${containerPort}/${protocol}`
  if (hostPort === undefined) return inside
  const host = hostAddress?.includes(':') ? `[${hostAddress}]` : (hostAddress ?? '0.0.0.0')
  return `${host}:${hostPort}->${inside}`
}

export function networkRows({ networks, containers }: HostSnapshot): readonly Row[] {
  return networks.map((network): Row => {
    const { id, name, driver, scope, internal, ipv6, subnets, bridge, engine, encrypted } = network
    const inside = containers.filter((container) => container.networks.some(({ networkId }) => networkId === id))
    return {
      name,
      driver,
      scope,
      internal,
      ipv6,
      subnets: subnets.map(({ subnet }) => subnet),
      gateways: subnets.flatMap(({ gateway }) => gateway ?? []),
      bridge,
      engine,
      encrypted,
      containers: inside.map((container) => container.name).toSorted(),
    }
  })
}
