import type { PortBinding } from '../../driver/network-driver.ts'
import type { Complaints } from '../../model/file/problem.ts'
import type { ContainerSpec, LabTopology, PortSpec } from '../topology/topology.ts'
import { given } from '../topology/written-settings.ts'
import type { ResolvedLab } from './lab-object.ts'

/** First of net.ipv4.ip_local_port_range, where Docker begins to look for a port that nobody named. */
const FIRST_EPHEMERAL = 32_768
const LAST_EPHEMERAL = 60_999

/** The ports of the hosts, chosen where the file leaves a choice. */
export class PublishedPorts {
  readonly #bindings: ReadonlyMap<string, readonly PortBinding[]>

  constructor({ containers }: LabTopology, previous: ResolvedLab | undefined, complaints: Complaints) {
    const before = portsBefore(previous)
    const taken = new Set<string>()
    const chosen = new Map<PortSpec, number>()
    const published = containers.flatMap(({ name, host, ports }) => ports.map((port) => ({ name, host, port })))
    for (const { host, port } of published.filter((each) => isFixed(each.port))) {
      taken.add(keyOf(host, port, port.hostPort))
      chosen.set(port, port.hostPort)
    }
    for (const { name, host, port } of published.filter((each) => !isFixed(each.port))) {
      const had = before.get(placeOf(name, port))
      if (had === undefined || !isAmong(port, had) || taken.has(keyOf(host, port, had))) continue
      taken.add(keyOf(host, port, had))
      chosen.set(port, had)
    }
    for (const { host, port } of published.filter((each) => !chosen.has(each.port))) {
      const found = firstFree(port, (candidate) => taken.has(keyOf(host, port, candidate)))
      if (found === undefined) complaints.error(port.at, 'no port is left to publish')
      taken.add(keyOf(host, port, found ?? 0))
      chosen.set(port, found ?? 0)
    }
    this.#bindings = new Map(
      containers.map(({ name, ports }) => [name, ports.map((port) => bindingOf(port, chosen.get(port) ?? 0))]),
    )
  }

  of({ name }: ContainerSpec): readonly PortBinding[] {
    return this.#bindings.get(name) ?? []
  }
}

function isFixed({ hostPort, hostPortEnd }: PortSpec): boolean {
  return hostPort !== 0 && hostPort === hostPortEnd
}

/** Whatever address they are bound to: a range is large enough to keep out of each other's way. */
function keyOf(host: string, { protocol }: PortSpec, port: number): string {
  return `${host} ${protocol} ${port}`
}

function rangeOf({ hostPort, hostPortEnd }: PortSpec): readonly [number, number] {
  return hostPort === 0 ? [FIRST_EPHEMERAL, LAST_EPHEMERAL] : [hostPort, hostPortEnd]
}

function isAmong(port: PortSpec, candidate: number): boolean {
  const [first, last] = rangeOf(port)
  return candidate >= first && candidate <= last
}

function firstFree(port: PortSpec, isTaken: (port: number) => boolean): number | undefined {
  const [first, last] = rangeOf(port)
  for (let candidate = first; candidate <= last; candidate++) if (!isTaken(candidate)) return candidate
  return undefined
}

function bindingOf({ protocol, containerPort, hostAddress }: PortSpec, hostPort: number): PortBinding {
  return { protocol, port: containerPort, hostPort, hostPortEnd: hostPort, ...given({ hostAddress }) }
}

function placeOf(container: string, { protocol, containerPort, hostAddress = '' }: PortSpec): string {
  return `${container} ${hostAddress} ${containerPort}/${protocol}`
}

function portsBefore(previous: ResolvedLab | undefined): ReadonlyMap<string, number> {
  const endpoints = (previous?.objects ?? []).filter((object) => object.kind === 'endpoint')
  return new Map(
    endpoints.flatMap(({ container, ports }) =>
      ports.map(
        ({ protocol, port, hostAddress = '', hostPort }) =>
          [`${container} ${hostAddress} ${port}/${protocol}`, hostPort] as const,
      ),
    ),
  )
}
