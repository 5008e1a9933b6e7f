import { selectNamespace } from '../../model/select.ts'
import type { HostSnapshot, PublishedPort } from '../../model/snapshot.ts'
import type { Check } from '../file/check.ts'
import type { Row } from '../file/judge.ts'
import type { CheckFacts } from './facts.ts'
import { linkName } from './link-rows.ts'

/** Each is called by its best name; those that a selector of the check means are called by it. */
export function namespaceRows({ snapshot }: CheckFacts, { where }: Check): readonly Row[] {
  const selector = where.find(({ property }) => property === 'name')?.matcher
  const meant = selector?.op === 'equal' ? { selector: String(selector.value) } : undefined
  const inodes = meant === undefined ? undefined : inodesOf(snapshot, meant.selector)
  return snapshot.namespaces.map((namespace): Row => {
    const { owner, names, links, addresses, pids } = namespace
    return {
      name: inodes?.has(namespace.inode) === true ? meant?.selector : owner.name || names[0],
      names: [...new Set([owner.name, ...names])].filter((name) => name !== ''),
      owner: owner.kind,
      links: links.map(({ index }) => linkName(namespace, index)),
      addresses: addresses.map(({ address }) => address),
      processes: pids.length,
    }
  })
}

function inodesOf(snapshot: HostSnapshot, selector: string): ReadonlySet<number> {
  try {
    return new Set([selectNamespace(snapshot, selector).inode])
  } catch {
    return new Set() // none, which is what may be expected; several are found by their names
  }
}

export function containerRows({ snapshot }: CheckFacts): readonly Row[] {
  return snapshot.containers.map((container): Row => {
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

export function networkRows({ snapshot }: CheckFacts): readonly Row[] {
  const { networks, containers } = snapshot
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
