import { formatIpNumber } from '../../driver/ipam/cidr.ts'
import type { Complaints } from '../../model/file/problem.ts'
import type { LabTopology, PortSpec } from '../topology/topology.ts'
import { readIp } from './ip.ts'

/** Ports of one host that two containers publish. A range leaves a choice: it conflicts only when nothing is left. */
export function checkPorts({ containers }: LabTopology, complaints: Complaints): void {
  const taken = new Map<string, Taken[]>()
  const published = containers.flatMap(({ name, host, ports }) => ports.map((port) => ({ name, host, port })))
  // fixed ports first: ranges take what these leave
  const ordered = [...published.filter(({ port }) => isFixed(port)), ...published.filter(({ port }) => !isFixed(port))]
  for (const { name, host, port } of ordered) {
    if (port.hostPort === 0) continue
    const key = `${host} ${port.protocol}`
    const others = taken.get(key) ?? []
    const address = canonical(port.hostAddress)
    const free = firstFree(port, address, others)
    if (free === undefined) complaints.error(port.at, conflict(port, address, others))
    else taken.set(key, [...others, { port: free, address, container: name }])
  }
}

interface Taken {
  readonly port: number
  /** Canonical; undefined = every address. */
  readonly address: string | undefined
  readonly container: string
}

function isFixed({ hostPort, hostPortEnd }: PortSpec): boolean {
  return hostPort === hostPortEnd
}

const EVERY_ADDRESS = ['0.0.0.0', '::']

function canonical(address: string | undefined): string | undefined {
  const read = address === undefined ? undefined : readIp(address)
  const text = read === undefined ? address : formatIpNumber(read)
  return text !== undefined && EVERY_ADDRESS.includes(text) ? undefined : text
}

function overlapsAt(address: string | undefined, other: Taken): boolean {
  return address === undefined || other.address === undefined || address === other.address
}

function firstFree({ hostPort, hostPortEnd }: PortSpec, address: string | undefined, others: readonly Taken[]) {
  for (let port = hostPort; port <= hostPortEnd; port++) {
    if (!others.some((other) => other.port === port && overlapsAt(address, other))) return port
  }
  return undefined
}

function conflict({ hostPort, hostPortEnd }: PortSpec, address: string | undefined, others: readonly Taken[]): string {
  const inTheWay = others.filter(({ port }) => port >= hostPort && port <= hostPortEnd)
  const [other] = inTheWay.filter((each) => overlapsAt(address, each))
  const range = hostPort === hostPortEnd ? `port ${hostPort}` : `every port from ${hostPort} to ${hostPortEnd}`
  return `${range} is published already${other === undefined ? '' : ` by ${other.container}`}`
}
