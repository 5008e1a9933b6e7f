import { expect, test } from 'vitest'
import { decodeXfrmPolicy, decodeXfrmSa } from '../../src/index.ts'
import { fixture, messageOf } from '../helpers/hex.ts'

const states = fixture('xfrm/states.hex').map((bytes) => decodeXfrmSa(messageOf(bytes)))

function withSpi(spi: number) {
  const found = states.find((state) => state.spi === spi)
  if (!found) throw new Error(`the fixture has no state with spi ${spi}`)
  return found
}

test('an AEAD state with a mark, as an encrypted overlay network makes it', () => {
  expect(withSpi(0x1234_5678)).toMatchObject({
    source: '10.1.0.1',
    destination: '10.1.0.2',
    protocol: 'esp',
    reqid: 13681891,
    mode: 'transport',
    mark: { value: 0xd0c4e3, mask: 0xffff_ffff },
    aead: { name: 'rfc4106(gcm(aes))', keyBits: 160, truncatedBits: 64 },
  })
})

test('an IPv6 tunnel with extended sequence numbers', () => {
  expect(withSpi(0x9abc)).toMatchObject({
    source: 'fd00::1',
    mode: 'tunnel',
    replay: { window: 128, extended: true },
    authentication: { name: 'hmac(sha256)', truncatedBits: 96 },
    encryption: { name: 'cbc(aes)', keyBits: 128 },
  })
})

test('UDP encapsulation, limits, output mark and interface', () => {
  expect(withSpi(0x77)).toMatchObject({
    encapsulation: { type: 2, sourcePort: 4500, destinationPort: 4501 },
    limits: { hardBytes: 1000, softAddS: 60, softBytes: undefined },
    outputMark: { value: 5, mask: 0xff },
    interfaceId: 9,
  })
})

test('AH and IPComp', () => {
  expect(withSpi(0x88)).toMatchObject({ protocol: 'ah', encryption: undefined })
  expect(withSpi(0x99)).toMatchObject({ protocol: 'comp', compression: { name: 'deflate' } })
})

test('no key reaches a result', () => {
  const made = '0102030405060708090a0b0c0d0e0f'
  const raw = fixture('xfrm/states.hex').map((bytes) => Buffer.from(bytes).toString('hex'))
  expect(raw.some((hex) => hex.includes(made))).toBe(true)
  const text = JSON.stringify(states, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
  expect(text).not.toContain(made)
  expect(JSON.stringify(states)).not.toContain('1,2,3,4,5,6,7,8')
})

test('policies with mark, template, ports and block', () => {
  const policies = fixture('xfrm/policies.hex').map((bytes) => decodeXfrmPolicy(messageOf(bytes)))
  expect(policies.find(({ direction }) => direction === 'out')).toMatchObject({
    selector: { source: '10.0.0.0/24', destination: '10.1.0.0/24', protocol: 0 },
    action: 'allow',
    priority: 7,
    mark: { value: 0xd0c4e3, mask: 0xffffff },
    templates: [
      { source: '192.0.2.1', destination: '192.0.2.2', protocol: 'esp', spi: 0x1234, reqid: 13681891, mode: 'tunnel' },
    ],
  })
  expect(policies.find(({ direction }) => direction === 'in')).toMatchObject({
    selector: { source: 'fd00::/64', protocol: 6, destinationPort: 443, destinationPortMask: 0xffff },
    action: 'block',
    templates: [],
  })
})
