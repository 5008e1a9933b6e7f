import { type BridgeVlan, dumpBridgeVlans, type Link as KernelLink, NETLINK } from 'netlink-ts'
import type { Link, PortVlan } from '../model/snapshot.ts'
import type { NamespaceSession } from './session.ts'

/** ifindex of a bridge port → its VLANs, ranges spread out. */
export type PortVlans = ReadonlyMap<number, readonly PortVlan[]>

const NONE: PortVlans = new Map()

/** The VLANs of bridge ports; asked only where a bridge filters them, for elsewhere they mean nothing. */
export function readPortVlans(session: NamespaceSession, links: readonly KernelLink[]): PortVlans {
  if (!links.some(({ info }) => info?.kind === 'bridge' && info.vlanFiltering)) return NONE
  return session.rows(dumpBridgeVlans(session.socket(NETLINK.ROUTE)), toPortVlans)
}

function toPortVlans(ranges: readonly BridgeVlan[]): PortVlans {
  const ports = new Map<number, PortVlan[]>()
  for (const range of ranges) {
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
