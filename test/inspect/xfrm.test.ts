import { decodeXfrmPolicy, decodeXfrmSa } from 'netlink-ts'
import { expect, test } from 'vitest'
import { fixture, messageOf } from '../../packages/netlink-ts/test/helpers/hex.ts'
import { toXfrmPolicy, toXfrmState } from '../../src/inspect/xfrm.ts'

const states = fixture('xfrm/states.hex').map((bytes) => toXfrmState(decodeXfrmSa(messageOf(bytes))))
const policies = fixture('xfrm/policies.hex').map((bytes) => toXfrmPolicy(decodeXfrmPolicy(messageOf(bytes))))

test('algorithms are named, keys are not there', () => {
  expect(states.map(({ algorithm }) => algorithm).sort()).toEqual([
    'cbc(aes) + hmac(sha1)',
    'cbc(aes) + hmac(sha256)',
    'deflate',
    'hmac(sha1)',
    'rfc4106(gcm(aes))',
  ])
  expect(JSON.stringify(states)).not.toContain('0a0b0c')
})

test('the mark of an encrypted overlay', () => {
  expect(states.find(({ spi }) => spi === 0x1234_5678)).toMatchObject({
    source: '10.1.0.1',
    protocol: 'esp',
    reqid: 13681891,
    mark: 0xd0c4e3,
    markMask: 0xffff_ffff,
  })
  expect(policies.find(({ direction }) => direction === 'out')).toEqual({
    direction: 'out',
    source: '10.0.0.0/24',
    destination: '10.1.0.0/24',
    action: 'allow',
    priority: 7,
    mark: 0xd0c4e3,
    markMask: 0xffffff,
    templates: [
      { source: '192.0.2.1', destination: '192.0.2.2', protocol: 'esp', mode: 'tunnel', reqid: 13681891, spi: 0x1234 },
    ],
  })
})

test('a policy for one port of one protocol', () => {
  expect(policies.find(({ direction }) => direction === 'in')).toMatchObject({
    protocol: 6,
    destinationPort: 443,
    action: 'block',
    templates: [],
  })
  expect(policies.find(({ direction }) => direction === 'in')).not.toHaveProperty('sourcePort')
})
