import { TsnetError } from '../../../errors.ts'
import { list, number, object, oneOf, type Schema, text, yesNo } from '../../../model/schema.ts'
import { isInside, parseCidr, parseIpNumber } from '../../ipam/cidr.ts'
import type { NetworkConfig, StaticRoute } from '../../network-driver.ts'

/** An overlay network as each of its hosts knows it. */
export interface OverlayNetwork {
  readonly id: string
  readonly internal: boolean
  /** VXLAN between hosts goes in ESP. */
  readonly encrypted: boolean
  /** Bytes, of everything inside: what VXLAN and ESP leave of the MTU below. */
  readonly mtu: number
  /** One VXLAN segment each. */
  readonly subnets: readonly OverlaySubnet[]
}

export interface OverlaySubnet {
  /** CIDR. */
  readonly pool: string
  /** CIDR: the address of its bridge, with the prefix length of the pool. */
  readonly gateway: string
  readonly vni: number
}

/** A container of this host. */
export interface OverlayEndpoint {
  readonly id: string
  readonly networkId: string
  /** CIDR. */
  readonly address: string
  readonly mac: string
  /** Where the link for its sandbox was made, once it joined. */
  readonly madeIn?: 'host' | 'sandbox'
  /** Name that this link was made under. */
  readonly inner?: string
}

/** A container of another host: what an entry of Docker's `overlay_peer_table` says. */
export interface OverlayPeer {
  readonly networkId: string
  readonly endpointId: string
  /** CIDR. */
  readonly address: string
  readonly mac: string
  /** Plain address of its host: where VXLAN for it is sent. */
  readonly vtep: string
}

/** VXLAN ids, one a subnet: `4097,4098`. A swarm's manager gives them out from 4096 on. */
export const VNI_OPTION = 'com.docker.network.driver.overlay.vxlanid_list'
export const ENCRYPTED_OPTION = 'encrypted'
const MTU_OPTION = 'com.docker.network.driver.mtu'

/** linux/if_ether.h, and what moby's overlay driver takes off: outer IPv4, UDP, VXLAN and the inner Ethernet header. */
const ETHERNET_MTU = 1500
const VXLAN_OVERHEAD = 50
/** Room for ESP (moby: ov_network.go), and the multiple that its payload is padded to. */
const ESP_OVERHEAD = 26
const ESP_MULTIPLE = 4
const LARGEST_VNI = 2 ** 24 - 1

/** What the driver is asked for. @throws TsnetError `usage` */
export function overlayNetwork({ id, options, internal, ipv4 }: NetworkConfig): OverlayNetwork {
  if (ipv4.length === 0) throw new TsnetError('usage', 'overlay network: it needs an IPv4 subnet')
  const vnis = readVnis(options[VNI_OPTION])
  if (vnis.length < ipv4.length) {
    throw new TsnetError('usage', `overlay network: ${vnis.length} VXLAN ids for ${ipv4.length} subnets`, {
      hint: `option ${VNI_OPTION}: one a subnet, as a swarm's manager gives them out`,
    })
  }
  const encrypted = isEncrypted(options)
  return {
    id,
    internal,
    encrypted,
    mtu: overlayMtu(readMtu(options[MTU_OPTION]), encrypted),
    subnets: ipv4.map(({ pool, gateway }, position) => {
      if (gateway === undefined) throw new TsnetError('usage', `overlay network: ${pool} has no gateway`)
      return { pool, gateway, vni: vnis[position] ?? 0 }
    }),
  }
}

/** `--opt encrypted`, which needs no value. */
export function isEncrypted(options: Readonly<Record<string, string>>): boolean {
  const value = options[ENCRYPTED_OPTION]
  return value !== undefined && value !== 'false' && value !== '0'
}

/** What is left for containers. @param underlay bytes */
export function overlayMtu(underlay: number, encrypted: boolean): number {
  const plain = underlay - VXLAN_OVERHEAD
  if (!encrypted) return plain
  const left = plain - ESP_OVERHEAD
  return left - (left % ESP_MULTIPLE)
}

/** @throws TsnetError `usage` */
export function readVnis(value: string | undefined): readonly number[] {
  if (value === undefined || value === '') return []
  return value.split(',').map((each) => {
    const vni = /^\d{1,8}$/.test(each) ? Number(each) : 0
    if (vni >= 1 && vni <= LARGEST_VNI) return vni
    throw new TsnetError('usage', `option ${VNI_OPTION}=${value}: a VXLAN id is from 1 to ${LARGEST_VNI}`)
  })
}

function readMtu(value: string | undefined): number {
  if (value === undefined || value === '' || value === '0') return ETHERNET_MTU
  if (/^\d{1,5}$/.test(value)) return Number(value)
  throw new TsnetError('usage', `option ${MTU_OPTION}=${value}: not a number of bytes`)
}

/** Position of the subnet that an address is in; -1 = none. @param address CIDR or plain */
export function subnetOf({ subnets }: OverlayNetwork, address: string): number {
  const plain = parseIpNumber(address.replace(/\/.*/, ''))
  return subnets.findIndex(({ pool }) => isInside(parseCidr(pool), plain))
}

/** How a container reaches the other subnets of its network: by way of the bridge of its own. */
export function routesFrom({ subnets }: OverlayNetwork, own: number): readonly StaticRoute[] {
  const gateway = subnets[own]?.gateway.replace(/\/.*/, '')
  if (gateway === undefined) return []
  return subnets.filter((_, position) => position !== own).map(({ pool }) => ({ destination: pool, nextHop: gateway }))
}

export const STORED_NETWORK: Schema<OverlayNetwork> = object<OverlayNetwork>(
  {
    id: text,
    internal: yesNo,
    encrypted: yesNo,
    mtu: number,
    subnets: list(object<OverlaySubnet>({ pool: text, gateway: text, vni: number }, {})),
  },
  {},
)

export const STORED_ENDPOINT: Schema<OverlayEndpoint> = object<OverlayEndpoint>(
  { id: text, networkId: text, address: text, mac: text },
  { madeIn: oneOf('host', 'sandbox'), inner: text },
)

export const STORED_PEER: Schema<OverlayPeer> = object<OverlayPeer>(
  { networkId: text, endpointId: text, address: text, mac: text, vtep: text },
  {},
)
