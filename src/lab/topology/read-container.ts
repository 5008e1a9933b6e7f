import type { Complaints, Path } from '../../model/file/problem.ts'
import type { ContainerEntry, EndpointEntry } from '../file/lab-file.ts'
import { readExposed, readPort } from './read-port.ts'
import type { ContainerLinkSpec, ContainerSpec, EndpointSpec, WorkloadSpec } from './topology.ts'
import { given, readNamed, readOneOrMore, readSettings } from './written-settings.ts'

export interface ContainerContext {
  /** Names of all hosts of the file. */
  readonly hosts: readonly string[]
  readonly complaints: Complaints
}

export function readContainer(name: string, entry: ContainerEntry, at: Path, context: ContainerContext): ContainerSpec {
  const { complaints } = context
  return {
    at,
    name,
    host: hostOf(entry, at, context),
    endpoints: readEndpoints(entry, at),
    ports: (entry.ports ?? []).flatMap((port, position) =>
      port === undefined ? [] : readPort(port, [...at, 'ports', position], complaints),
    ),
    exposed: (entry.expose ?? []).flatMap((port, position) =>
      port === undefined ? [] : readExposed(port, [...at, 'expose', position], complaints),
    ),
    links: (entry.links ?? []).flatMap((link, position) =>
      link === undefined ? [] : readContainerLink(link, [...at, 'links', position]),
    ),
    sysctls: readSettings(entry.sysctls),
    environment: readSettings(entry.environment),
    dns: {
      servers: readOneOrMore(entry.dns),
      search: readOneOrMore(entry.dns_search),
      options: readOneOrMore(entry.dns_opt),
    },
    dependsOn: (entry.depends_on ?? []).flatMap((container, position) =>
      container === undefined ? [] : [{ at: [...at, 'depends_on', position], container }],
    ),
    ...given({ hostname: entry.hostname, mtu: entry.mtu, workload: readWorkload(entry, at, complaints) }),
  }
}

function hostOf({ host }: ContainerEntry, at: Path, { hosts, complaints }: ContainerContext): string {
  if (host !== undefined) return host
  if (hosts.length > 1) complaints.error(at, 'host is missing: the lab has several')
  return hosts[0] ?? ''
}

/** `docker run` without a network takes the default bridge; an empty list is no network. */
function readEndpoints({ networks }: ContainerEntry, at: Path): readonly EndpointSpec[] {
  const named = readNamed<EndpointEntry>(networks)
  if (named.length === 0) return [readEndpoint(networks === undefined ? 'bridge' : 'none', {}, at)]
  return named.map(({ name, step, entry }) => readEndpoint(name, entry ?? {}, [...at, 'networks', step]))
}

function readEndpoint(network: string, entry: EndpointEntry, at: Path): EndpointSpec {
  const options = Object.entries(entry.driver_opts ?? {}).map(([key, value]) => [key, String(value)])
  return {
    at,
    network,
    aliases: entry.aliases ?? [],
    priority: entry.priority ?? 0,
    options: Object.fromEntries(options),
    ...given({
      ipv4: entry.ipv4_address,
      ipv6: entry.ipv6_address,
      mac: entry.mac_address?.toLowerCase(),
      interface: entry.interface,
    }),
  }
}

function readContainerLink(text: string, at: Path): ContainerLinkSpec {
  const [container = '', alias = container] = text.split(':')
  return { at, container, alias }
}

function readWorkload(entry: ContainerEntry, at: Path, complaints: Complaints): WorkloadSpec | undefined {
  const { workload, command } = entry
  if (command !== undefined) {
    if (workload !== undefined)
      complaints.error([...at, 'command'], 'a container has a workload or a command, not both')
    return { kind: 'command', command }
  }
  if (workload === undefined) return undefined
  return typeof workload === 'string' ? { kind: workload } : { kind: workload.kind, ...given({ port: workload.port }) }
}
