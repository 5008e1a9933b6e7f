import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NetworkConfig } from '../../../src/driver/network-driver.ts'
import { aeadKey, spiOf } from '../../../src/driver/networks/overlay/overlay-key.ts'
import {
  overlayMtu,
  overlayNetwork,
  routesFrom,
  subnetOf,
  VNI_OPTION,
} from '../../../src/driver/networks/overlay/overlay-network.ts'
import { overlayRules } from '../../../src/driver/networks/overlay/overlay-rules.ts'

const SUBNETS = [
  { addressSpace: 'global', pool: '10.9.0.0/24', gateway: '10.9.0.1/24', auxAddresses: {} },
  { addressSpace: 'global', pool: '10.9.1.0/24', gateway: '10.9.1.1/24', auxAddresses: {} },
]
const configOf = (options: Record<string, string>, count = 1): NetworkConfig => ({
  id: 'xrvngt3kgt0000000000000000'.slice(0, 25),
  options,
  internal: false,
  enableIpv4: true,
  enableIpv6: false,
  ipv4: SUBNETS.slice(0, count),
  ipv6: [],
})

describe('the options of an overlay network', () => {
  test('name a VXLAN id for each subnet', () => {
    const network = overlayNetwork(configOf({ [VNI_OPTION]: '4101,4102' }, 2))
    expect(network.subnets.map(({ pool, vni }) => [pool, vni])).toEqual([
      ['10.9.0.0/24', 4101],
      ['10.9.1.0/24', 4102],
    ])
    expect(subnetOf(network, '10.9.1.7/24')).toBe(1)
    expect(subnetOf(network, '10.10.0.1')).toBe(-1)
    expect(routesFrom(network, 0)).toEqual([{ destination: '10.9.1.0/24', nextHop: '10.9.0.1' }])
  })

  test.each([
    ['too few ids', { [VNI_OPTION]: '4101' }, '1 VXLAN ids for 2 subnets'],
    ['none', {}, '0 VXLAN ids for 2 subnets'],
    ['an id that is none', { [VNI_OPTION]: '4101,x' }, 'a VXLAN id is from 1 to 16777215'],
    ['an id of more than 24 bits', { [VNI_OPTION]: '1,16777216' }, 'a VXLAN id is from 1 to 16777215'],
    ['id 0', { [VNI_OPTION]: '0,1' }, 'a VXLAN id is from 1 to 16777215'],
    ['an MTU that is none', { [VNI_OPTION]: '1,2', 'com.docker.network.driver.mtu': '1k' }, 'not a number of bytes'],
  ])('are refused with %s', (_, options, message) => {
    expect(() => overlayNetwork(configOf(options as Record<string, string>, 2))).toThrow(message)
  })

  test.each([
    [1500, false, 1450],
    [1500, true, 1424],
    [9000, false, 8950],
  ])('with an underlay of %i bytes, encrypted %s, leave containers %i', (underlay, encrypted, mtu) => {
    expect(overlayMtu(underlay, encrypted)).toBe(mtu)
  })

  test('ask for encryption by their being there', () => {
    const encrypted = (options: Record<string, string>) =>
      overlayNetwork(configOf({ [VNI_OPTION]: '5', ...options })).encrypted
    expect([encrypted({}), encrypted({ encrypted: '' }), encrypted({ encrypted: 'true' })]).toEqual([false, true, true])
    expect(encrypted({ encrypted: 'false' })).toBe(false)
  })
})

describe('the SPI of two hosts and a key', () => {
  test.each([
    [0xa8b, '10.250.0.1', '10.250.0.2', 0x8801_d647],
    [0xa8b, '10.250.0.2', '10.250.0.1', 0x0d34_21b3],
    [0xa8a, '10.250.0.2', '10.250.0.1', 0x999f_c36c],
    [0xa8c, '10.250.0.2', '10.250.0.1', 0x1cd4_7592],
  ])('is what an engine makes of key %i from %s to %s', (tag, source, destination, spi) => {
    expect(spiOf(source, destination, tag)).toBe(spi)
  })

  test('is a number of 32 bits, and another in the other direction', () => {
    const address = fc.ipV4()
    fc.assert(
      fc.property(address, address, fc.nat(0xffff_ffff), (a, b, tag) => {
        const spi = spiOf(a, b, tag)
        expect(Number.isInteger(spi) && spi >= 0 && spi <= 0xffff_ffff).toBe(true)
        if (a !== b) expect(spiOf(b, a, tag)).not.toBe(spi)
      }),
    )
  })

  test('is the salt of the key', () => {
    expect(Buffer.from(aeadKey('00'.repeat(16), 0x8801_d647)).toString('hex')).toBe(`${'00'.repeat(16)}8801d647`)
  })
})

test('the rules of an encrypted network mark what goes out and drop what comes in otherwise, 20.10 accepts the rest too', () => {
  const words = (layout: 'docker20' | 'docker28') =>
    overlayRules(4098, layout === 'docker20' ? 'u32' : 'bpf', layout).map(({ table, chain, place, words: rest }) =>
      [table, place, chain, ...rest].join(' '),
    )
  expect(words('docker20')).toEqual([
    'mangle last OUTPUT -p udp --dport 4789 -m u32 --u32 0>>22&0x3C@12&0xFFFFFF00=1049088 -j MARK --set-mark 13681891',
    'filter last INPUT -m policy --dir in --pol ipsec -p udp --dport 4789 -m u32 --u32 0>>22&0x3C@12&0xFFFFFF00=1049088 -j ACCEPT',
    'filter first INPUT -m policy --dir in --pol none -p udp --dport 4789 -m u32 --u32 0>>22&0x3C@12&0xFFFFFF00=1049088 -j DROP',
  ])
  expect(words('docker28')).toHaveLength(2)
  expect(words('docker28')[0]).toContain(
    '6,177 0 0 0,64 0 0 12,84 0 0 4294967040,21 1 0 1049088,6 0 0 0,6 0 0 4294967295',
  )
})
