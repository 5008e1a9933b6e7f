import { decodeIpSetPart, joinIpSetParts } from 'netlink-ts'
import { expect, test } from 'vitest'
import { fixture, messageOf } from '../../packages/netlink-ts/test/helpers/hex.ts'
import { toIpSet } from '../../src/inspect/ipsets.ts'

test('sets keep type, family, options and members in the words of ipset', () => {
  const parts = fixture('netfilter/ipset.hex').map((bytes) => decodeIpSetPart(messageOf(bytes), () => undefined))
  const sets = joinIpSetParts(parts).map(toIpSet)
  expect(sets.find(({ name }) => name === 'i')).toMatchObject({
    type: 'hash:ip,port,net',
    family: 'inet',
    members: ['1.2.3.4,tcp:80,10.0.0.0/8'],
    references: 0,
  })
  expect(sets.find(({ name }) => name === 'd')).toMatchObject({ options: { range: '0-1024' }, members: ['80'] })
  expect(sets.find(({ name }) => name === 'd')).not.toHaveProperty('family')
})
