import { TsnetError } from '../../errors.ts'
import type { AddressRequest, AllocatedAddress, IpamDriver, Pool, PoolRequest } from '../ipam/ipam-driver.ts'
import { KeyedMutex } from './keyed-mutex.ts'

/** The IPAM drivers of a controller. Calls of one driver follow each other: what is free must not change meanwhile. */
export class IpamCalls {
  readonly #drivers: readonly IpamDriver[]
  readonly #mutex = new KeyedMutex()

  constructor(drivers: readonly IpamDriver[]) {
    this.#drivers = drivers
  }

  /** @param name absent = the first one @throws TsnetError `usage` when there is none */
  driver(name?: string): IpamDriver {
    const found = name === undefined ? this.#drivers[0] : this.#drivers.find((driver) => driver.name === name)
    if (found) return found
    throw new TsnetError('usage', `IPAM driver ${name ?? ''}: not known`, {
      hint: `known: ${this.#drivers.map((driver) => driver.name).join(', ')}`,
    })
  }

  all(): readonly IpamDriver[] {
    return this.#drivers
  }

  requestPool(driver: IpamDriver, request: PoolRequest): Promise<Pool> {
    return this.#mutex.run(driver.name, () => driver.requestPool(request))
  }

  releasePool(driver: IpamDriver, poolId: string): Promise<void> {
    return this.#mutex.run(driver.name, () => driver.releasePool(poolId))
  }

  requestAddress(driver: IpamDriver, request: AddressRequest): Promise<AllocatedAddress> {
    return this.#mutex.run(driver.name, () => driver.requestAddress(request))
  }

  releaseAddress(driver: IpamDriver, poolId: string, address: string): Promise<void> {
    return this.#mutex.run(driver.name, () => driver.releaseAddress(poolId, address))
  }
}
