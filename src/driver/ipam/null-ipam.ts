import { TsnetError } from '../../errors.ts'
import type { AddressSpaces, AllocatedAddress, IpamCapabilities, IpamDriver, Pool, PoolRequest } from './ipam-driver.ts'

const ADDRESS_SPACE = 'null'

/**
 * `--ipam-driver null`: networks without addresses. One pool that is all there is, and from which an empty address
 * is given, to gateways as well.
 */
export class NullIpam implements IpamDriver {
  readonly name = 'null'

  async capabilities(): Promise<IpamCapabilities> {
    return { requiresMacAddress: false, requiresRequestReplay: false }
  }

  async defaultAddressSpaces(): Promise<AddressSpaces> {
    return { local: ADDRESS_SPACE, global: ADDRESS_SPACE }
  }

  async requestPool({ addressSpace, pool, subPool, v6 }: PoolRequest): Promise<Pool> {
    if (addressSpace !== ADDRESS_SPACE) {
      throw new TsnetError('usage', `request pool: unknown address space ${JSON.stringify(addressSpace)}`)
    }
    if (pool !== undefined || subPool !== undefined) {
      throw new TsnetError('usage', `request pool ${pool ?? subPool}: the null IPAM has no pools to choose from`)
    }
    const everything = v6 ? '::/0' : '0.0.0.0/0'
    return { id: `${ADDRESS_SPACE}/${everything}`, pool: everything, data: {} }
  }

  async releasePool(): Promise<void> {}

  async requestAddress(): Promise<AllocatedAddress> {
    return { address: '', data: {} }
  }

  async releaseAddress(): Promise<void> {}
}
