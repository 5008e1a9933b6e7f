import { TsnetError } from '../../errors.ts'
import type { AddressRequest, AllocatedAddress, Pool, PoolRequest } from '../ipam/ipam-driver.ts'
import type { WireAddress, WireAddressRequest, WirePool, WirePoolRequest } from './wire.ts'

export function decodePoolRequest({ AddressSpace, Pool, SubPool, Options, V6 }: WirePoolRequest): PoolRequest {
  return {
    addressSpace: AddressSpace,
    ...(Pool === '' ? {} : { pool: Pool }),
    ...(SubPool === '' ? {} : { subPool: SubPool }),
    options: Options,
    v6: V6,
  }
}

export function encodePoolRequest({ addressSpace, pool, subPool, options, v6 }: PoolRequest): WirePoolRequest {
  return { AddressSpace: addressSpace, Pool: pool ?? '', SubPool: subPool ?? '', Options: options, V6: v6 }
}

export function decodePool({ PoolID, Pool, Data }: WirePool): Pool {
  return { id: PoolID, pool: Pool, data: Data }
}

export function encodePool({ id, pool, data }: Pool): WirePool {
  return { PoolID: id, Pool: pool, Data: data }
}

/** @throws TsnetError `usage` for none */
export function decodePoolId({ PoolID }: { readonly PoolID: string }): string {
  if (PoolID === '') throw new TsnetError('usage', 'PoolID: is missing')
  return PoolID
}

export function decodeAddressRequest(wire: WireAddressRequest): AddressRequest {
  const { Address, Options } = wire
  return { poolId: decodePoolId(wire), ...(Address === '' ? {} : { address: Address }), options: Options }
}

export function encodeAddressRequest({ poolId, address, options }: AddressRequest): WireAddressRequest {
  return { PoolID: poolId, Address: address ?? '', Options: options }
}

export function decodeAddress({ Address, Data }: WireAddress): AllocatedAddress {
  return { address: Address, data: Data }
}

export function encodeAddress({ address, data }: AllocatedAddress): WireAddress {
  return { Address: address, Data: data }
}
