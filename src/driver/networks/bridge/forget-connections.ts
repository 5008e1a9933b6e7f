import { type Conntrack, type ConntrackTuple, deleteConntrack, dumpConntrack, type Request } from 'netlink-ts'
import { Gatherer } from '../../firewall/gatherer.ts'
import { askKernel } from '../../kernel-failure.ts'
import type { NetworkHost } from '../../network-host.ts'

const IPPROTO_UDP = 17

type Matches = (connection: Conntrack) => boolean

/**
 * Makes the host forget connections. The kernel walks its whole table to list them, some milliseconds long, so what is
 * asked for at the same time is looked for in one listing.
 */
export class ConnectionForgetter {
  readonly #host: NetworkHost
  readonly #forgetting: Gatherer<Matches>

  constructor(host: NetworkHost) {
    this.#host = host
    this.#forgetting = new Gatherer(async (wanted) => this.#forgetAll(wanted))
  }

  /** The next container with such an address is not to get their packets, nor are they translated any more. */
  ofAddresses(addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return Promise.resolve()
    const gone = new Set(addresses)
    const has = ({ source, destination }: ConntrackTuple): boolean => gone.has(source) || gone.has(destination)
    return this.#forgetting.add(({ original, reply }) => has(original) || has(reply))
  }

  /**
   * A client that has been sending datagrams to a port before it was published has a connection that leads nowhere,
   * and keeps it as long as it goes on.
   */
  ofDatagramsTo(ports: readonly number[]): Promise<void> {
    if (ports.length === 0) return Promise.resolve()
    const published = new Set(ports)
    return this.#forgetting.add(
      ({ protocol, original }) => protocol === IPPROTO_UDP && published.has(original.destinationPort ?? 0),
    )
  }

  /** What ends by itself meanwhile, or cannot be named, is left to its own end. */
  #forgetAll(wanted: readonly Matches[]): unknown[] {
    const { netfilter } = this.#host
    const connections = askKernel('list connections', () => dumpConntrack(netfilter))
    netfilter.batch(connections.filter((one) => wanted.some((matches) => matches(one))).map(deletion))
    return []
  }
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
