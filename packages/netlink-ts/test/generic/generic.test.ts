import { expect, test } from 'vitest'
import {
  decodeEthtoolDriver,
  decodeEthtoolFeatures,
  decodeGenericFamily,
  decodeWireguardDevice,
  joinWireguardParts,
} from '../../src/index.ts'
import { fixture, messageOf } from '../helpers/hex.ts'

test('families give their number and multicast groups', () => {
  const families = fixture('generic/families.hex').map((bytes) => decodeGenericFamily(messageOf(bytes)))
  expect(families.find(({ name }) => name === 'nlctrl')).toMatchObject({ id: 16 })
  expect(families.find(({ name }) => name === 'ethtool')?.groups.has('monitor')).toBe(true)
})

test('an offload that was switched off is changeable and not active', () => {
  const links = fixture('generic/ethtool-features.hex').map((bytes) => decodeEthtoolFeatures(messageOf(bytes)))
  const va = links.find(({ name }) => name === 'va')
  expect(va?.changeable).toContain('rx-gro')
  expect(va?.active).not.toContain('rx-gro')
  expect(va?.active).toContain('tx-generic-segmentation')
  const lo = links.find(({ name }) => name === 'lo')
  expect(lo?.active).toContain('loopback')
  expect(lo?.changeable).not.toContain('loopback')
})

test('driver information is cut at the first NUL of each field', () => {
  const bytes = new Uint8Array(196)
  bytes.set(new TextEncoder().encode('veth'), 4)
  bytes.set(new TextEncoder().encode('1.0'), 36)
  bytes.set(new TextEncoder().encode('0000:00:03.0'), 100)
  expect(decodeEthtoolDriver(bytes)).toEqual({ driver: 'veth', version: '1.0', firmware: '', bus: '0000:00:03.0' })
  expect(() => decodeEthtoolDriver(bytes.subarray(0, 100))).toThrow('needs 196')
})

test('a WireGuard device gives peers, endpoints and allowed addresses, and no private or preshared key', () => {
  const parts = fixture('generic/wireguard.hex').map((bytes) => decodeWireguardDevice(messageOf(bytes)))
  const device = joinWireguardParts(parts)
  expect(device).toMatchObject({ name: 'wg0', listenPort: 51820, fwmark: 5 })
  expect(device.publicKey).toMatch(/^[A-Za-z0-9+/]{43}=$/)
  expect(device.peers).toMatchObject([
    {
      publicKey: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=',
      endpoint: { address: '192.0.2.9', port: 51820 },
      keepaliveS: 25,
      lastHandshakeS: 0,
      allowedIps: ['10.9.0.0/16', 'fd09::/64'],
    },
    { endpoint: { address: 'fd00::9', port: 4500 }, allowedIps: ['0.0.0.0/0'] },
  ])
  expect(Object.keys(device)).not.toContain('privateKey')
})

test('a peer whose allowed addresses continue in the next part stays one peer', () => {
  const [part] = fixture('generic/wireguard.hex').map((bytes) => decodeWireguardDevice(messageOf(bytes)))
  if (!part) throw new Error('the fixture is empty')
  const last = part.peers.slice(-1)
  const joined = joinWireguardParts([part, { ...part, peers: last }])
  expect(joined.peers).toHaveLength(part.peers.length)
  expect(joined.peers.at(-1)?.allowedIps).toEqual(['0.0.0.0/0', '0.0.0.0/0'])
})
