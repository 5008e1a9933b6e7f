import { type Conntrack, type ConntrackTuple, deleteConntrack, dumpConntrack, type Request } from 'netlink-ts'
import { askKernel } from '../../kernel-failure.ts'
import type { NetworkHost } from '../../network-host.ts'

const IPPROTO_UDP = 17

/**
 * Makes the host forget the connections of addresses that go: the next container with such an address is not to get
 * their packets, nor are they translated any more.
 */
export function forgetConnectionsOf(host: NetworkHost, addresses: readonly string[]): void {
  const gone = new Set(addresses)
  const has = ({ source, destination }: ConntrackTuple): boolean => gone.has(source) || gone.has(destination)
  forget(host, ({ original, reply }) => has(original) || has(reply))
}

/**
 * A client that has been sending datagrams to a port before it was published has a connection that leads nowhere, and
 * keeps it as long as it goes on.
 */
export function forgetDatagramsTo(host: NetworkHost, ports: readonly number[]): void {
  const published = new Set(ports)
  if (published.size === 0) return
  forget(host, ({ protocol, original }) => protocol === IPPROTO_UDP && published.has(original.destinationPort ?? 0))
}

/** What ends by itself meanwhile, or cannot be named, is left to its own end. */
function forget(host: NetworkHost, matches: (connection: Conntrack) => boolean): void {
  const found = askKernel('list connections', () => dumpConntrack(host.netfilter)).filter(matches)
  host.netfilter.batch(found.map(deletion))
}

function deletion({ original, zone, id }: Conntrack): Request {
  const { source, destination, protocol, ...rest } = original
  const fields = ['sourcePort', 'destinationPort', 'icmpType', 'icmpCode', 'icmpId'] as const
  const known = Object.fromEntries(fields.flatMap((field) => (rest[field] === undefined ? [] : [[field, rest[field]]])))
  return deleteConntrack({
    original: { source, destination, protocol, ...known },
    ...(zone === undefined ? {} : { zone }),
    ...(id === undefined ? {} : { id }),
  })
}
