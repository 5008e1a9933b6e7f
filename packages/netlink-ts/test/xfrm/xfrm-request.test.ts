import { expect, test } from 'vitest'
import {
  addXfrmPolicy,
  addXfrmState,
  decodeXfrmPolicy,
  decodeXfrmSa,
  deleteXfrmPolicy,
  deleteXfrmState,
  encodeMessage,
  messageAt,
  type Request,
} from '../../src/index.ts'

const encoded = ({ fill = () => {} }: Request) => messageAt(encodeMessage(0, 0, { fill }), 0)

const mark = { value: 0xd0c4e3, mask: 0xffff_ffff }
const state = {
  source: '10.250.0.1',
  destination: '10.250.0.2',
  spi: 0x8801_d647,
  reqid: 13_681_891,
  mode: 'transport',
  aead: { name: 'rfc4106(gcm(aes))', key: new Uint8Array(20).fill(7), truncatedBits: 64 },
} as const

test('a state is decoded as it was asked for, without limits and without its key', () => {
  const decoded = decodeXfrmSa(encoded(addXfrmState({ ...state, mark })))
  const { aead, ...rest } = state
  expect(decoded).toMatchObject({
    ...rest,
    protocol: 'esp',
    mark,
    family: 2,
    flags: 0,
    aead: { name: aead.name, keyBits: 160, truncatedBits: 64 },
    limits: { softBytes: undefined, hardPackets: undefined, softAddS: undefined },
    replay: { window: 0 },
  })
})

test('one between IPv6 addresses keeps all their bytes', () => {
  const six = { source: 'fd00::1', destination: 'fd00::2' }
  expect(decodeXfrmSa(encoded(addXfrmState({ ...state, ...six })))).toMatchObject({ ...six, family: 10 })
})

test('a policy is decoded as it was asked for', () => {
  const { aead: _aead, ...template } = state
  const request = addXfrmPolicy({
    direction: 'out',
    source: '10.250.0.1/32',
    destination: '10.250.0.2/32',
    protocol: 17,
    destinationPort: 4789,
    mark,
    template,
  })
  expect(decodeXfrmPolicy(encoded(request))).toMatchObject({
    direction: 'out',
    action: 'allow',
    mark,
    selector: {
      source: '10.250.0.1/32',
      destination: '10.250.0.2/32',
      protocol: 17,
      destinationPort: 4789,
      destinationPortMask: 0xffff,
      sourcePortMask: 0,
    },
    templates: [{ ...template, protocol: 'esp', optional: false }],
  })
})

test('what is deleted is named in structures of the size that the kernel wants', () => {
  const length = (request: Request) => encoded(request).end - encoded(request).start
  // struct xfrm_usersa_id, struct xfrm_userpolicy_id; a mark is an attribute of 12 bytes
  expect(length(deleteXfrmState(state))).toBe(24)
  expect(length(deleteXfrmPolicy({ direction: 'out', source: '10.0.0.1/32', destination: '10.0.0.2/32', mark }))).toBe(
    76,
  )
})

test('a name that does not fit is refused', () => {
  expect(() => encoded(addXfrmState({ ...state, aead: { ...state.aead, name: 'x'.repeat(64) } }))).toThrow('too long')
})
