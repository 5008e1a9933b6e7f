import type {
  ConntrackEntry,
  ConntrackTuple,
  FdbEntry,
  IpvsDestination,
  IpvsService,
  Neighbour,
  Route,
  Socket,
  XfrmPolicy,
  XfrmState,
} from './snapshot.ts'

/**
 * What tells an entry from all others of its table in its namespace, and stays the same from one snapshot to the next:
 * counters, states and what else changes by itself is no part of it.
 */

export function routeKey({ table, family, type, destination, from, metric, tos, link, gateway }: Route): string {
  return [table, family, type, destination, from, metric, tos, link, gateway].join('/')
}

export function neighbourKey({ link, address, proxy }: Pick<Neighbour, 'link' | 'address' | 'proxy'>): string {
  return `${link}/${address}/${proxy === true}`
}

export function fdbKey({ link, mac, vlan, master, destination, vni }: FdbEntry): string {
  return [link, mac, vlan, master, destination, vni].join('/')
}

/** The inode is 0 in TIME-WAIT, where nobody has the socket any more. */
export function socketKey({ protocol, inode, local, localPort, remote, remotePort }: Socket): string {
  return [protocol, inode, local, localPort, remote, remotePort].join('/')
}

/** Of a service alone what the keys of its destinations begin with. */
export function serviceKey(
  { family, protocol, address, port, fwmark }: IpvsService,
  destination?: Pick<IpvsDestination, 'address' | 'port'>,
): string {
  const service = fwmark === undefined ? [family, protocol, address, port] : [family, 'fwmark', fwmark]
  return [...service, ...(destination === undefined ? [] : [destination.address, destination.port])].join('/')
}

export function connectionKey({ protocol, original, zone }: ConntrackEntry): string {
  return [zone ?? 0, protocol, ...ends(original)].join('/')
}

function ends({ source, sourcePort, destination, destinationPort, icmpId }: ConntrackTuple) {
  return [source, sourcePort, destination, destinationPort, icmpId]
}

export function xfrmKey(object: XfrmState | XfrmPolicy): string {
  const { source, destination, mark } = object
  const own =
    'spi' in object
      ? [object.protocol, object.spi]
      : [object.direction, object.priority, object.protocol, object.sourcePort, object.destinationPort]
  return [source, destination, mark, ...own].join('/')
}
