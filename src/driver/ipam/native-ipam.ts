import { isDeepStrictEqual } from 'node:util'
import { TsnetError } from '../../errors.ts'
import { ObjectStore } from '../object-store.ts'
import { AddressPool, STORED_POOL, type StoredPool } from './address-pool.ts'
import { type Cidr, formatCidr, overlaps, parseCidr } from './cidr.ts'
import { choosePool, type DefaultPool, GLOBAL_DEFAULT_POOLS, LOCAL_DEFAULT_POOLS } from './default-pools.ts'
import {
  ADDRESS_TYPE_OPTION,
  type AddressRequest,
  type AddressSpaces,
  type AllocatedAddress,
  GATEWAY_OPTION,
  type HeldPool,
  type IpamCapabilities,
  type IpamDriver,
  type Pool,
  type PoolRequest,
  SERIAL_OPTION,
} from './ipam-driver.ts'

/** Docker's names of the two. */
export const ADDRESS_SPACES: AddressSpaces = { local: 'LocalDefault', global: 'GlobalDefault' }

export interface NativeIpamOptions {
  /** Folder of its own, where pools are kept over a restart. */
  readonly stateFolder: string
  /** What pools that nobody named are cut from; Docker's lists where absent. */
  readonly defaultPools?: { readonly local?: readonly DefaultPool[]; readonly global?: readonly DefaultPool[] }
}

/**
 * Pools and their addresses, given out as Docker's own IPAM does: the lowest that is free, or the next after the last
 * with {@link SERIAL_OPTION}; network and broadcast address never. Pool ids are `LocalDefault/10.0.0.0/16`, with
 * `/10.0.1.0/24` behind it for a sub-pool.
 *
 * All of it is on disk before an answer is given, so nothing has to be requested again after a restart. Asking again
 * for the gateway of a pool that has it already is no error but counts one more, like the pool itself: engines that
 * replay their requests get along, and so do macvlan networks that share a subnet.
 */
export class NativeIpam implements IpamDriver {
  readonly name = 'tsnet'
  readonly #store: ObjectStore<StoredPool>
  /** By the id of the whole pool. */
  readonly #pools = new Map<string, AddressPool>()
  readonly #defaultPools: Readonly<Record<string, readonly DefaultPool[]>>

  /** @throws TsnetError `input` when the state is unreadable */
  constructor({ stateFolder, defaultPools = {} }: NativeIpamOptions) {
    this.#defaultPools = {
      [ADDRESS_SPACES.local]: defaultPools.local ?? LOCAL_DEFAULT_POOLS,
      [ADDRESS_SPACES.global]: defaultPools.global ?? GLOBAL_DEFAULT_POOLS,
    }
    this.#store = new ObjectStore(stateFolder, STORED_POOL)
    for (const stored of this.#store.all().values()) {
      const pool = new AddressPool(stored)
      this.#pools.set(idOf(pool), pool)
    }
  }

  async capabilities(): Promise<IpamCapabilities> {
    return { requiresMacAddress: false, requiresRequestReplay: false }
  }

  async defaultAddressSpaces(): Promise<AddressSpaces> {
    return ADDRESS_SPACES
  }

  async requestPool(request: PoolRequest): Promise<Pool> {
    const { addressSpace, subPool } = request
    if (!Object.hasOwn(this.#defaultPools, addressSpace)) {
      throw new TsnetError('usage', `request pool: unknown address space ${JSON.stringify(addressSpace)}`)
    }
    const cidr = request.pool === undefined ? this.#chooseDefault(request) : wantedPool(request.pool, request.v6)
    const part = subPool === undefined ? undefined : partOf(cidr, subPool)
    const pool = this.#existing(addressSpace, cidr) ?? this.#create(addressSpace, cidr)
    const subName = part === undefined ? '' : formatCidr(part)
    pool.addReference(subName)
    this.#saveOr(pool, () => this.#dropReference(pool, subName))
    return { id: idOf(pool, subName), pool: formatCidr(cidr), data: {} }
  }

  async releasePool(poolId: string): Promise<void> {
    const found = this.#find(poolId)
    if (found === undefined) return
    this.#dropReference(found.pool, found.subPool)
    if (found.pool.isUnused) this.#store.delete(fileOf(found.pool))
    else this.#save(found.pool)
  }

  async requestAddress({ poolId, address, options }: AddressRequest): Promise<AllocatedAddress> {
    const found = this.#find(poolId)
    if (found === undefined) throw new TsnetError('failed', `request address: no pool ${JSON.stringify(poolId)}`)
    const { pool, subPool } = found
    const taken = pool.take({
      ...(address === undefined ? {} : { address }),
      range: subPool === '' ? pool.cidr : parseCidr(subPool),
      serial: options[SERIAL_OPTION] === 'true',
      gateway: options[ADDRESS_TYPE_OPTION] === GATEWAY_OPTION,
    })
    this.#saveOr(pool, () => pool.release(taken))
    return { address: `${taken}/${pool.cidr.length}`, data: {} }
  }

  async releaseAddress(poolId: string, address: string): Promise<void> {
    const pool = this.#find(poolId)?.pool
    if (pool === undefined) return
    pool.release(address)
    this.#save(pool)
  }

  async retain(held: readonly HeldPool[]): Promise<void> {
    for (const [id, pool] of [...this.#pools]) {
      const ofPool = held.filter(({ poolId }) => splitId(poolId).whole === id)
      const kept = pool.holdingOnly(ofPool.map((part) => ({ ...part, subPool: splitId(part.poolId).subPool })))
      if (isDeepStrictEqual(kept.stored(), pool.stored())) continue
      if (kept.isUnused) {
        this.#pools.delete(id)
        this.#store.delete(fileOf(pool))
      } else {
        this.#pools.set(id, kept)
        this.#save(kept)
      }
    }
  }

  #chooseDefault({ addressSpace, subPool, v6, avoid = [] }: PoolRequest): Cidr {
    if (subPool !== undefined) throw new TsnetError('usage', `request pool: sub-pool ${subPool} without its pool`)
    const taken = [...this.#poolsOf(addressSpace).map(({ cidr }) => cidr), ...avoid.map(parseCidr).filter(isNoDefault)]
    const chosen = choosePool(this.#defaultPools[addressSpace] ?? [], v6 ? 6 : 4, taken)
    if (chosen !== undefined) return chosen
    throw new TsnetError(
      'failed',
      `request pool: could not find an available, non-overlapping IPv${v6 ? 6 : 4} address pool among the defaults`,
      { hint: 'name the subnet, or remove networks that are not used' },
    )
  }

  #existing(addressSpace: string, cidr: Cidr): AddressPool | undefined {
    return this.#pools.get(`${addressSpace}/${formatCidr(cidr)}`)
  }

  #create(addressSpace: string, cidr: Cidr): AddressPool {
    const other = this.#poolsOf(addressSpace).find((pool) => overlaps(pool.cidr, cidr))
    if (other !== undefined) {
      throw new TsnetError(
        'failed',
        `request pool ${formatCidr(cidr)}: Pool overlaps with other one on this address space (${formatCidr(other.cidr)})`,
      )
    }
    const pool = AddressPool.empty(addressSpace, cidr)
    this.#pools.set(idOf(pool), pool)
    return pool
  }

  #poolsOf(addressSpace: string): AddressPool[] {
    return [...this.#pools.values()].filter((pool) => pool.addressSpace === addressSpace)
  }

  #find(poolId: string): { pool: AddressPool; subPool: string } | undefined {
    const { whole, subPool } = splitId(poolId)
    const pool = this.#pools.get(whole)
    return pool?.isReferenced(subPool) ? { pool, subPool } : undefined
  }

  #dropReference(pool: AddressPool, subPool: string): void {
    pool.removeReference(subPool)
    if (pool.isUnused) this.#pools.delete(idOf(pool))
  }

  /** What is not on disk was not given out. */
  #saveOr(pool: AddressPool, undo: () => void): void {
    try {
      this.#save(pool)
    } catch (error) {
      undo()
      throw error
    }
  }

  #save(pool: AddressPool): void {
    this.#store.put(fileOf(pool), pool.stored())
  }
}

function wantedPool(text: string, v6: boolean): Cidr {
  const cidr = parseCidr(text)
  if (v6 && cidr.family === 4) throw new TsnetError('usage', `request pool ${text}: IPv6 was asked for`)
  return cidr
}

function partOf(pool: Cidr, text: string): Cidr {
  const part = parseCidr(text)
  if (part.family === pool.family && pool.first <= part.first && part.last <= pool.last) return part
  throw new TsnetError('usage', `request pool ${formatCidr(pool)}: the sub-pool ${text} is not inside of it`)
}

/** A default route is in nobody's way. */
function isNoDefault({ length }: Cidr): boolean {
  return length > 0
}

function splitId(poolId: string): { whole: string; subPool: string } {
  const [space = '', address = '', length = '', ...sub] = poolId.split('/')
  return { whole: `${space}/${address}/${length}`, subPool: sub.join('/') }
}

function idOf({ addressSpace, cidr }: AddressPool, subPool = ''): string {
  return [addressSpace, formatCidr(cidr), ...(subPool === '' ? [] : [subPool])].join('/')
}

/** The two address spaces have no underscore in their names. */
function fileOf({ addressSpace, cidr }: AddressPool): string {
  return `${addressSpace}_${formatCidr(cidr).replace('/', '_')}`
}
