import { expect, test } from 'vitest'
import { decodeIpSetPart, decodeIpSetProtocol, formatIpSetMember, joinIpSetParts } from '../../src/index.ts'
import { fixture, messageOf } from '../helpers/hex.ts'

const sets = joinIpSetParts(
  fixture('netfilter/ipset.hex').map((bytes) => decodeIpSetPart(messageOf(bytes), () => undefined)),
)

function members(name: string): string[] {
  return sets.find((set) => set.name === name)?.members.map(formatIpSetMember) ?? []
}

test('headers give type, family, options and references', () => {
  const byName = (name: string) => sets.find((set) => set.name === name)
  expect(byName('a')).toMatchObject({ type: 'hash:ip', family: 'inet', references: 1, elements: 1 })
  expect(byName('a')?.options).toMatchObject({ maxelem: 65536, timeout: 300, counters: true, comment: true })
  expect(byName('c')).toMatchObject({ type: 'hash:net,iface', family: 'inet6' })
  expect(byName('d')?.options).toMatchObject({ range: '0-1024' })
  expect(byName('k')?.options).toMatchObject({ range: '10.0.0.0-10.0.255.255', netmask: 24 })
  expect(byName('e')?.options).toMatchObject({ size: 8 })
})

test('members of every type are written as ipset save writes them', () => {
  expect(members('a')).toEqual([expect.stringMatching(/^10\.0\.0\.1 timeout \d+ packets 0 bytes 0 comment "hé llo"$/)])
  expect(members('b').sort()).toEqual(['10.0.0.2,icmp:8/0', '10.0.0.2,udp:53'])
  expect(members('c').sort()).toEqual(['fd00::/64,eth0', 'fd00::/64,physdev:eth0 nomatch'])
  expect(members('d')).toEqual(['80'])
  expect(members('e')).toEqual(['a'])
  expect(members('f')).toEqual(['10.0.0.1,02:42:AC:11:00:02', '10.0.0.2'])
  expect(members('h')).toEqual(['1.2.3.4 skbmark 0x1/0xff skbprio 1:10 skbqueue 3'])
  expect(members('i')).toEqual(['1.2.3.4,tcp:80,10.0.0.0/8'])
  expect(members('k')).toEqual(['10.0.3.0'])
})

test('the kernel says which protocols it speaks', () => {
  expect(fixture('netfilter/ipset-protocol.hex').map((bytes) => decodeIpSetProtocol(messageOf(bytes)))).toEqual([
    { newest: 7, oldest: 6 },
  ])
})

test('a later part of a large set adds its members to the first', () => {
  const part = { name: 'big', header: undefined, members: [] }
  const [first] = sets
  if (!first) throw new Error('the fixture is empty')
  const { name, members: own, ...header } = first
  const joined = joinIpSetParts([
    { name, header, members: own },
    { ...part, name, members: own },
  ])
  expect(joined).toHaveLength(1)
  expect(joined[0]?.members).toHaveLength(own.length * 2)
})
