import { decodeIpvsDestination, decodeIpvsService } from 'netlink-ts'
import { expect, test } from 'vitest'
import { fixture, messageOf } from '../../packages/netlink-ts/test/helpers/hex.ts'
import { toIpvsService } from '../../src/inspect/ipvs.ts'

const destinations = fixture('generic/ipvs-destinations.hex').map((bytes) => decodeIpvsDestination(messageOf(bytes)))
const services = fixture('generic/ipvs-services.hex').map((bytes) => {
  return toIpvsService(decodeIpvsService(messageOf(bytes)), destinations)
})

test('a persistent service says for how long, others do not', () => {
  expect(services.find(({ port }) => port === 53)).toMatchObject({
    protocol: 'udp',
    family: 4,
    address: '10.1.0.1',
    scheduler: 'wlc',
    persistentS: 300,
    flags: ['persistent'],
  })
  expect(services.find(({ port }) => port === 80)).not.toHaveProperty('persistentS')
  expect(services.find(({ port }) => port === 514)?.flags).toEqual(['ops'])
})

test('a firewall-mark service has no address', () => {
  const service = services.find(({ fwmark }) => fwmark === 256)
  expect(service).toMatchObject({ protocol: '', scheduler: 'rr' })
  expect(service).not.toHaveProperty('address')
  expect(service).not.toHaveProperty('port')
})

test('destinations keep their forwarding method', () => {
  const [service] = services
  expect(service?.destinations.find(({ address }) => address === '10.2.0.2')).toEqual({
    address: '10.2.0.2',
    port: 8080,
    weight: 3,
    forward: 'masq',
    active: 1,
    inactive: 0,
  })
  expect(service?.destinations.map(({ forward }) => forward)).toEqual(expect.arrayContaining(['route', 'tunnel']))
})
