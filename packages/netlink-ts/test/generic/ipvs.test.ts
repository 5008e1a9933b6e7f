import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  decodeIpvsDaemon,
  decodeIpvsDestination,
  decodeIpvsService,
  decodeIpvsTimeouts,
  decodeIpvsVersion,
  encodeMessage,
  type GenericFamily,
  IP_VS_SVC_F,
  messageAt,
  newIpvsDestination,
  newIpvsService,
  parseIpvsConnections,
} from '../../src/index.ts'
import { fixture, messageOf } from '../helpers/hex.ts'

const services = fixture('generic/ipvs-services.hex').map((bytes) => decodeIpvsService(messageOf(bytes)))
const destinations = fixture('generic/ipvs-destinations.hex').map((bytes) => decodeIpvsDestination(messageOf(bytes)))
const FAMILY: GenericFamily = { id: 40, name: 'IPVS', version: 1, headerBytes: 0, maxAttribute: 0, groups: new Map() }

test('services by address, by mark, persistent, one-packet and IPv6', () => {
  const find = (port: number) => services.find((service) => service.port === port)
  expect(find(80)).toMatchObject({ family: 2, protocol: 6, address: '10.1.0.1', scheduler: 'rr', persistentS: 0 })
  expect(find(53)).toMatchObject({ protocol: 17, scheduler: 'wlc', persistentS: 300, netmask: '255.255.255.255' })
  expect((find(514)?.flags ?? 0) & IP_VS_SVC_F.ONEPACKET).not.toBe(0)
  expect(find(443)).toMatchObject({ family: 10, address: 'fd00::1', scheduler: 'sh', netmask: 128 })
  expect(services.find(({ fwmark }) => fwmark === 256)).toMatchObject({ address: undefined, scheduler: 'rr' })
  expect(find(80)?.counters?.connections).toBeGreaterThan(0)
})

test('destinations by every forwarding method', () => {
  const find = (address: string) => destinations.find((destination) => destination.address === address)
  expect(find('10.2.0.2')).toMatchObject({ port: 8080, forward: 'masq', weight: 3, tunnelType: undefined })
  expect(find('10.2.0.3')).toMatchObject({ port: 53, forward: 'route', weight: 1 })
  expect(find('10.2.0.4')).toMatchObject({ port: 0, forward: 'tunnel', weight: 5, tunnelType: 'ipip' })
  expect(find('10.2.0.5')).toMatchObject({ forward: 'tunnel', tunnelType: 'gue', tunnelPort: 6080 })
  expect(find('fd00::2')).toMatchObject({ family: 10, port: 8443, forward: 'masq', weight: 7 })
})

test('timeouts, version and synchronisation daemon', () => {
  const only = (path: string) => messageOf(fixture(path)[0] as Uint8Array)
  expect(decodeIpvsTimeouts(only('generic/ipvs-timeouts.hex'))).toEqual({ tcpS: 900, tcpFinS: 120, udpS: 300 })
  expect(decodeIpvsVersion(only('generic/ipvs-version.hex')).version).toBe('1.2.1')
  expect(decodeIpvsDaemon(only('generic/ipvs-daemons.hex'))).toEqual({
    state: 'master',
    interfaceName: 'd0',
    syncId: 7,
  })
})

test('connections come from the text of /proc/net/ip_vs_conn', () => {
  const text = readFileSync(new URL('../../../../fixtures/netlink/generic/ip_vs_conn.txt', import.meta.url), 'utf8')
  const v4 = parseIpvsConnections(text).find(({ virtual }) => virtual === '10.1.0.1')
  expect(v4).toMatchObject({ protocol: 'tcp', client: '10.1.0.1', virtualPort: 80, destinationPort: 8080 })
  const v6 = parseIpvsConnections(text).find(({ virtual }) => virtual === 'fd00::1')
  expect(v6).toMatchObject({ client: 'fd00::1', virtualPort: 443, destination: 'fd00::2', destinationPort: 8443 })
  expect(() => parseIpvsConnections('Pro\nTCP ZZZZZZZZ 1 2 3 4 5 6 7\n')).toThrow('ip_vs_conn')
})

test('what is encoded decodes to the same', () => {
  const key = { family: 10, protocol: 17, address: 'fd00::5', port: 53, fwmark: undefined }
  const encode = (request: ReturnType<typeof newIpvsService>) =>
    messageAt(encodeMessage(request.type, 0, request.fill ? { fill: request.fill } : {}), 0)
  const service = encode(newIpvsService(FAMILY, { key, scheduler: 'wrr', persistentS: 60 }))
  expect(decodeIpvsService(service)).toMatchObject({ ...key, scheduler: 'wrr', persistentS: 60, netmask: 128 })
  const destination = encode(
    newIpvsDestination(FAMILY, { service: key, address: 'fd00::6', port: 54, forward: 'tunnel', weight: 9 }),
  )
  expect(decodeIpvsDestination(destination)).toMatchObject({
    address: 'fd00::6',
    port: 54,
    forward: 'tunnel',
    weight: 9,
  })
})
