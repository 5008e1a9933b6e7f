import { type Cidr, formatCidr, formatIpNumber, type IpNumber } from '../../driver/ipam/cidr.ts'
import { choosePool, GLOBAL_DEFAULT_POOLS, LOCAL_DEFAULT_POOLS } from '../../driver/ipam/default-pools.ts'
import { VNI_OPTION } from '../../driver/networks/overlay/overlay-network.ts'
import type { Complaints } from '../../model/file/problem.ts'
import { isReservedIn, readIp, readSubnet } from '../check-file/ip.ts'
import { GATEWAY_BRIDGE } from '../topology/gateway-bridge.ts'
import { PARENT_OPTION, splitParent } from '../topology/macvlan-parent.ts'
import type { LabTopology, NetworkSpec, PoolSpec } from '../topology/topology.ts'
import { vtepsOf } from '../topology/underlay.ts'
import { given } from '../topology/written-settings.ts'
import { labId } from './ids.ts'
import type { LabObject, NetworkObject, ResolvedPool } from './lab-object.ts'
import type { Previous } from './previous.ts'
import { interfaceId, nodeId } from './resolve-nodes.ts'
import { overlayIds, swarmId } from './resolve-overlays.ts'

export function networkId(host: string, name: string): string {
  return `network ${name} at ${host}`
}

/** As dockerd configures docker0, and docker_gwbridge. */
const OPTIONS_OF: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  [
    'bridge',
    {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': 'true',
      'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
      'com.docker.network.bridge.name': 'docker0',
      'com.docker.network.driver.mtu': '1500',
    },
  ],
  [
    GATEWAY_BRIDGE,
    {
      'com.docker.network.bridge.enable_icc': 'false',
      'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.name': GATEWAY_BRIDGE,
    },
  ],
])
/** A machine with docker_gwbridge has docker0 too, which took the first default pool. */
const POOL_OF_DOCKER0 = '172.17.0.0/16'
/** A swarm's ingress network took the first one of overlays. */
const POOL_OF_INGRESS = '10.0.0.0/24'

export interface NetworkResolution {
  readonly wiring: readonly LabObject[]
  readonly previous: Previous
  readonly complaints: Complaints
}

/** Every network on each of its hosts, with subnets from Docker's default pools where the file names none. */
export function resolveNetworks(topology: LabTopology, resolution: NetworkResolution): readonly NetworkObject[] {
  const made: NetworkObject[] = []
  const wanted = topology.networks.flatMap((network) => network.hosts.map((host) => ({ network, host })))
  // those with subnets of their own first, then those that keep one: no default pool gets in their way
  const rank = ({ network, host }: (typeof wanted)[number]): number =>
    network.pools.length > 0 ? 0 : resolution.previous.network(networkId(host, network.name)) === undefined ? 2 : 1
  const overlays = overlaysOf(topology, resolution)
  for (const { network, host } of wanted.toSorted((a, b) => rank(a) - rank(b))) {
    made.push(networkObject(topology, network, { host, made, overlays, ...resolution }))
  }
  const order = new Map(topology.networks.map(({ name }, position) => [name, position]))
  return made.toSorted((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0))
}

/** What is chosen for overlay networks as a whole. */
interface Overlays {
  /** By the network's name. */
  readonly ids: ReadonlyMap<string, string>
  /** By host. */
  readonly vteps: ReadonlyMap<string, string>
}

function overlaysOf(topology: LabTopology, { previous }: NetworkResolution): Overlays {
  const before = ({ name, hosts }: NetworkSpec): string | undefined =>
    hosts.map((host) => previous.network(networkId(host, name))?.options[VNI_OPTION]).find((had) => had !== undefined)
  return { ids: overlayIds(topology, before), vteps: vtepsOf(topology) }
}

interface At extends NetworkResolution {
  readonly host: string
  readonly overlays: Overlays
  readonly made: readonly NetworkObject[]
}

function networkObject({ name: lab, nodes }: LabTopology, network: NetworkSpec, at: At): NetworkObject {
  const { host } = at
  const { name, driver, internal, ipv6, predefined } = network
  const node = nodes.find((each) => each.name === host)
  return {
    kind: 'network',
    id: networkId(host, name),
    needs: [nodeId(host), ...parentsOf(network, at), ...underlayOf(network, at)],
    host,
    name,
    networkId: driver === 'overlay' ? swarmId(lab, 'network', name) : labId(lab, 'network', host, name),
    driver,
    pools: poolsOf(network, at),
    internal,
    ipv6,
    dns:
      network.dns &&
      !predefined &&
      name !== GATEWAY_BRIDGE &&
      driver !== 'host' &&
      driver !== 'none' &&
      node?.docker.dns !== false,
    options: { ...OPTIONS_OF.get(name), ...network.options, ...idsOf(network, at) },
    predefined,
    ...given({ vtep: driver === 'overlay' ? at.overlays.vteps.get(host) : undefined }),
  }
}

/** The interface that macvlan links hang below. */
function parentsOf({ options }: NetworkSpec, { host, wiring }: At): readonly string[] {
  const parent = options[PARENT_OPTION]
  if (parent === undefined) return []
  const names = [parent, splitParent(parent).base]
  return wiring.flatMap((object) => {
    if (object.kind === 'link') {
      return object.ends.some((end) => end.node === host && names.includes(end.interface)) ? [object.id] : []
    }
    return names.some((name) => object.id === interfaceId(host, name)) ? [object.id] : []
  })
}

function idsOf({ name, driver }: NetworkSpec, { overlays }: At): Readonly<Record<string, string>> {
  const ids = overlays.ids.get(name)
  return driver === 'overlay' && ids !== undefined ? { [VNI_OPTION]: ids } : {}
}

/** The interface whose address is the host's for the others. */
function underlayOf({ driver }: NetworkSpec, { host, wiring, overlays }: At): readonly string[] {
  const vtep = overlays.vteps.get(host)
  if (driver !== 'overlay' || vtep === undefined) return []
  const has = ({ addresses }: { readonly addresses: readonly string[] }): boolean =>
    addresses.some((address) => address.startsWith(`${vtep}/`))
  return wiring.flatMap((object) => {
    if (object.kind === 'link') return object.ends.some((end) => end.node === host && has(end)) ? [object.id] : []
    if (object.kind !== 'attachment' && object.kind !== 'vlan') return []
    return object.node === host && has(object) ? [object.id] : []
  })
}

function poolsOf(network: NetworkSpec, at: At): readonly ResolvedPool[] {
  if (network.driver === 'host' || network.driver === 'none') return []
  const named = network.pools.flatMap((pool) => {
    const subnet = pool.subnet === undefined ? undefined : readSubnet(pool.subnet)
    return subnet === undefined ? [] : [resolvePool(pool, subnet)]
  })
  if (named.some(({ subnet }) => !subnet.includes(':'))) return named
  const subnet = defaultSubnet(network, at)
  return subnet === undefined ? named : [resolvePool({ at: network.at, auxAddresses: {} }, subnet), ...named]
}

function defaultSubnet(network: NetworkSpec, { host, made, wiring, previous, complaints }: At): Cidr | undefined {
  const { name, at, driver, hosts } = network
  const isOverlay = driver === 'overlay'
  // one subnet for all its hosts
  const same = isOverlay ? made.find((other) => other.name === name)?.pools[0]?.subnet : undefined
  if (same !== undefined) return readSubnet(same)
  const here = isOverlay ? hosts : [host]
  const own = made
    .filter((other) => here.includes(other.host))
    .flatMap(({ pools }) => pools.map(({ subnet }) => subnet))
  const routed = here.flatMap((each) => subnetsOf(each, wiring))
  const theirs = isOverlay ? [POOL_OF_INGRESS] : name === GATEWAY_BRIDGE ? [POOL_OF_DOCKER0] : []
  const taken = [...own, ...routed, ...theirs].flatMap((text) => readSubnet(text) ?? [])
  const before = previous.network(networkId(host, name))?.pools.find(({ subnet }) => !subnet.includes(':'))
  const kept = before === undefined ? undefined : readSubnet(before.subnet)
  if (kept !== undefined && choosePool([{ base: formatCidr(kept), size: kept.length }], 4, taken)) return kept
  const chosen = choosePool(isOverlay ? GLOBAL_DEFAULT_POOLS : LOCAL_DEFAULT_POOLS, 4, taken)
  if (chosen === undefined) complaints.error(at, `no default pool is left at ${host} for the network ${name}`)
  return chosen
}

/** What a machine has routes to: Docker's default pools keep away from it. */
function subnetsOf(host: string, wiring: readonly LabObject[]): readonly string[] {
  return wiring.flatMap((object) => {
    if (object.kind === 'link') return object.ends.filter(({ node }) => node === host).flatMap((end) => end.addresses)
    if (object.kind === 'route') return object.node === host && object.to !== 'default' ? [object.to] : []
    if (object.kind !== 'attachment' && object.kind !== 'vlan' && object.kind !== 'expose') return []
    return object.node === host ? object.addresses : []
  })
}

function resolvePool({ gateway, ipRange, auxAddresses }: PoolSpec, subnet: Cidr): ResolvedPool {
  const range = ipRange === undefined ? undefined : readSubnet(ipRange)
  return {
    subnet: formatCidr(subnet),
    gateway: gateway ?? firstGateway(subnet, range, auxAddresses),
    auxAddresses,
    ...given({ ipRange }),
  }
}

/** As Docker's IPAM gives it out: the first address of the range, else of the subnet. */
function firstGateway(subnet: Cidr, range: Cidr | undefined, aux: Readonly<Record<string, string>>): string {
  const taken = new Set(Object.values(aux).flatMap((text) => readIp(text)?.value ?? []))
  const { family, first } = range ?? subnet
  let address: IpNumber = { family, value: first }
  while (isReservedIn(subnet, address) || taken.has(address.value) || isAnyRouter(subnet, address)) {
    address = { family, value: address.value + 1n }
  }
  return formatIpNumber(address)
}

/** The first address of an IPv6 subnet, which all its routers have (RFC 4291, 2.6.1). */
function isAnyRouter({ family, first }: Cidr, { value }: IpNumber): boolean {
  return family === 6 && value === first
}
