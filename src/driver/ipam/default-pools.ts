import { TsnetError } from '../../errors.ts'
import { bitsOf, type Cidr, cidrAt, overlaps, parseCidr } from './cidr.ts'

/** A block that default pools are cut from, in ascending order (dockerd's `default-address-pools`). */
export interface DefaultPool {
  /** CIDR. */
  readonly base: string
  /** Prefix length of the pools. */
  readonly size: number
}

/** Docker's for networks of one host: 31 pools. Source: libnetwork ipamutils. */
export const LOCAL_DEFAULT_POOLS: readonly DefaultPool[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/16', size: 16 },
  { base: '172.19.0.0/16', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/14', size: 16 },
  { base: '172.28.0.0/14', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
]

/** Docker's for networks of a swarm. */
export const GLOBAL_DEFAULT_POOLS: readonly DefaultPool[] = [{ base: '10.0.0.0/8', size: 24 }]

/**
 * The first pool of the list that overlaps none of `taken`; undefined = there is none left.
 *
 * @throws TsnetError `usage` for a list that cannot be
 */
export function choosePool(pools: readonly DefaultPool[], family: 4 | 6, taken: readonly Cidr[]): Cidr | undefined {
  for (const pool of pools) {
    const base = parseCidr(pool.base)
    if (pool.size < base.length || pool.size > bitsOf(base.family)) {
      throw new TsnetError('usage', `default pool ${pool.base}: cannot be cut into /${pool.size}`)
    }
    const chosen = base.family === family ? chooseFrom(base, pool.size, taken) : undefined
    if (chosen !== undefined) return chosen
  }
  return undefined
}

function chooseFrom(base: Cidr, length: number, taken: readonly Cidr[]): Cidr | undefined {
  const inTheWay = taken.filter((cidr) => overlaps(base, cidr)).sort((a, b) => (a.first < b.first ? -1 : 1))
  let candidate = cidrAt(base.family, base.first, length)
  for (const cidr of inTheWay) {
    // blocks may lie inside each other, so one further on can end before an earlier one
    if (!overlaps(candidate, cidr)) continue
    if (cidr.last >= base.last) return undefined
    candidate = cidrAt(base.family, cidr.last + 1n, length)
    if (candidate.first <= cidr.last) candidate = cidrAt(base.family, candidate.last + 1n, length)
  }
  return candidate.last <= base.last ? candidate : undefined
}
