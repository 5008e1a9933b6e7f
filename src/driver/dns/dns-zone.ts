import { reverseName } from '../../kernel/dns/reverse-name.ts'
import type { DnsNetwork, DnsService } from './dns-network.ts'

export type AddressFamily = 4 | 6

/** The names of one network, indexed once for all sandboxes that are connected to it. */
export interface DnsZone {
  readonly name: string
  readonly kind: DnsNetwork['kind']
  readonly enableIpv6: boolean
  /** By name in lower case. */
  readonly addresses: ReadonlyMap<string, Readonly<Record<AddressFamily, readonly string[]>>>
  /** `2.0.20.10.in-addr.arpa` → container name. */
  readonly pointers: ReadonlyMap<string, string>
  readonly services: readonly DnsService[]
}

export function indexNetwork(network: DnsNetwork): DnsZone {
  const addresses = new Map<string, Record<AddressFamily, string[]>>()
  const pointers = new Map<string, string>()
  for (const record of network.records) {
    for (const name of record.names) addAddresses(addresses, name.toLowerCase(), record.addresses)
    if (record.pointer === undefined) continue
    for (const address of record.addresses) pointers.set(reverseName(address), record.pointer)
  }
  return {
    name: network.name,
    kind: network.kind,
    enableIpv6: network.enableIpv6,
    addresses,
    pointers,
    services: network.services ?? [],
  }
}

function addAddresses(
  index: Map<string, Record<AddressFamily, string[]>>,
  name: string,
  addresses: readonly string[],
): void {
  let found = index.get(name)
  if (!found) {
    found = { 4: [], 6: [] }
    index.set(name, found)
  }
  for (const address of addresses) {
    const list = found[address.includes(':') ? 6 : 4]
    // two services may have one address while the one takes over from the other
    if (!list.includes(address)) list.push(address)
  }
}
