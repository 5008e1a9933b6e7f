import { dumpAddresses } from 'netlink-ts'
import type { NetworkHost } from '../../driver/network-host.ts'

/** Addresses of a namespace that others can reach it by, as they are now. */
export function ownAddresses({ route }: NetworkHost): string[] {
  return dumpAddresses(route)
    .filter(({ scope }) => scope === 'global')
    .map(({ address }) => address)
}
