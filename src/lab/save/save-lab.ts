import { formatCidr } from '../../driver/ipam/cidr.ts'
import type { HostSnapshot, Link, Namespace } from '../../model/snapshot.ts'
import { type LinkPlace, nameOf, wiringOf } from '../../model/wiring.ts'
import { readSubnetAddress } from '../check-file/ip.ts'
import type { ContainerEntry, EndpointEntry, LabFile, NetworkEntry, NodeEntry, SegmentEntry } from '../file/lab-file.ts'
import { bridgeNetwork } from './saved-bridge.ts'
import { publishedPorts } from './saved-ports.ts'
import { UniqueNames } from './unique-names.ts'

/** A lab file of a host, and what of the host is not in it. */
export interface SavedLab {
  readonly file: LabFile
  readonly leftOut: readonly string[]
}

export interface SaveOptions {
  /** Of the lab. */
  readonly name: string
  /** Namespaces that play the host; each becomes one. */
  readonly hosts: readonly Namespace[]
}

/** Everything that is gathered while hosts are gone through. */
interface Saving {
  readonly snapshot: HostSnapshot
  readonly names: UniqueNames
  readonly segments: Record<string, SegmentEntry>
  readonly hosts: Record<string, NodeEntry>
  readonly networks: Record<string, NetworkEntry>
  readonly containers: Record<string, ContainerEntry>
  readonly leftOut: string[]
  /** Whether entries must say which host they are on. */
  readonly several: boolean
}

/**
 * A lab of what a host has: its interfaces as segments, its bridges and macvlan networks with their subnets, and the
 * containers on them with addresses, MACs and published ports. What listens in a container becomes a workload.
 */
export function saveLab(snapshot: HostSnapshot, { name, hosts }: SaveOptions): SavedLab {
  const saving: Saving = {
    snapshot,
    names: new UniqueNames(),
    segments: {},
    hosts: {},
    networks: {},
    containers: {},
    leftOut: [],
    several: hosts.length > 1,
  }
  for (const host of hosts) saveHost(host, saving)
  const { segments, networks, containers, leftOut } = saving
  const file: LabFile = {
    name,
    description: `Saved from ${snapshot.hostname} at ${snapshot.takenAt}`,
    ...(Object.keys(segments).length === 0 ? {} : { segments }),
    hosts: saving.hosts,
    ...(Object.keys(networks).length === 0 ? {} : { networks }),
    ...(Object.keys(containers).length === 0 ? {} : { containers }),
  }
  return { file, leftOut }
}

function saveHost(host: Namespace, saving: Saving): void {
  const { snapshot, names } = saving
  const hostName = names.take(host.owner.kind === 'host' ? snapshot.hostname : nameOf(host), 'host')
  const place = saving.several ? { host: hostName } : {}
  saving.hosts[hostName] = { ...dockerOf(host), ...segmentsOf(host, saving) }
  for (const bridge of host.links.filter(({ kind }) => kind === 'bridge')) saveBridge(host, bridge, { place, saving })
  for (const parent of host.links) saveParented(host, { namespace: host, link: parent }, { place, saving })
  for (const { namespace, name, networkMode } of snapshot.containers) {
    if (namespace !== host.inode || networkMode !== 'host') continue
    saving.containers[names.take(name, 'container')] = { ...place, networks: ['host'] }
  }
}

type ForHost = Pick<Endpoint, 'place' | 'saving'>

/** A bridge with what is on it. */
function saveBridge(host: Namespace, bridge: Link, { place, saving }: ForHost): void {
  const { snapshot, names } = saving
  const network = bridgeNetwork(host, bridge.name, snapshot)
  if (network === undefined) {
    saving.leftOut.push(`bridge ${bridge.name}: it has no IPv4 address`)
    return
  }
  const networkName = network.isDefault ? 'bridge' : names.takeNetwork(network.name)
  saving.networks[networkName] = { ...place, ...network.entry }
  for (const port of wiringOf(snapshot).membersOf(host, bridge)) {
    const peer = wiringOf(snapshot).peerOf(port)
    if (peer === undefined || peer.namespace === host) saving.leftOut.push(`port ${port.name} of ${bridge.name}`)
    else saveEndpoint(host, peer, { networkName, place, saving })
  }
}

/** What the chains and tables say of the engine. */
function dockerOf({ chains }: Namespace): Pick<NodeEntry, 'docker'> {
  if (chains.some(({ table }) => table === 'docker-bridges')) return { docker: { backend: 'nft' } }
  const is20 = chains.some(({ chain }) => chain === 'DOCKER-ISOLATION-STAGE-1')
  return is20 && !chains.some(({ chain }) => chain === 'DOCKER-FORWARD') ? { docker: { layout: 20 } } : {}
}

/** Interfaces that lead out: hardware, or a cable that no bridge of the host holds. */
function segmentsOf(host: Namespace, saving: Saving): Pick<NodeEntry, 'segments'> {
  const outer = host.links.filter(({ kind, master }) => (kind === 'ether' || kind === 'veth') && master === undefined)
  const attachments = outer.flatMap(({ index, name }) => {
    const own = host.addresses.filter(({ link, scope }) => link === index && scope === 'global')
    if (own.length === 0) return []
    const addresses = own.map(({ address }) => address)
    const subnets = addresses.flatMap((address) => {
      const read = readSubnetAddress(address)
      return read === undefined ? [] : [formatCidr(read.subnet)]
    })
    const known = Object.entries(saving.segments).find(([, entry]) => String(entry.subnet) === String(one(subnets)))
    const segment = known?.[0] ?? saving.names.take(`${name}-net`, 'net')
    const gateway = host.routes.find((route) => route.destination === 'default' && route.link === index)?.gateway
    saving.segments[segment] ??= { subnet: one(subnets), ...(gateway === undefined ? {} : { gateway }) }
    return [[segment, { interface: name, address: one(addresses) }] as const]
  })
  return attachments.length === 0 ? {} : { segments: Object.fromEntries(attachments) }
}

function one(values: readonly string[]): string | readonly string[] {
  const [first] = values
  return values.length === 1 && first !== undefined ? first : values
}

interface Endpoint {
  readonly networkName: string
  readonly place: { readonly host?: string }
  readonly saving: Saving
}

function saveEndpoint(host: Namespace, { namespace, link }: LinkPlace, { networkName, place, saving }: Endpoint): void {
  const { snapshot, names, containers } = saving
  const own = namespace.addresses.filter((each) => each.link === link.index)
  const ipv4 = own.find(({ address }) => !address.includes(':'))?.address.split('/')[0]
  const endpoint: EndpointEntry = {
    ...(ipv4 === undefined ? {} : { ipv4_address: ipv4 }),
    ...(link.mac === undefined ? {} : { mac_address: link.mac }),
  }
  const name = names.of(namespace, () => nameOf(namespace))
  const before = containers[name]
  const networks = before?.networks as Readonly<Record<string, EndpointEntry>> | undefined
  const isDefault = networkName === 'bridge'
  // on the default bridge Docker takes no wish
  const wish = isDefault ? (link.mac === undefined ? {} : { mac_address: link.mac }) : endpoint
  containers[name] = {
    ...place,
    networks: { ...networks, [networkName]: wish },
    ...publishedPorts(snapshot, host, namespace),
    ...workloadOf(namespace),
  }
}

/** Containers on macvlan and ipvlan links. */
function saveParented(host: Namespace, parent: LinkPlace, { place, saving }: ForHost): void {
  const children = wiringOf(saving.snapshot)
    .childrenOf(parent)
    .filter(({ namespace, link }) => namespace !== host && (link.kind === 'macvlan' || link.kind === 'ipvlan'))
  const [first] = children
  if (first === undefined) return
  const address = first.namespace.addresses.find(({ link }) => link === first.link.index)?.address
  const read = address === undefined ? undefined : readSubnetAddress(address)
  const gateway = first.namespace.routes.find(
    ({ destination, link }) => destination === 'default' && link === first.link.index,
  )
  const networkName = saving.names.takeNetwork(`${first.link.kind}-${parent.link.name}`)
  saving.networks[networkName] = {
    ...place,
    driver: first.link.kind === 'macvlan' ? 'macvlan' : 'ipvlan',
    ...(read === undefined ? {} : { subnet: formatCidr(read.subnet) }),
    ...(gateway?.gateway === undefined ? {} : { gateway: gateway.gateway }),
    options: { parent: parent.link.name },
  }
  for (const child of children) saveEndpoint(host, child, { networkName, place, saving })
}

/** The first port that something listens on, everywhere and by TCP. */
function workloadOf({ sockets }: Namespace): Pick<ContainerEntry, 'workload'> {
  const ports = sockets
    .filter(({ protocol, state, local }) => protocol === 'tcp' && state === 'LISTEN' && !local.startsWith('127.'))
    .flatMap(({ localPort }) => localPort ?? [])
  const [port] = ports.toSorted((a, b) => a - b)
  return port === undefined ? {} : { workload: { kind: 'http', port } }
}
