import { nameOf, type Wiring } from '../../model/wiring.ts'

/** Whose address it is, as seen from a namespace; undefined when nobody here has it, or too many do. */
export type NameOfAddress = (address: string) => string | undefined

const LOOPBACK = /^(?:127\.|::1$)/

/**
 * Names for the addresses of packets seen in one namespace: its own first, for subnets may be used twice, then that of
 * the one namespace which has the address.
 *
 * @param inode undefined = seen we do not know where
 */
export function addressNames(wiring: Wiring, inode: number | undefined): NameOfAddress {
  const known = new Map<string, string | undefined>()
  const here = inode === undefined ? undefined : wiring.namespace(inode)
  const find = (address: string): string | undefined => {
    if (LOOPBACK.test(address)) return here === undefined ? undefined : nameOf(here)
    const owners = [...new Set(wiring.whoHasAddress(address).map(({ namespace }) => namespace))]
    if (here !== undefined && owners.includes(here)) return nameOf(here)
    const [owner] = owners
    return owner !== undefined && owners.length === 1 ? nameOf(owner) : undefined
  }
  return (address) => {
    if (!known.has(address)) {
      if (known.size >= MOST_REMEMBERED) known.clear()
      known.set(address, find(address))
    }
    return known.get(address)
  }
}

const MOST_REMEMBERED = 10_000
