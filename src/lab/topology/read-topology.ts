import type { Complaints, Path } from '../../model/file/problem.ts'
import type { Entries, LabFile } from '../file/lab-file.ts'
import { withGatewayBridge } from './gateway-bridge.ts'
import { type LabCheckReading, readLabCheck } from './read-check.ts'
import { readContainer } from './read-container.ts'
import { PREDEFINED, predefinedNetwork, readNetwork } from './read-network.ts'
import { DOCKER_DEFAULTS, readDocker, readLink, readNode, readSegment } from './read-node.ts'
import { readService, withBalancers } from './read-service.ts'
import type { ContainerSpec, LabTopology, NetworkSpec } from './topology.ts'
import { given } from './written-settings.ts'

/** A lab file in its one form. Complains about texts that have a form of their own and are not of it: ports, routes… */
export function readTopology(file: LabFile, complaints: Complaints, placeOf: LabCheckReading['placeOf']): LabTopology {
  const docker = readDocker(file.docker, DOCKER_DEFAULTS)
  const hosts = Object.keys(file.hosts)
  const each = <T, R>(section: keyof LabFile, entries: Entries<T> | undefined, read: Reader<T, R>): R[] =>
    Object.entries(entries ?? {}).map(([name, entry]) => read(name, (entry ?? {}) as T, [section, name]))
  const written = each('containers', file.containers, (name, entry, at) =>
    readContainer(name, entry, at, { hosts, complaints }),
  )
  const services = each('services', file.services, (name, entry, at) =>
    readService(name, entry, at, { hosts, complaints }),
  )
  const containers = [...written, ...services.flatMap(({ tasks }) => tasks)]
  const networks = each('networks', file.networks, (name, entry, at) =>
    readNetwork(name, entry, at, { hosts, containers, complaints }),
  )
  const named = { containers, networks: [...networks, ...usedPredefined(containers, networks)] }
  const specs = services.map(({ service }) => service)
  const connected = withGatewayBridge(withBalancers(specs, named))
  return {
    name: file.name,
    segments: each('segments', file.segments, readSegment),
    nodes: [
      ...each('hosts', file.hosts, (name, entry, at) =>
        readNode(name, entry, at, { kind: 'host', docker, complaints }),
      ),
      ...each('routers', file.routers, (name, entry, at) =>
        readNode(name, entry, at, { kind: 'router', docker, complaints }),
      ),
    ],
    links: (file.links ?? []).flatMap((link, position) =>
      link === undefined ? [] : readLink(link, ['links', position]),
    ),
    ...connected,
    services: specs,
    checks: (file.checks ?? []).flatMap((check, position) =>
      check === undefined ? [] : readLabCheck(check, ['checks', position], { complaints, placeOf }),
    ),
    ...given({ description: file.description }),
  }
}

type Reader<T, R> = (name: string, entry: T, at: Path) => R

function usedPredefined(containers: readonly ContainerSpec[], networks: readonly NetworkSpec[]): NetworkSpec[] {
  return Object.keys(PREDEFINED).flatMap((name) => {
    const users = containers.filter(({ endpoints }) => endpoints.some(({ network }) => network === name))
    const [first] = users
    if (first === undefined || networks.some((network) => network.name === name)) return []
    return [predefinedNetwork(name, [...new Set(users.map(({ host }) => host))], first.at)]
  })
}
