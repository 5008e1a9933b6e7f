import { TsnetError } from '../../errors.ts'
import { ADDRESS_TYPE_OPTION, GATEWAY_OPTION, type IpamDriver, type Pool, SERIAL_OPTION } from '../ipam/ipam-driver.ts'
import type { AllocatedPool, IpamRequest, NetworkIpam, PoolSettings } from '../model.ts'
import type { IpamData } from '../network-driver.ts'
import type { UndoStack } from '../undo.ts'
import type { IpamCalls } from './ipam-calls.ts'

export interface PoolsWish {
  readonly ipam: IpamRequest
  readonly enableIpv4: boolean
  readonly enableIpv6: boolean
  readonly scope: 'local' | 'global'
  /** CIDRs that a default pool must not overlap. */
  readonly avoid: readonly string[]
}

export interface NetworkPools {
  readonly ipam: NetworkIpam
  readonly ipv4: readonly IpamData[]
  readonly ipv6: readonly IpamData[]
}

interface FamilyPool {
  readonly family: 4 | 6
  readonly settings: PoolSettings
}

/** Gets a network its subnets, gateways and reserved addresses. Every step is on `undo`. */
export async function requestPools(calls: IpamCalls, wish: PoolsWish, undo: UndoStack): Promise<NetworkPools> {
  const driver = calls.driver(wish.ipam.driver)
  const wanted = poolsOf(wish)
  const granted: { pool: AllocatedPool; data: IpamData }[] = []
  for (const each of wanted) granted.push(await requestOne(calls, driver, { ...each, wish, undo }))
  const dataOf = (family: 4 | 6) => granted.filter(({ pool }) => pool.family === family).map(({ data }) => data)
  return {
    ipam: { driver: driver.name, options: wish.ipam.options ?? {}, pools: granted.map(({ pool }) => pool) },
    ipv4: dataOf(4),
    ipv6: dataOf(6),
  }
}

/** Gives everything back, in the reverse order. Repeating it is no error. */
export async function releasePools(calls: IpamCalls, ipam: NetworkIpam): Promise<void> {
  const driver = calls.driver(ipam.driver)
  for (const { id, gateway, reserved } of [...ipam.pools].reverse()) {
    const addresses = [...reserved, ...(gateway === undefined ? [] : [gateway])]
    for (const address of addresses) await calls.releaseAddress(driver, id, address)
    await calls.releasePool(driver, id)
  }
}

/** Requests again what a network has, from a driver that forgets it with each start. */
export async function replayPools(calls: IpamCalls, ipam: NetworkIpam, scope: 'local' | 'global'): Promise<void> {
  const driver = calls.driver(ipam.driver)
  for (const { id, family, addressSpace, pool, subPool, gateway, reserved } of ipam.pools) {
    const request = { addressSpace, pool, options: ipam.options, v6: family === 6 }
    await calls.requestPool(driver, { ...request, ...(subPool === undefined ? {} : { subPool }) })
    const gateways = gateway === undefined ? [] : [gateway]
    for (const address of gateways) {
      await calls.requestAddress(driver, { poolId: id, address, options: gatewayOptions(scope) })
    }
    for (const address of reserved) await calls.requestAddress(driver, { poolId: id, address, options: {} })
  }
}

/** What goes with every request for an address of a network. */
export function scopeOptions(scope: 'local' | 'global'): Record<string, string> {
  return scope === 'global' ? { [SERIAL_OPTION]: 'true' } : {}
}

function gatewayOptions(scope: 'local' | 'global'): Record<string, string> {
  return { ...scopeOptions(scope), [ADDRESS_TYPE_OPTION]: GATEWAY_OPTION }
}

function poolsOf({ ipam, enableIpv4, enableIpv6 }: PoolsWish): FamilyPool[] {
  const given = (ipam.pools ?? []).map((settings): FamilyPool => ({ settings, family: familyOf(settings, enableIpv4) }))
  for (const { settings } of given) checkSettings(settings)
  const wanted: FamilyPool[] = []
  for (const [family, enabled] of [
    [4, enableIpv4],
    [6, enableIpv6],
  ] as const) {
    const own = given.filter((pool) => pool.family === family)
    const [first] = own
    if (first && !enabled) {
      throw new TsnetError('usage', `pool ${first.settings.subnet ?? ''}: IPv${family} is off in this network`)
    }
    if (enabled) wanted.push(...(first ? own : [{ family, settings: {} }]))
  }
  return wanted
}

function familyOf({ subnet, gateway }: PoolSettings, enableIpv4: boolean): 4 | 6 {
  const text = subnet ?? gateway
  if (text === undefined) return enableIpv4 ? 4 : 6
  return text.includes(':') ? 6 : 4
}

function checkSettings({ subnet, ipRange, auxAddresses = {} }: PoolSettings): void {
  if (subnet !== undefined || (ipRange === undefined && Object.keys(auxAddresses).length === 0)) return
  throw new TsnetError('usage', 'pool: every ip-range or auxiliary address must have a corresponding subnet')
}

interface OneRequest extends FamilyPool {
  readonly wish: PoolsWish
  readonly undo: UndoStack
}

async function requestOne(
  calls: IpamCalls,
  driver: IpamDriver,
  { family, settings, wish, undo }: OneRequest,
): Promise<{ pool: AllocatedPool; data: IpamData }> {
  const spaces = await driver.defaultAddressSpaces()
  const addressSpace = spaces[wish.scope]
  const { subnet, ipRange } = settings
  const pool = await calls.requestPool(driver, {
    addressSpace,
    ...(subnet === undefined ? {} : { pool: subnet }),
    ...(ipRange === undefined ? {} : { subPool: ipRange }),
    options: wish.ipam.options ?? {},
    v6: family === 6,
    avoid: wish.avoid,
  })
  undo.add(`pool ${pool.pool}`, () => calls.releasePool(driver, pool.id))
  const take = async (address: string | undefined, options: Record<string, string>): Promise<string> => {
    const wished = address === undefined ? {} : { address }
    const { address: cidr } = await calls.requestAddress(driver, { poolId: pool.id, ...wished, options })
    if (cidr !== '') undo.add(`address ${cidr}`, () => calls.releaseAddress(driver, pool.id, plain(cidr)))
    return cidr
  }
  const gateway = await gatewayOf(pool, settings, (address) => take(address, gatewayOptions(wish.scope)))
  const auxAddresses: Record<string, string> = {}
  for (const [name, address] of Object.entries(settings.auxAddresses ?? {}))
    auxAddresses[name] = await take(address, {})
  return {
    pool: {
      id: pool.id,
      family,
      addressSpace,
      pool: pool.pool,
      ...(ipRange === undefined ? {} : { subPool: ipRange }),
      chosen: subnet !== undefined,
      ...(gateway.requested && gateway.cidr !== '' ? { gateway: plain(gateway.cidr) } : {}),
      reserved: Object.values(auxAddresses).map(plain),
    },
    data: {
      addressSpace,
      pool: pool.pool,
      ...(gateway.cidr === '' ? {} : { gateway: gateway.cidr }),
      auxAddresses,
    },
  }
}

/** An IPAM driver may say itself which gateway a pool has; then it is not requested. */
async function gatewayOf(
  pool: Pool,
  { gateway }: PoolSettings,
  request: (address: string | undefined) => Promise<string>,
): Promise<{ cidr: string; requested: boolean }> {
  const chosen = pool.data[GATEWAY_OPTION]
  if (gateway === undefined && chosen !== undefined) return { cidr: chosen, requested: false }
  return { cidr: await request(gateway), requested: true }
}

function plain(cidr: string): string {
  return cidr.replace(/\/.*/, '')
}
