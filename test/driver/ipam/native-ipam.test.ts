import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  ADDRESS_TYPE_OPTION,
  GATEWAY_OPTION,
  type PoolRequest,
  SERIAL_OPTION,
} from '../../../src/driver/ipam/ipam-driver.ts'
import { NativeIpam } from '../../../src/driver/ipam/native-ipam.ts'
import { NullIpam } from '../../../src/driver/ipam/null-ipam.ts'

const GATEWAY = { [ADDRESS_TYPE_OPTION]: GATEWAY_OPTION }
const SERIAL = { [SERIAL_OPTION]: 'true' }

let stateFolder: string
let ipam: NativeIpam

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), 'tsnet-ipam-'))
  ipam = new NativeIpam({ stateFolder })
})

afterEach(() => rmSync(stateFolder, { recursive: true }))

function pool(fields: Partial<PoolRequest> = {}) {
  return ipam.requestPool({ addressSpace: 'LocalDefault', options: {}, v6: false, ...fields })
}

async function take(poolId: string, address?: string, options: Readonly<Record<string, string>> = {}) {
  return (await ipam.requestAddress({ poolId, options, ...(address === undefined ? {} : { address }) })).address
}

/** Takes until there is none left. */
async function takeAll(poolId: string): Promise<string[]> {
  const taken: string[] = []
  for (;;) {
    try {
      taken.push(await take(poolId))
    } catch {
      return taken
    }
  }
}

describe('pools', () => {
  test('have the id and the mask that Docker’s own have', async () => {
    expect(await pool({ pool: '10.0.0.0/24' })).toEqual({
      id: 'LocalDefault/10.0.0.0/24',
      pool: '10.0.0.0/24',
      data: {},
    })
    expect(await pool({ pool: '172.20.0.0/16', subPool: '172.20.3.0/24' })).toEqual({
      id: 'LocalDefault/172.20.0.0/16/172.20.3.0/24',
      pool: '172.20.0.0/16',
      data: {},
    })
    expect((await pool({ pool: 'fd00:0:0:1::/64', v6: true })).id).toBe('LocalDefault/fd00:0:0:1::/64')
  })

  test('of both address spaces do not see each other', async () => {
    const local = await pool({ pool: '10.0.0.0/24' })
    const global = await pool({ addressSpace: 'GlobalDefault' })
    expect(global.id).toBe('GlobalDefault/10.0.0.0/24')
    expect(await take(local.id)).toBe('10.0.0.1/24')
    expect(await take(global.id)).toBe('10.0.0.1/24')
  })

  test('that nobody named are the defaults that overlap neither pools nor what is to be avoided', async () => {
    await pool({ pool: '172.18.5.0/24' })
    const chosen = [await pool({ avoid: ['172.17.0.0/16', '0.0.0.0/0', '::/0'] }), await pool()]
    expect(chosen.map(({ pool: cidr }) => cidr)).toEqual(['172.19.0.0/16', '172.17.0.0/16'])
  })

  test('are gone when each reference is given back, and not before', async () => {
    const first = await pool({ pool: '10.0.0.0/24' })
    const second = await pool({ pool: '10.0.0.0/24' })
    expect(second).toEqual(first)
    await ipam.releasePool(first.id)
    expect(await take(first.id)).toBe('10.0.0.1/24')
    await ipam.releasePool(first.id)
    await expect(take(first.id)).rejects.toThrow('no pool "LocalDefault/10.0.0.0/24"')
    await ipam.releasePool(first.id)
    await pool({ pool: '10.0.0.0/16' })
  })

  test('hold on to the whole as long as a part is held, and the other way round', async () => {
    const whole = await pool({ pool: '10.0.0.0/16' })
    const part = await pool({ pool: '10.0.0.0/16', subPool: '10.0.9.0/24' })
    await ipam.releasePool(whole.id)
    await expect(take(whole.id)).rejects.toThrow('no pool')
    expect(await take(part.id)).toBe('10.0.9.0/16')
    await expect(pool({ pool: '10.0.0.0/17' })).rejects.toThrow('Pool overlaps with other one on this address space')
    await ipam.releasePool(part.id)
    await pool({ pool: '10.0.0.0/17' })
  })

  test.each<[string, Partial<PoolRequest>, string]>([
    ['a part of another', { pool: '10.5.0.0/24' }, 'Pool overlaps with other one on this address space (10.5.0.0/16)'],
    ['around another', { pool: '10.0.0.0/8' }, 'Pool overlaps with other one'],
    ['no CIDR', { pool: '10.0.0.0' }, 'pool 10.0.0.0: not a CIDR'],
    ['too long', { pool: '10.0.0.0/33' }, 'not a CIDR'],
    ['of the wrong family', { pool: '10.0.0.0/24', v6: true }, 'IPv6 was asked for'],
    ['with a part outside', { pool: '10.9.0.0/24', subPool: '10.9.1.0/25' }, 'is not inside of it'],
    ['with a part larger than it', { pool: '10.9.0.0/24', subPool: '10.9.0.0/16' }, 'is not inside of it'],
    ['a part of nothing', { subPool: '10.9.1.0/25' }, 'sub-pool 10.9.1.0/25 without its pool'],
    ['in an unknown space', { addressSpace: 'mars' }, 'unknown address space "mars"'],
    ['in a space that objects have by nature', { addressSpace: 'constructor' }, 'unknown address space'],
  ])('%s are refused', async (_, fields, reason) => {
    await pool({ pool: '10.5.0.0/16' })
    await expect(pool(fields)).rejects.toThrow(reason)
  })

  test('exhausted say so', async () => {
    for (let count = 0; count < 31; count++) await pool()
    await expect(pool()).rejects.toThrow('could not find an available, non-overlapping IPv4 address pool')
    await expect(pool({ v6: true })).rejects.toThrow('could not find an available, non-overlapping IPv6 address pool')
  })

  test('can be cut from other blocks than Docker’s', async () => {
    const mine = new NativeIpam({
      stateFolder: join(stateFolder, 'mine'),
      defaultPools: { local: [{ base: 'fd00:9::/32', size: 64 }] },
    })
    const given = await mine.requestPool({ addressSpace: 'LocalDefault', options: {}, v6: true })
    expect(given.pool).toBe('fd00:9::/64')
  })
})

describe('addresses', () => {
  test('are the lowest free ones, without network and broadcast address', async () => {
    const { id } = await pool({ pool: '10.0.0.0/29' })
    expect(await take(id, undefined, GATEWAY)).toBe('10.0.0.1/29')
    expect(await takeAll(id)).toEqual(['10.0.0.2/29', '10.0.0.3/29', '10.0.0.4/29', '10.0.0.5/29', '10.0.0.6/29'])
    await expect(take(id)).rejects.toThrow('no available addresses on this pool')
    await ipam.releaseAddress(id, '10.0.0.3')
    expect(await take(id)).toBe('10.0.0.3/29')
  })

  test('in serial order go on behind the last one and come round', async () => {
    const { id } = await pool({ pool: '10.0.0.0/29' })
    expect(await take(id, undefined, { ...GATEWAY, ...SERIAL })).toBe('10.0.0.1/29')
    expect(await take(id, undefined, SERIAL)).toBe('10.0.0.2/29')
    await ipam.releaseAddress(id, '10.0.0.2')
    expect(await take(id, undefined, SERIAL)).toBe('10.0.0.3/29')
    for (const last of [4, 5, 6, 2]) expect(await take(id, undefined, SERIAL)).toBe(`10.0.0.${last}/29`)
  })

  test('of a part come from there, yet one that is named may be anywhere in the whole', async () => {
    const { id } = await pool({ pool: '10.0.0.0/24', subPool: '10.0.0.64/30' })
    expect(await take(id, '10.0.0.200')).toBe('10.0.0.200/24')
    expect(await takeAll(id)).toEqual(['10.0.0.64/24', '10.0.0.65/24', '10.0.0.66/24', '10.0.0.67/24'])
  })

  test.each([
    ['10.0.0.0/31', ['10.0.0.0/31', '10.0.0.1/31']],
    ['10.0.0.7/32', ['10.0.0.7/32']],
    ['fd00::/126', ['fd00::1/126', 'fd00::2/126', 'fd00::3/126']],
    ['fd00::/127', ['fd00::/127', 'fd00::1/127']],
  ])('of the small pool %s are %s', async (cidr, expected) => {
    const { id } = await pool({ pool: cidr })
    expect(await takeAll(id)).toEqual(expected)
  })

  test.each([
    ['taken', '10.0.0.9', 'Address already in use'],
    ['the network’s', '10.0.0.0', 'Address already in use'],
    ['the broadcast address', '10.0.0.255', 'Address already in use'],
    ['outside', '10.0.1.1', 'Requested address is out of range'],
    ['of the other family', 'fd00::1', 'Requested address is out of range'],
    ['none', 'ten', 'not an IP address'],
    ['with a mask', '10.0.0.8/24', 'not an IP address'],
  ])('%s are refused', async (_, address, reason) => {
    const { id } = await pool({ pool: '10.0.0.0/24' })
    await take(id, '10.0.0.9')
    await expect(take(id, address)).rejects.toThrow(reason)
  })

  test('of the network and broadcast stay reserved although someone gives them back', async () => {
    const { id } = await pool({ pool: '10.0.0.0/30' })
    for (const address of ['10.0.0.0', '10.0.0.3', '10.9.9.9']) await ipam.releaseAddress(id, address)
    expect(await takeAll(id)).toEqual(['10.0.0.1/30', '10.0.0.2/30'])
  })

  test('of a gateway are counted, and endpoints never get one', async () => {
    const { id } = await pool({ pool: '10.0.0.0/29' })
    await take(id, '10.0.0.1', GATEWAY)
    await take(id, '10.0.0.1', GATEWAY)
    await ipam.releaseAddress(id, '10.0.0.1')
    await expect(take(id, '10.0.0.1')).rejects.toThrow('Address already in use')
    await ipam.releaseAddress(id, '10.0.0.1')
    expect(await take(id, '10.0.0.1')).toBe('10.0.0.1/29')
    await expect(take(id, '10.0.0.1', GATEWAY)).rejects.toThrow('Address already in use')
  })
})

describe('what is kept', () => {
  test('lets the next one go on where this one stopped', async () => {
    const { id } = await pool({ pool: '10.0.0.0/24', subPool: '10.0.0.64/26' })
    await pool({ pool: '10.0.0.0/24', subPool: '10.0.0.64/26' })
    const v6 = await pool({ pool: 'fd00:1::/64', v6: true })
    await take(id, '10.0.0.1', GATEWAY)
    await take(id, undefined, SERIAL)
    await take(v6.id)
    ipam = new NativeIpam({ stateFolder })
    expect(await take(id, undefined, SERIAL)).toBe('10.0.0.65/24')
    expect(await take(v6.id)).toBe('fd00:1::2/64')
    await expect(take(id, '10.0.0.1')).rejects.toThrow('Address already in use')
    await ipam.releasePool(id)
    expect(await take(id)).toBe('10.0.0.66/24')
    await ipam.releasePool(id)
    ipam = new NativeIpam({ stateFolder })
    await expect(take(id)).rejects.toThrow('no pool')
  })

  test('is small and quick for a /8 and a /64', async () => {
    const v4 = await pool({ pool: '10.0.0.0/8' })
    const v6 = await pool({ pool: 'fd00::/64', v6: true })
    await take(v4.id, '10.255.255.254')
    await take(v6.id, 'fd00::ffff:ffff:ffff:ffff')
    for (let count = 1; count <= 300; count++) {
      await take(v4.id)
      await take(v6.id)
    }
    expect(await take(v4.id)).toBe('10.0.1.45/8')
    expect(await take(v6.id)).toBe('fd00::12d/64')
  })

  test('that is unreadable is an error that names the file', () => {
    writeFileSync(join(stateFolder, 'LocalDefault_10.0.0.0_24.json'), '{"pool": 4}')
    expect(() => new NativeIpam({ stateFolder })).toThrow(/LocalDefault_10\.0\.0\.0_24\.json/)
  })
})

test('the null driver has one pool without addresses', async () => {
  const none = new NullIpam()
  const { local: addressSpace } = await none.defaultAddressSpaces()
  const request = { addressSpace, options: {}, v6: false }
  expect(await none.requestPool(request)).toEqual({ id: 'null/0.0.0.0/0', pool: '0.0.0.0/0', data: {} })
  expect((await none.requestPool({ ...request, v6: true })).pool).toBe('::/0')
  expect((await none.requestAddress()).address).toBe('')
  await expect(none.requestPool({ ...request, pool: '10.0.0.0/8' })).rejects.toThrow('no pools to choose from')
})
