import { TsnetError } from '../../errors.ts'
import { isInside, parseCidr, parseIpNumber } from '../ipam/cidr.ts'
import { type IpamDriver, MAC_ADDRESS_OPTION } from '../ipam/ipam-driver.ts'
import type { AddressLease, AllocatedPool, Network } from '../model.ts'
import type { UndoStack } from '../undo.ts'
import type { IpamCalls } from './ipam-calls.ts'
import { scopeOptions } from './network-pools.ts'

export interface AddressesWish {
  /** Plain addresses; absent = any. */
  readonly ipv4?: string
  readonly ipv6?: string
  /** For IPAM drivers that want it. */
  readonly mac?: string
}

export interface LeasedAddresses {
  /** CIDR; absent where the network has none of that family. */
  readonly address?: string
  readonly addressIpv6?: string
  readonly leases: readonly AddressLease[]
}

/** Gets an endpoint its addresses. Every step is on `undo`. */
export async function leaseAddresses(
  calls: IpamCalls,
  network: Network,
  { wish, undo }: { readonly wish: AddressesWish; readonly undo: UndoStack },
): Promise<LeasedAddresses> {
  const driver = calls.driver(network.ipam.driver)
  const options = {
    ...scopeOptions(network.scope),
    ...(wish.mac === undefined ? {} : { [MAC_ADDRESS_OPTION]: wish.mac }),
  }
  const leases: AddressLease[] = []
  const lease = async (family: 4 | 6, address: string | undefined): Promise<string | undefined> => {
    const pools = network.ipam.pools.filter((pool) => pool.family === family)
    if (pools.length === 0) return refuseWithoutPool(network, family, address)
    const taken = await takeFromFirst(calls, driver, { pools: poolsFor(pools, address), address, options })
    if (taken === undefined) return undefined
    leases.push(taken.lease)
    undo.add(`address ${taken.cidr}`, () => calls.releaseAddress(driver, taken.lease.poolId, taken.lease.address))
    return taken.cidr
  }
  const ipv4 = await lease(4, wish.ipv4)
  const ipv6 = await lease(6, wish.ipv6)
  return {
    ...(ipv4 === undefined ? {} : { address: ipv4 }),
    ...(ipv6 === undefined ? {} : { addressIpv6: ipv6 }),
    leases,
  }
}

/** Repeating it is no error. */
export async function releaseLeases(
  calls: IpamCalls,
  network: Network,
  leases: readonly AddressLease[],
): Promise<void> {
  const driver = calls.driver(network.ipam.driver)
  for (const { poolId, address } of leases) await calls.releaseAddress(driver, poolId, address)
}

/** Requests again what an endpoint has, from a driver that forgets it with each start. */
export async function replayLeases(
  calls: IpamCalls,
  network: Network,
  { leases, mac }: { readonly leases: readonly AddressLease[]; readonly mac: string | undefined },
): Promise<void> {
  const driver = calls.driver(network.ipam.driver)
  const options = { ...scopeOptions(network.scope), ...(mac === undefined ? {} : { [MAC_ADDRESS_OPTION]: mac }) }
  for (const { poolId, address } of leases) await calls.requestAddress(driver, { poolId, address, options })
}

function refuseWithoutPool(network: Network, family: 4 | 6, address: string | undefined): undefined {
  if (address === undefined) return undefined
  throw new TsnetError('usage', `address ${address}: network ${network.name} has no IPv${family}`)
}

/** An address may be chosen only where the subnet was: one that Docker picks may be another tomorrow. */
function poolsFor(pools: readonly AllocatedPool[], address: string | undefined): readonly AllocatedPool[] {
  if (address === undefined) return pools
  if (!pools.some(({ chosen }) => chosen)) {
    throw new TsnetError(
      'usage',
      `address ${address}: user specified IP address is supported only when connecting to networks with user configured subnets`,
    )
  }
  const wanted = parseIpNumber(address)
  const containing = pools.filter(({ pool }) => isInside(parseCidr(pool), wanted))
  if (containing.length > 0) return containing
  throw new TsnetError('failed', `address ${address}: no available addresses: it is in no subnet of the network`)
}

async function takeFromFirst(
  calls: IpamCalls,
  driver: IpamDriver,
  wish: {
    readonly pools: readonly AllocatedPool[]
    readonly address: string | undefined
    readonly options: Readonly<Record<string, string>>
  },
): Promise<{ lease: AddressLease; cidr: string } | undefined> {
  let failure: unknown
  for (const { id } of wish.pools) {
    try {
      const request = {
        poolId: id,
        options: wish.options,
        ...(wish.address === undefined ? {} : { address: wish.address }),
      }
      const { address: cidr } = await calls.requestAddress(driver, request)
      if (cidr === '') return undefined
      return { cidr, lease: { poolId: id, address: cidr.replace(/\/.*/, '') } }
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}
