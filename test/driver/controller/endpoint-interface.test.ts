import { expect, test } from 'vitest'
import { mergeInterface } from '../../../src/driver/controller/endpoint-interface.ts'

const GIVEN = { address: '10.77.0.2/24', addressIpv6: 'fd00::2/64', mac: '02:42:0a:4d:00:02' }

test('a driver fills what was left open', () => {
  const added = { mac: '02:77:00:00:00:01', addressIpv6: 'fd00::5/64' }
  expect(mergeInterface({ address: '10.77.0.2/24' }, added)).toEqual({ address: '10.77.0.2/24', ...added })
  expect(mergeInterface(GIVEN, {})).toEqual(GIVEN)
})

test('it must not answer with what it was given, even unchanged; the MAC is looked at first', () => {
  expect(() => mergeInterface(GIVEN, { address: GIVEN.address })).toThrow(
    'driver modified interface address: endpoint interface IP present (10.77.0.2/24). Cannot be modified with (10.77.0.2/24).',
  )
  expect(() => mergeInterface(GIVEN, GIVEN)).toThrow('driver modified interface MAC address')
})

test('what is no address is refused', () => {
  expect(() => mergeInterface({}, { address: '10.0.0.300/24' })).toThrow('not a CIDR')
})
