import { TsnetError } from '../../errors.ts'
import { dictionary, list, number, object, pair, type Schema, text } from '../../model/schema.ts'
import { type AddressRange, AddressSet } from './address-set.ts'
import { bitsOf, type Cidr, formatCidr, formatIpNumber, isInside, parseCidr, parseIpNumber } from './cidr.ts'

/** What is kept of a pool over a restart; addresses as text. */
export interface StoredPool {
  readonly addressSpace: string
  /** CIDR. */
  readonly pool: string
  /** Sub-pool as CIDR (`''` = the whole pool) → how often it was requested and not given back. */
  readonly references: Readonly<Record<string, number>>
  /** Ranges of addresses that are not free, ascending. */
  readonly taken: readonly (readonly [first: string, last: string])[]
  /** Gateway address → how often it was requested and not given back. */
  readonly gateways: Readonly<Record<string, number>>
  /** The address that was last given out in serial order. */
  readonly lastSerial?: string
}

export const STORED_POOL: Schema<StoredPool> = object<StoredPool>(
  {
    addressSpace: text,
    pool: text,
    references: dictionary(number),
    taken: list(pair(text)),
    gateways: dictionary(number),
  },
  { lastSerial: text },
)

export interface AddressWish {
  /** Plain address; absent = any. */
  readonly address?: string
  /** Where any address comes from. */
  readonly range: Cidr
  /** Next after the last one, instead of the lowest that is free. */
  readonly serial: boolean
  /** May be shared by networks that have the pool in common. */
  readonly gateway: boolean
}

/** What one asker holds of a pool. */
export interface Holding {
  /** CIDR; `''` = the whole pool. */
  readonly subPool: string
  /** How often it was requested. */
  readonly references: number
  readonly addresses: readonly string[]
  /** As often as each was requested. */
  readonly gateways: readonly string[]
}

/** One block of addresses and who holds what of it. */
export class AddressPool {
  readonly addressSpace: string
  readonly cidr: Cidr
  readonly #references: Map<string, number>
  readonly #taken: AddressSet
  readonly #gateways: Map<string, number>
  #lastSerial: bigint | undefined

  constructor(stored: StoredPool) {
    this.addressSpace = stored.addressSpace
    this.cidr = parseCidr(stored.pool)
    this.#references = new Map(Object.entries(stored.references))
    this.#taken = new AddressSet(stored.taken.map(([first, last]) => [numberOf(first), numberOf(last)]))
    this.#gateways = new Map(Object.entries(stored.gateways))
    this.#lastSerial = stored.lastSerial === undefined ? undefined : numberOf(stored.lastSerial)
  }

  /** Nothing given out yet, but the addresses that no interface can have reserved. */
  static empty(addressSpace: string, cidr: Cidr): AddressPool {
    const taken = reservedOf(cidr).map((address): [string, string] => [address, address])
    return new AddressPool({ addressSpace, pool: formatCidr(cidr), references: {}, taken, gateways: {} })
  }

  /** The same pool with nothing given out but this. */
  holdingOnly(holdings: readonly Holding[]): AddressPool {
    const { lastSerial } = this.stored()
    const empty = AddressPool.empty(this.addressSpace, this.cidr).stored()
    const pool = new AddressPool({ ...empty, ...(lastSerial === undefined ? {} : { lastSerial }) })
    for (const { subPool, references, addresses, gateways } of holdings) {
      for (let count = 0; count < references; count++) pool.addReference(subPool)
      for (const address of gateways) pool.#hold(numberOf(address), true)
      for (const address of addresses) pool.#hold(numberOf(address), false)
    }
    return pool
  }

  stored(): StoredPool {
    const asText = (value: bigint) => formatIpNumber({ family: this.cidr.family, value })
    return {
      addressSpace: this.addressSpace,
      pool: formatCidr(this.cidr),
      references: Object.fromEntries(this.#references),
      taken: this.#taken.ranges.map(([first, last]: AddressRange) => [asText(first), asText(last)]),
      gateways: Object.fromEntries(this.#gateways),
      ...(this.#lastSerial === undefined ? {} : { lastSerial: asText(this.#lastSerial) }),
    }
  }

  /** Whether nobody holds it or a part of it. */
  get isUnused(): boolean {
    return this.#references.size === 0
  }

  isReferenced(subPool: string): boolean {
    return this.#references.has(subPool)
  }

  /** @param subPool CIDR; `''` = the whole pool */
  addReference(subPool: string): void {
    this.#references.set(subPool, (this.#references.get(subPool) ?? 0) + 1)
  }

  removeReference(subPool: string): void {
    decrement(this.#references, subPool)
  }

  /**
   * @returns a plain address
   * @throws TsnetError `failed` when it is taken, outside of the pool, or none is left
   */
  take(wish: AddressWish): string {
    return wish.address === undefined ? this.#takeAny(wish) : this.#takeThis(wish.address, wish.gateway)
  }

  /** No error when it is free. */
  release(address: string): void {
    const number = parseIpNumber(address)
    const plain = formatIpNumber(number)
    if (!isInside(this.cidr, number) || reservedOf(this.cidr).includes(plain)) return
    if (decrement(this.#gateways, plain) === 0) this.#taken.delete(number.value)
  }

  #takeAny({ range, serial, gateway }: AddressWish): string {
    const next = serial && this.#lastSerial !== undefined ? this.#lastSerial + 1n : range.first
    const start = next < range.first ? range.first : next
    const value = this.#taken.firstFree(start, range.last) ?? this.#taken.firstFree(range.first, range.last)
    if (value === undefined) {
      throw new TsnetError('failed', `address of ${formatCidr(range)}: no available addresses on this pool`, {
        hint: 'use a larger pool, or remove endpoints',
      })
    }
    if (serial) this.#lastSerial = value
    return this.#hold(value, gateway)
  }

  #takeThis(address: string, gateway: boolean): string {
    const number = parseIpNumber(address)
    const plain = formatIpNumber(number)
    if (!isInside(this.cidr, number)) {
      throw new TsnetError('failed', `address ${plain} of ${formatCidr(this.cidr)}: Requested address is out of range`)
    }
    const isShared = gateway && this.#gateways.has(plain)
    if (this.#taken.has(number.value) && !isShared) {
      throw new TsnetError('failed', `address ${plain} of ${formatCidr(this.cidr)}: Address already in use`)
    }
    return this.#hold(number.value, gateway)
  }

  #hold(value: bigint, gateway: boolean): string {
    const plain = formatIpNumber({ family: this.cidr.family, value })
    this.#taken.add(value)
    if (gateway) this.#gateways.set(plain, (this.#gateways.get(plain) ?? 0) + 1)
    return plain
  }
}

/**
 * Addresses that no interface can have: network and broadcast address, in IPv6 the subnet-router anycast address
 * (RFC 4291 2.6.1). Blocks of two (RFC 3021, RFC 6164) or one have none.
 */
function reservedOf({ family, first, last, length }: Cidr): string[] {
  if (bitsOf(family) - length < 2) return []
  const reserved = family === 4 ? [first, last] : [first]
  return reserved.map((value) => formatIpNumber({ family, value }))
}

/** @returns what is left of the count; 0 = the key is gone */
function decrement(counts: Map<string, number>, key: string): number {
  const left = (counts.get(key) ?? 1) - 1
  if (left > 0) counts.set(key, left)
  else counts.delete(key)
  return left
}

function numberOf(address: string): bigint {
  return parseIpNumber(address).value
}
