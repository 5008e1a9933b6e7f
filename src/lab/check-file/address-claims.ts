import { formatIpNumber } from '../../driver/ipam/cidr.ts'
import type { Path } from '../../model/file/problem.ts'
import { segmentBelow } from '../topology/macvlan-parent.ts'
import type { AttachmentSpec, LabTopology, NetworkSpec, NodeSpec } from '../topology/topology.ts'
import { readIp, readSubnetAddress } from './ip.ts'
import type { WrittenNames } from './written-names.ts'

/** Somebody has an address or a MAC among those that hear each other. */
export interface Claim {
  /** Who hear each other: on a segment, a VLAN of it, a bridge, a link. */
  readonly domain: string
  /** As written. */
  readonly text: string
  /** Canonical; undefined = it is no address. */
  readonly key: string | undefined
  readonly who: string
  readonly at: Path
}

/** The interfaces of hosts and routers: addresses with prefix lengths. */
export function interfaceClaims({ nodes, links }: LabTopology): readonly Claim[] {
  const attached = nodes.flatMap((node) => node.attachments.flatMap((attachment) => attachmentClaims(node, attachment)))
  const linked = links.flatMap(({ ends }, position) =>
    ends.flatMap(({ at, node, addresses }) =>
      addresses.map((text) => ownClaim(text, { domain: `link ${position}`, who: node, at: [...at, 'address'] })),
    ),
  )
  const exposed = nodes.flatMap(({ name, expose }) =>
    expose === undefined
      ? []
      : [
          ...expose.addresses.map((text) => ({ text, at: [...expose.at, 'address'] })),
          ...expose.peers.map((text) => ({ text, at: [...expose.at, 'peer'] })),
        ].map(({ text, at }) => ownClaim(text, { domain: `expose ${name}`, who: name, at })),
  )
  return [...attached, ...linked, ...exposed]
}

function attachmentClaims({ name }: NodeSpec, { at, segment, addresses, vlans }: AttachmentSpec): readonly Claim[] {
  return [
    ...addresses.map((text) => ownClaim(text, { domain: `segment ${segment}`, who: name, at })),
    ...vlans.flatMap((vlan) =>
      vlan.addresses.map((text) => ownClaim(text, { domain: `segment ${segment}.${vlan.id}`, who: name, at: vlan.at })),
    ),
  ]
}

function ownClaim(text: string, rest: Pick<Claim, 'domain' | 'who' | 'at'>): Claim {
  const read = readSubnetAddress(text)
  return { ...rest, text, key: read === undefined ? undefined : formatIpNumber(read.address) }
}

/** Addresses that containers ask for. */
export function endpointClaims({ containers }: LabTopology, names: WrittenNames): readonly Claim[] {
  return containers.flatMap(({ name, host, endpoints }) =>
    endpoints.flatMap(({ at, network: networkName, ipv4, ipv6 }) => {
      const network = names.networks.get(networkName)
      if (network === undefined) return []
      const domains = [domainOf(network, host, names), reservedDomain(network, host)]
      return [
        { text: ipv4, at: [...at, 'ipv4_address'] },
        { text: ipv6, at: [...at, 'ipv6_address'] },
      ].flatMap(({ text, at: place }) =>
        text === undefined ? [] : domains.map((domain) => plainClaim(text, { domain, who: name, at: place })),
      )
    }),
  )
}

/** Those that hear each other: the containers of a bridge; macvlan containers with what is on the segment. */
function domainOf(network: NetworkSpec, host: string, { interfaces }: WrittenNames): string {
  if (network.driver === 'overlay') return `overlay ${network.name}`
  const own = interfaces.get(host)
  return (own && segmentBelow(network, own)) ?? `network ${network.name} at ${host}`
}

/** Kept free in a network, though something on the segment below may well have it: the router of a macvlan network. */
function reservedDomain({ name }: NetworkSpec, host: string): string {
  return `reserved in ${name} at ${host}`
}

export function reservedClaims({ networks }: LabTopology): readonly Claim[] {
  return networks.flatMap((network) =>
    network.hosts.flatMap((host) =>
      network.pools.flatMap(({ at, gateway, auxAddresses }) => {
        const domain = reservedDomain(network, host)
        const auxiliary = Object.entries(auxAddresses).map(([name, text]) =>
          plainClaim(text, { domain, who: `the auxiliary address ${name}`, at: [...at, 'aux_addresses', name] }),
        )
        if (gateway === undefined) return auxiliary
        const who = `the gateway of ${network.name}`
        return [plainClaim(gateway, { domain, who, at: [...at, 'gateway'] }), ...auxiliary]
      }),
    ),
  )
}

function plainClaim(text: string, rest: Pick<Claim, 'domain' | 'who' | 'at'>): Claim {
  const read = readIp(text)
  return { ...rest, text, key: read === undefined ? undefined : formatIpNumber(read) }
}

export function macClaims({ nodes, links, containers }: LabTopology, names: WrittenNames): readonly Claim[] {
  const claim = (mac: string | undefined, domain: string, who: string, at: Path): readonly Claim[] =>
    mac === undefined ? [] : [{ domain, text: mac, key: mac, who, at: [...at, 'mac_address'] }]
  return [
    ...nodes.flatMap(({ name, attachments }) =>
      attachments.flatMap(({ at, segment, mac }) => claim(mac, `segment ${segment}`, name, at)),
    ),
    ...links.flatMap(({ ends }, position) =>
      ends.flatMap(({ at, node, mac }) => claim(mac, `link ${position}`, node, at)),
    ),
    ...containers.flatMap(({ name, host, endpoints }) =>
      endpoints.flatMap(({ at, network, mac }) => {
        const known = names.networks.get(network)
        return known === undefined ? [] : claim(mac, domainOf(known, host, names), name, at)
      }),
    ),
  ]
}
