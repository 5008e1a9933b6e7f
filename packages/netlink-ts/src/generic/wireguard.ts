import { formatAddress, formatIpv4, formatIpv6 } from '../address.ts'
import type { Attributes } from '../attribute.ts'
import { malformed } from '../error.ts'
import { AF } from '../libc.ts'
import type { Message } from '../message.ts'
import { u16, u16be, u64 } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import type { GenericFamily } from './family.ts'
import { genericAttributes, genericRequest } from './genetlink.ts'

/** linux/wireguard.h. The private key (3) and a peer's preshared key (2) are never read. */
export const WG_GENL_NAME = 'wireguard'
const WG_CMD_GET_DEVICE = 0
const WGDEVICE_A = { IFINDEX: 1, IFNAME: 2, PUBLIC_KEY: 4, LISTEN_PORT: 6, FWMARK: 7, PEERS: 8 } as const
const WGPEER_A = {
  PUBLIC_KEY: 1,
  ENDPOINT: 4,
  PERSISTENT_KEEPALIVE_INTERVAL: 5,
  LAST_HANDSHAKE_TIME: 6,
  RX_BYTES: 7,
  TX_BYTES: 8,
  ALLOWEDIPS: 9,
} as const
const WGALLOWEDIP_A = { IPADDR: 2, CIDR_MASK: 3 } as const

export interface WireguardDevice {
  /** ifindex. */
  readonly index: number
  readonly name: string
  /** Base64; absent while it has no key. */
  readonly publicKey: string | undefined
  /** UDP port. */
  readonly listenPort: number
  /** 0 = none. */
  readonly fwmark: number
  readonly peers: readonly WireguardPeer[]
}

export interface WireguardPeer {
  /** Base64. */
  readonly publicKey: string
  readonly endpoint: { readonly address: string; readonly port: number } | undefined
  /** 0 = off. */
  readonly keepaliveS: number
  /** Seconds since 1970; 0 = never. */
  readonly lastHandshakeS: number
  readonly rxBytes: number
  readonly txBytes: number
  /** CIDR. */
  readonly allowedIps: readonly string[]
}

/** One part of WG_CMD_GET_DEVICE's answer: a device with many peers comes in several. */
export function decodeWireguardDevice(message: Message): WireguardDevice {
  const attributes = genericAttributes(message)
  const index = attributes.u32(WGDEVICE_A.IFINDEX)
  if (index === undefined) throw malformed('wireguard device: ifindex is missing')
  return {
    index,
    name: attributes.string(WGDEVICE_A.IFNAME) ?? '',
    publicKey: keyOf(attributes, WGDEVICE_A.PUBLIC_KEY),
    listenPort: attributes.u16(WGDEVICE_A.LISTEN_PORT) ?? 0,
    fwmark: attributes.u32(WGDEVICE_A.FWMARK) ?? 0,
    peers: (attributes.nested(WGDEVICE_A.PEERS)?.nests() ?? []).map(decodePeer),
  }
}

function keyOf(attributes: Attributes, type: number): string | undefined {
  const view = attributes.view(type)
  return view && Buffer.from(view).toString('base64')
}

function decodePeer(peer: Attributes): WireguardPeer {
  const handshake = peer.offset(WGPEER_A.LAST_HANDSHAKE_TIME, 8)
  return {
    publicKey: keyOf(peer, WGPEER_A.PUBLIC_KEY) ?? '',
    endpoint: decodeEndpoint(peer),
    keepaliveS: peer.u16(WGPEER_A.PERSISTENT_KEEPALIVE_INTERVAL) ?? 0,
    lastHandshakeS: handshake === undefined ? 0 : u64(peer.bytes, handshake),
    rxBytes: peer.u64(WGPEER_A.RX_BYTES) ?? 0,
    txBytes: peer.u64(WGPEER_A.TX_BYTES) ?? 0,
    allowedIps: (peer.nested(WGPEER_A.ALLOWEDIPS)?.nests() ?? []).map(decodeAllowedIp),
  }
}

/** struct sockaddr_in or sockaddr_in6. */
function decodeEndpoint(peer: Attributes): WireguardPeer['endpoint'] {
  const at = peer.offset(WGPEER_A.ENDPOINT, 16)
  if (at === undefined) return undefined
  const { bytes } = peer
  const port = u16be(bytes, at + 2)
  if (u16(bytes, at) !== AF.INET6) return { address: formatIpv4(bytes, at + 4), port }
  return { address: formatIpv6(bytes, (peer.offset(WGPEER_A.ENDPOINT, 28) as number) + 8), port }
}

function decodeAllowedIp(allowed: Attributes): string {
  const view = allowed.view(WGALLOWEDIP_A.IPADDR)
  if (!view) throw malformed('wireguard allowed address: missing')
  return `${formatAddress(view, 0, view.length)}/${allowed.u8(WGALLOWEDIP_A.CIDR_MASK) ?? view.length * 8}`
}

/** A device with all its peers, by ifindex; `family` is that named {@link WG_GENL_NAME}. */
export function getWireguardDevice(socket: NetlinkSocket, family: GenericFamily, index: number): WireguardDevice {
  const request = genericRequest(family.id, {
    command: WG_CMD_GET_DEVICE,
    fill: (writer) => writer.u32Attribute(WGDEVICE_A.IFINDEX, index),
  })
  return joinWireguardParts(socket.dump(request, decodeWireguardDevice))
}

/** One device of its parts. A peer whose allowed addresses did not fit goes on in the next part. */
export function joinWireguardParts(parts: readonly WireguardDevice[]): WireguardDevice {
  const [device] = parts
  if (!device) throw malformed('wireguard device: no answer')
  const peers: WireguardPeer[] = []
  for (const peer of parts.flatMap((part) => part.peers)) {
    const last = peers.at(-1)
    if (last?.publicKey !== peer.publicKey) peers.push(peer)
    else peers[peers.length - 1] = { ...last, allowedIps: [...last.allowedIps, ...peer.allowedIps] }
  }
  return { ...device, peers }
}
