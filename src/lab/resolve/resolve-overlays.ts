import { dockerMac } from '../../driver/docker-mac.ts'
import { isInside } from '../../driver/ipam/cidr.ts'
import { readVnis, VNI_OPTION } from '../../driver/networks/overlay/overlay-network.ts'
import { readIp, readSubnet } from '../check-file/ip.ts'
import type { LabTopology, NetworkSpec } from '../topology/topology.ts'
import { labId } from './ids.ts'
import type { EndpointObject, NetworkObject, PeerObject } from './lab-object.ts'

/** A swarm's manager counts from 4096, which its ingress network takes. */
const FIRST_VNI = 4097
/** [a-z0-9] */
const SWARM_ID_LENGTH = 25
const SWARM_ID_BASE = 36

/** The id of a network that several hosts know: as a swarm's manager makes them. */
export function swarmId(...parts: readonly string[]): string {
  return BigInt(`0x${labId(...parts)}`)
    .toString(SWARM_ID_BASE)
    .padStart(SWARM_ID_LENGTH, '0')
    .slice(-SWARM_ID_LENGTH)
}

/**
 * VXLAN ids of each overlay network, one a subnet: those that the file names, those of the last time, the next ones.
 *
 * @param before the option as it was
 */
export function overlayIds(
  { networks }: LabTopology,
  before: (network: NetworkSpec) => string | undefined,
): ReadonlyMap<string, string> {
  const overlays = networks.filter(({ driver }) => driver === 'overlay')
  const chosen = new Map<string, string>()
  const taken = new Set<number>()
  const take = ({ name }: NetworkSpec, vnis: readonly number[]): void => {
    for (const vni of vnis) taken.add(vni)
    chosen.set(name, vnis.join(','))
  }
  for (const network of overlays) {
    const written = vnisIn(network.options[VNI_OPTION])
    if (written.length > 0) take(network, written)
  }
  for (const network of overlays) {
    const had = vnisIn(before(network))
    const isKept = had.length === subnetCount(network) && !had.some((vni) => taken.has(vni))
    if (!chosen.has(network.name) && isKept) take(network, had)
  }
  for (const network of overlays) {
    if (!chosen.has(network.name)) take(network, nextFree(subnetCount(network), taken))
  }
  return chosen
}

/** What is no list of ids was complained about where drivers are checked. */
function vnisIn(option: string | undefined): readonly number[] {
  try {
    return readVnis(option)
  } catch {
    return []
  }
}

function subnetCount({ pools }: NetworkSpec): number {
  return Math.max(1, pools.length)
}

function nextFree(count: number, taken: ReadonlySet<number>): readonly number[] {
  const found: number[] = []
  for (let vni = FIRST_VNI; found.length < count; vni++) if (!taken.has(vni)) found.push(vni)
  return found
}

/** For each endpoint in an overlay network, what every other host of that network is told of it. */
export function resolvePeers(
  networks: readonly NetworkObject[],
  endpoints: readonly EndpointObject[],
): readonly PeerObject[] {
  const overlays = networks.filter(({ driver }) => driver === 'overlay')
  return endpoints.flatMap((endpoint) => {
    const own = overlays.find(({ name, host }) => name === endpoint.network && host === endpoint.host)
    if (own === undefined) return []
    const others = overlays.filter(({ networkId, host }) => networkId === own.networkId && host !== own.host)
    return others.flatMap((network) => peerObject(network, own, endpoint))
  })
}

function peerObject(
  { id, host, networkId }: NetworkObject,
  { vtep, pools }: NetworkObject,
  { id: endpoint, container, network, endpointId, ipv4, mac }: EndpointObject,
): readonly PeerObject[] {
  const address = ipv4 === undefined ? undefined : withPrefix(ipv4, pools)
  if (ipv4 === undefined || address === undefined || vtep === undefined) return []
  return [
    {
      kind: 'peer',
      id: `peer ${container} in ${network} at ${host}`,
      needs: [id, endpoint],
      host,
      container,
      network,
      networkId,
      endpointId,
      address,
      mac: mac ?? dockerMac(ipv4),
      vtep,
    },
  ]
}

function withPrefix(address: string, pools: NetworkObject['pools']): string | undefined {
  const ip = readIp(address)
  const subnet = pools.flatMap((pool) => readSubnet(pool.subnet) ?? []).find((each) => ip && isInside(each, ip))
  return subnet === undefined ? undefined : `${address}/${subnet.length}`
}
