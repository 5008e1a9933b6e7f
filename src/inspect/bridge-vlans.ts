import { type BridgeVlan, dumpBridgeVlans, type Link as KernelLink, type NetlinkSocket } from 'netlink-ts'
import type { Link, PortVlan } from '../model/snapshot.ts'

/** ifindex of a bridge port → its VLANs, ranges spread out. */
export type PortVlans = ReadonlyMap<number, readonly PortVlan[]>

const NONE: PortVlans = new Map()

/** The VLANs of bridge ports; asked only where a bridge filters them, for elsewhere they mean nothing. */
export function readPortVlans(socket: NetlinkSocket, links: readonly KernelLink[]): PortVlans {
  if (!links.some(({ info }) => info?.kind === 'bridge' && info.vlanFiltering)) return NONE
  const ports = new Map<number, PortVlan[]>()
  for (const range of dumpBridgeVlans(socket)) {
    ports.set(range.index, [...(ports.get(range.index) ?? []), ...spread(range)])
  }
  return ports
}

function spread({ first, last, pvid, untagged }: BridgeVlan): PortVlan[] {
  return Array.from({ length: last - first + 1 }, (_, position) => ({ id: first + position, pvid, untagged }))
}

/** A link with the VLANs of its port, if it is one. */
export function withPortVlans(link: Link, vlans: PortVlans): Link {
  const own = vlans.get(link.index)
  return link.port === undefined || own === undefined ? link : { ...link, port: { ...link.port, vlans: own } }
}
