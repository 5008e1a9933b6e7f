import { describe, expect, test } from 'vitest'
import { dockerMac } from '../../../src/driver/docker-mac.ts'
import { bridgeSettings, SETTINGS_SCHEMA } from '../../../src/driver/networks/bridge/bridge-settings.ts'
import { networkConfig } from './bridge-build.ts'

const ID = '4f0a91c27b55d3e8a6610b2c9d7e8f90'
const config = (options: Readonly<Record<string, string>> = {}, more: Parameters<typeof networkConfig>[0] = {}) =>
  networkConfig({ id: ID, subnet: '10.1.0.0/24', options, ...more })

test("without options a network has Docker's defaults", () => {
  expect(bridgeSettings(config())).toEqual({
    bridge: 'br-4f0a91c27b55',
    named: false,
    icc: true,
    masquerade: true,
    internal: false,
    inhibitIpv4: false,
    containerPrefix: 'eth',
    hostBinding: '0.0.0.0',
    trustedInterfaces: [],
    ipv4: { subnet: '10.1.0.0/24', bridgeAddress: '10.1.0.1/24', gateway: '10.1.0.1', mode: 'nat' },
  })
})

test('every option of Docker is understood', () => {
  const settings = bridgeSettings(
    config(
      {
        'bridge.name': 'pets0',
        'bridge.enable_icc': 'false',
        'bridge.enable_ip_masquerade': '0',
        'bridge.host_binding_ipv4': '192.0.2.1',
        'bridge.inhibit_ipv4': 'T',
        'bridge.gateway_mode_ipv4': 'nat-unprotected',
        'bridge.gateway_mode_ipv6': 'routed',
        'bridge.trusted_host_interfaces': 'wg0:eth9',
        'driver.mtu': '1400',
        container_iface_prefix: 'foo',
        host_ipv4: '192.0.2.2',
        host_ipv6: '2001:db8::2',
        'something.else': 'is let through',
      },
      { subnet6: 'fd00:1::/64' },
    ),
  )
  expect(settings).toEqual({
    bridge: 'pets0',
    named: true,
    mtu: 1400,
    icc: false,
    masquerade: false,
    internal: false,
    inhibitIpv4: true,
    containerPrefix: 'foo',
    hostBinding: '192.0.2.1',
    trustedInterfaces: ['wg0', 'eth9'],
    ipv4: {
      subnet: '10.1.0.0/24',
      bridgeAddress: '10.1.0.1/24',
      gateway: '10.1.0.1',
      mode: 'nat-unprotected',
      snatTo: '192.0.2.2',
    },
    ipv6: {
      subnet: 'fd00:1::/64',
      bridgeAddress: 'fd00:1::1/64',
      gateway: 'fd00:1::1',
      mode: 'routed',
      snatTo: '2001:db8::2',
    },
  })
  expect(SETTINGS_SCHEMA(JSON.parse(JSON.stringify(settings)))).toBeUndefined()
})

test('an auxiliary address can be the gateway of the containers', () => {
  const plain = config()
  const [data] = plain.ipv4
  if (!data) throw new Error('no pool')
  const ipv4 = [{ ...data, auxAddresses: { DefaultGatewayIPv4: '10.1.0.254/24' } }]
  expect(bridgeSettings({ ...plain, ipv4 }).ipv4).toMatchObject({
    bridgeAddress: '10.1.0.1/24',
    gateway: '10.1.0.254',
  })
})

test('a network without a gateway gives its bridge no address', () => {
  const plain = config()
  const ipv4 = plain.ipv4.map(({ gateway: _, ...data }) => data)
  expect(bridgeSettings({ ...plain, ipv4 }).ipv4).toEqual({ subnet: '10.1.0.0/24', mode: 'nat' })
})

test('an isolated network gives the host no address, and must be internal', () => {
  const isolated = { 'bridge.gateway_mode_ipv4': 'isolated' }
  expect(bridgeSettings(config(isolated, { internal: true })).ipv4).toEqual({ subnet: '10.1.0.0/24', mode: 'isolated' })
  expect(() => bridgeSettings(config(isolated))).toThrow(/isolated is for internal networks/)
})

describe('what cannot be is refused:', () => {
  test.each([
    [{ 'bridge.enable_icc': 'maybe' }, /"maybe" is neither true nor false/],
    [{ 'bridge.name': 'a b' }, /cannot be the name of a link/],
    [{ 'bridge.name': 'br+' }, /cannot be the name of a link/],
    [{ 'bridge.name': '../../etc' }, /cannot be the name of a link/],
    [{ 'bridge.name': 'a23456789012345x' }, /cannot be the name of a link/],
    [{ 'bridge.trusted_host_interfaces': 'eth0:-j ACCEPT' }, /cannot be the name of a link/],
    [{ 'bridge.host_binding_ipv4': '::' }, /not an IPv4 address/],
    [{ host_ipv4: 'somewhere' }, /not an IP address/],
    [{ 'bridge.gateway_mode_ipv4': 'bridged' }, /bridged is none of/],
    [{ 'driver.mtu': '-1' }, /-1 cannot be/],
    [{ 'driver.mtu': '70000' }, /70000 cannot be/],
  ])('%j', (options, message) => {
    expect(() => bridgeSettings(config(options as Record<string, string>))).toThrow(message)
  })

  test('several subnets', () => {
    const plain = config()
    expect(() => bridgeSettings({ ...plain, ipv4: [...plain.ipv4, ...plain.ipv4] })).toThrow(
      /doesn't support multiple subnets/,
    )
  })

  test('no address family', () => {
    expect(() => bridgeSettings({ ...config(), enableIpv4: false })).toThrow(/neither IPv4 nor IPv6/)
  })
})

test("a MAC address is Docker's, of the IPv4 address or by chance", () => {
  expect(dockerMac('10.210.1.50')).toBe('02:42:0a:d2:01:32')
  expect(dockerMac('172.17.0.2')).toBe('02:42:ac:11:00:02')
  expect(dockerMac()).toMatch(/^02:42(:[0-9a-f]{2}){4}$/)
  expect(dockerMac()).not.toBe(dockerMac())
})
