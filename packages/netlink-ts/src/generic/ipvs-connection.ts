import { formatIpv4, formatIpv6, parseAddress } from '../address.ts'
import { malformed } from '../error.ts'

/** A connection through a virtual service. */
export interface IpvsConnection {
  /** `tcp`, `udp`, `sctp`, or `ip` for a persistence template of a firewall mark. */
  readonly protocol: string
  readonly client: string
  readonly clientPort: number
  readonly virtual: string
  readonly virtualPort: number
  readonly destination: string
  readonly destinationPort: number
  /** `ESTABLISHED`, `SYN_RECV`, `UDP`… */
  readonly state: string
  readonly expiresS: number
}

const COLUMNS = 9

/**
 * Text of /proc/net/ip_vs_conn (net/netfilter/ipvs/ip_vs_conn.c); netlink does not give the connections.
 * Throws `malformed` on a line that is no connection.
 */
export function parseIpvsConnections(table: string): IpvsConnection[] {
  const [, ...lines] = table.split('\n')
  return lines.filter((line) => line.trim() !== '').map(parseConnection)
}

function parseConnection(line: string): IpvsConnection {
  const columns = line.trim().split(/\s+/)
  if (columns.length < COLUMNS) throw malformed(`ip_vs_conn: ${JSON.stringify(line.slice(0, 200))}`)
  const [protocol, client, clientPort, virtual, virtualPort, destination, destinationPort, state, expires] =
    columns as [string, string, string, string, string, string, string, string, string]
  return {
    protocol: protocol.toLowerCase(),
    client: parseHexAddress(client),
    clientPort: parseNumber(clientPort, 16),
    virtual: parseHexAddress(virtual),
    virtualPort: parseNumber(virtualPort, 16),
    destination: parseHexAddress(destination),
    destinationPort: parseNumber(destinationPort, 16),
    state,
    expiresS: parseNumber(expires, 10),
  }
}

/** `0A000001`, or eight groups of four hexadecimal digits. */
function parseHexAddress(text: string): string {
  if (text.includes(':')) return formatIpv6(parseAddress(text), 0)
  if (!/^[0-9A-F]{8}$/i.test(text)) throw malformed(`ip_vs_conn: address ${JSON.stringify(text)}`)
  return formatIpv4(
    Uint8Array.from(text.match(/../g) as string[], (octet) => Number.parseInt(octet, 16)),
    0,
  )
}

function parseNumber(text: string, radix: 10 | 16): number {
  if (!(radix === 16 ? /^[0-9A-F]{1,4}$/i : /^\d{1,10}$/).test(text)) {
    throw malformed(`ip_vs_conn: number ${JSON.stringify(text)}`)
  }
  return Number.parseInt(text, radix)
}
