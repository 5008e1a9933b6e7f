import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AddressSet } from '../../../src/driver/ipam/address-set.ts'

const LAST = 40

test('a set of ranges has the members, and the first free address, that a plain set has', () => {
  const step = fc.record({ add: fc.boolean(), address: fc.integer({ min: 0, max: LAST }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 0, max: LAST }), (steps, from) => {
      const ranges = new AddressSet()
      const plain = new Set<number>()
      for (const { add, address } of steps) {
        if (add) ranges.add(BigInt(address))
        else ranges.delete(BigInt(address))
        if (add) plain.add(address)
        else plain.delete(address)
      }
      const all = Array.from({ length: LAST + 1 }, (_, address) => address)
      expect(all.filter((address) => ranges.has(BigInt(address)))).toEqual(all.filter((address) => plain.has(address)))
      const free = all.find((address) => address >= from && !plain.has(address))
      expect(ranges.firstFree(BigInt(from), BigInt(LAST))).toBe(free === undefined ? undefined : BigInt(free))
      for (const [position, [first, last]] of ranges.ranges.entries()) {
        expect(first).toBeLessThanOrEqual(last)
        const before = ranges.ranges[position - 1]
        if (before !== undefined) expect(before[1] + 1n).toBeLessThan(first)
      }
    }),
  )
})

test('a set that was filled from its beginning is one range', () => {
  const ranges = new AddressSet()
  for (let address = 0n; address < 70_000n; address++) ranges.add(address)
  expect(ranges.ranges).toEqual([[0n, 69_999n]])
})
