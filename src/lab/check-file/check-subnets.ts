import { type Cidr, formatCidr, isInside, overlaps } from '../../driver/ipam/cidr.ts'
import type { Complaints, Path } from '../../model/file/problem.ts'
import type { LabTopology, NetworkSpec, NodeSpec, PoolSpec } from '../topology/topology.ts'
import { hasHostBits, isReservedIn, readIp, readSubnet, readSubnetAddress } from './ip.ts'

/** Subnets that are none, that overlap, or that do not hold what is said to be in them. */
export function checkSubnets(topology: LabTopology, complaints: Complaints): void {
  for (const { at, subnets, gateways } of topology.segments) {
    const read = subnets.map((text) => checkSubnet(text, [...at, 'subnet'], complaints))
    for (const gateway of gateways) checkInside(gateway, read, [...at, 'gateway'], complaints)
  }
  for (const network of topology.networks) {
    checkFamilies(network, complaints)
    for (const pool of network.pools) checkPool(pool, complaints)
  }
  for (const node of topology.nodes) checkOverlaps(topology, node, complaints)
}

function checkSubnet(text: string, at: Path, complaints: Complaints): Cidr | undefined {
  const subnet = readSubnet(text)
  if (subnet === undefined) complaints.error(at, `not a subnet: ${text}`)
  else if (hasHostBits(text)) complaints.error(at, `${text} has host bits set: the subnet is ${formatCidr(subnet)}`)
  return subnet
}

function checkInside(text: string, subnets: readonly (Cidr | undefined)[], at: Path, complaints: Complaints): void {
  const problem = placeProblem(text, subnets)
  if (problem !== undefined) complaints.error(at, problem)
}

/** Why an address is not one of these subnets; undefined ones are not known, and then neither is the answer. */
export function placeProblem(text: string, subnets: readonly (Cidr | undefined)[]): string | undefined {
  const address = readIp(text)
  if (address === undefined) return `not an address: ${text}`
  const known = subnets.filter((subnet) => subnet !== undefined)
  if (known.length < subnets.length || known.length === 0) return undefined
  const subnet = known.find((each) => isInside(each, address))
  if (subnet === undefined) return `${text} is outside of ${known.map(formatCidr).join(' and ')}`
  return isReservedIn(subnet, address) ? `${text} is the network or broadcast address of its subnet` : undefined
}

function checkPool({ at, subnet: text, gateway, ipRange, auxAddresses }: PoolSpec, complaints: Complaints): void {
  if (text === undefined) {
    if (gateway !== undefined) complaints.error([...at, 'gateway'], 'gateway needs its subnet')
    if (ipRange !== undefined) complaints.error([...at, 'ip_range'], 'ip_range needs its subnet')
    return
  }
  const subnet = checkSubnet(text, [...at, 'subnet'], complaints)
  if (gateway !== undefined) checkInside(gateway, [subnet], [...at, 'gateway'], complaints)
  for (const [name, address] of Object.entries(auxAddresses)) {
    checkInside(address, [subnet], [...at, 'aux_addresses', name], complaints)
  }
  const range = ipRange === undefined ? undefined : checkSubnet(ipRange, [...at, 'ip_range'], complaints)
  if (range === undefined || subnet === undefined) return
  if (range.family !== subnet.family || range.first < subnet.first || range.last > subnet.last) {
    complaints.error([...at, 'ip_range'], `${ipRange} is outside of ${formatCidr(subnet)}`)
  }
}

const SEVERAL_SUBNETS: ReadonlySet<string> = new Set(['macvlan', 'ipvlan', 'overlay'])

function checkFamilies({ at, driver, pools, ipv6 }: NetworkSpec, complaints: Complaints): void {
  if ((driver === 'host' || driver === 'none') && pools.length > 0) {
    complaints.error(pools[0]?.at ?? at, `the network ${driver} has no subnet`)
  }
  const v6 = pools.filter(({ subnet }) => subnet?.includes(':') === true)
  const v4 = pools.filter(({ subnet }) => subnet?.includes(':') !== true)
  if (ipv6 && v6.length === 0)
    complaints.error([...at, 'ipv6'], 'ipv6 needs an IPv6 subnet: there are no default pools of them')
  if (!ipv6 && v6.length > 0) complaints.error([...at, 'ipv6'], 'there is an IPv6 subnet, but ipv6 is false')
  if (SEVERAL_SUBNETS.has(driver)) return
  for (const pool of [...v4.slice(1), ...v6.slice(1)]) {
    complaints.error(pool.at, `the driver ${driver} takes one subnet of each family`)
  }
}

interface Use {
  readonly what: string
  readonly at: Path
  readonly subnet: Cidr
  readonly kind: 'interface' | 'bridge' | 'macvlan'
}

/** What one machine has routes to must be in one place; macvlan containers are on the segment of their host. */
function checkOverlaps(topology: LabTopology, node: NodeSpec, complaints: Complaints): void {
  const uses = [...interfaceUses(topology, node), ...networkUses(topology, node)]
  for (const [position, use] of uses.entries()) {
    const other = uses.slice(0, position).find((each) => overlaps(each.subnet, use.subnet) && !mayShare(each, use))
    if (other === undefined) continue
    const words = formatCidr(use.subnet) === formatCidr(other.subnet) ? 'is also that of' : 'overlaps'
    const known = words === 'overlaps' ? ` (${formatCidr(other.subnet)})` : ''
    complaints.error(use.at, `the subnet ${formatCidr(use.subnet)} ${words} ${other.what}${known}`)
  }
}

function mayShare(a: Use, b: Use): boolean {
  const kinds = [a.kind, b.kind]
  return kinds.includes('macvlan') && kinds.includes('interface')
}

function interfaceUses({ links }: LabTopology, node: NodeSpec): Use[] {
  const ends = links.flatMap((link) => link.ends.filter((end) => end.node === node.name))
  const places = [
    ...node.attachments.flatMap(({ at, segment, addresses, vlans }) => [
      { what: `segment ${segment}`, at, addresses },
      ...vlans.map((vlan) => ({
        what: `VLAN ${vlan.id} of segment ${segment}`,
        at: vlan.at,
        addresses: vlan.addresses,
      })),
    ]),
    ...ends.map(({ at, addresses }) => ({ what: 'a link', at, addresses })),
    ...(node.expose === undefined ? [] : [{ what: 'expose', at: node.expose.at, addresses: node.expose.addresses }]),
  ]
  return places.flatMap(({ what, at, addresses }) =>
    addresses.flatMap((text) => {
      const subnet = readSubnetAddress(text)?.subnet
      // a single address is no subnet that something else could be in
      if (subnet === undefined || subnet.first === subnet.last) return []
      return [{ what: `${what} at ${node.name}`, at, subnet, kind: 'interface' as const }]
    }),
  )
}

function networkUses({ networks }: LabTopology, { name: host }: NodeSpec): Use[] {
  return networks
    .filter(({ hosts }) => hosts.includes(host))
    .flatMap(({ name, driver, pools }) =>
      pools.flatMap(({ at, subnet: text }) => {
        const subnet = text === undefined ? undefined : readSubnet(text)
        if (subnet === undefined) return []
        const kind = driver === 'bridge' || driver === 'overlay' ? ('bridge' as const) : ('macvlan' as const)
        return [{ what: `network ${name}`, at: [...at, 'subnet'], subnet, kind }]
      }),
    )
}
