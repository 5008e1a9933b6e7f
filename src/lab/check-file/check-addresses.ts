import { formatCidr, isInside } from '../../driver/ipam/cidr.ts'
import type { Complaints } from '../../model/file/problem.ts'
import type { AttachmentSpec, EndpointSpec, LabTopology, NetworkSpec } from '../topology/topology.ts'
import { type Claim, endpointClaims, interfaceClaims, macClaims, reservedClaims } from './address-claims.ts'
import { placeProblem } from './check-subnets.ts'
import { isReservedIn, readIp, readSubnet, readSubnetAddress } from './ip.ts'
import type { WrittenNames } from './written-names.ts'

/** Addresses and MACs that are none, in the wrong place, or there twice among those that hear each other. */
export function checkAddresses(topology: LabTopology, names: WrittenNames, complaints: Complaints): void {
  const own = interfaceClaims(topology)
  for (const { text, at } of own) {
    const problem = ownProblem(text)
    if (problem !== undefined) complaints.error(at, problem)
  }
  for (const { attachments } of topology.nodes) {
    for (const attachment of attachments) checkAttachment(attachment, names, complaints)
  }
  for (const { endpoints } of topology.containers) {
    for (const endpoint of endpoints) checkEndpoint(endpoint, names.networks.get(endpoint.network), complaints)
  }
  const claims = [...own, ...reservedClaims(topology), ...endpointClaims(topology, names)]
  checkUnique([...claims, ...macClaims(topology, names)], complaints)
}

function checkUnique(claims: readonly Claim[], complaints: Complaints): void {
  const taken = new Map<string, Claim>()
  for (const claim of claims) {
    if (claim.key === undefined) continue
    const known = `${claim.domain} ${claim.key}`
    const other = taken.get(known)
    if (other === undefined) taken.set(known, claim)
    else complaints.error(claim.at, `${claim.text} belongs to ${other.who} already`)
  }
}

/** Of an interface's own address: never that of its subnet. */
function ownProblem(text: string): string | undefined {
  const read = readSubnetAddress(text)
  if (read === undefined) return `not an address with its prefix length: ${text}`
  return isReservedIn(read.subnet, read.address) ? `${text} is the network or broadcast address` : undefined
}

function checkAttachment(
  { at, segment, addresses }: AttachmentSpec,
  names: WrittenNames,
  complaints: Complaints,
): void {
  const subnets = (names.segments.get(segment)?.subnets ?? []).flatMap((text) => readSubnet(text) ?? [])
  if (subnets.length === 0) return
  for (const text of addresses) {
    const read = readSubnetAddress(text)
    if (read === undefined) continue
    const subnet = subnets.find((each) => isInside(each, read.address))
    if (subnet === undefined) complaints.error(at, `${text} is outside of ${subnets.map(formatCidr).join(' and ')}`)
    else if (subnet.length !== read.subnet.length) {
      complaints.error(at, `${text}: the subnet of the segment is ${formatCidr(subnet)}`)
    }
  }
}

function checkEndpoint(
  { at, ipv4, ipv6 }: EndpointSpec,
  network: NetworkSpec | undefined,
  complaints: Complaints,
): void {
  if (network === undefined) return
  const asked = [
    { key: 'ipv4_address', text: ipv4, family: 4 },
    { key: 'ipv6_address', text: ipv6, family: 6 },
  ] as const
  for (const { key, text, family } of asked) {
    const problem = text === undefined ? undefined : endpointProblem(text, family, network)
    if (problem !== undefined) complaints.error([...at, key], problem)
  }
}

function endpointProblem(text: string, family: 4 | 6, { driver, name, pools }: NetworkSpec): string | undefined {
  if (readIp(text)?.family !== family) return `not an IPv${family} address: ${text}`
  if (driver === 'host' || driver === 'none') return `there are no addresses in the network ${name}`
  const subnets = pools.flatMap(({ subnet }) => (subnet === undefined ? [] : [readSubnet(subnet)]))
  const ofFamily = subnets.filter((subnet) => subnet === undefined || subnet.family === family)
  if (ofFamily.length > 0) return placeProblem(text, ofFamily)
  return `an address can be chosen only where the network ${name} names its IPv${family} subnet`
}
