import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cidrAt, formatCidr, overlaps, parseCidr } from '../../../src/driver/ipam/cidr.ts'
import { choosePool, GLOBAL_DEFAULT_POOLS, LOCAL_DEFAULT_POOLS } from '../../../src/driver/ipam/default-pools.ts'

test('the local list is fifteen /16 and then sixteen /20, in Docker’s order', () => {
  const taken: string[] = []
  for (;;) {
    const pool = choosePool(LOCAL_DEFAULT_POOLS, 4, taken.map(parseCidr))
    if (pool === undefined) break
    taken.push(formatCidr(pool))
  }
  const wide = Array.from({ length: 15 }, (_, at) => `172.${17 + at}.0.0/16`)
  const narrow = Array.from({ length: 16 }, (_, at) => `192.168.${16 * at}.0/20`)
  expect(taken).toEqual([...wide, ...narrow])
})

test('the global list starts with the ingress network’s pool', () => {
  expect(choosePool(GLOBAL_DEFAULT_POOLS, 4, [])).toEqual(parseCidr('10.0.0.0/24'))
  expect(choosePool(GLOBAL_DEFAULT_POOLS, 4, [parseCidr('10.0.0.0/15')])).toEqual(parseCidr('10.2.0.0/24'))
})

test('the chosen pool is the first of all candidates that overlaps nothing', () => {
  const block = fc
    .record({ value: fc.integer({ min: 0, max: 255 }), length: fc.integer({ min: 22, max: 32 }) })
    .map(({ value, length }) => cidrAt(4, (10n << 24n) + BigInt(value * 8), length))
  fc.assert(
    fc.property(fc.array(block, { maxLength: 24 }), fc.integer({ min: 21, max: 28 }), (taken, size) => {
      const all = Array.from({ length: 2 ** (size - 21) }, (_, at) =>
        cidrAt(4, (10n << 24n) + BigInt(at * 2 ** (32 - size)), size),
      )
      const expected = all.find((candidate) => !taken.some((cidr) => overlaps(cidr, candidate)))
      expect(choosePool([{ base: '10.0.0.0/21', size }], 4, taken)).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})

test('pools of the other family are left alone, and a list that cannot be is refused', () => {
  const both = [
    { base: '10.1.0.0/16', size: 24 },
    { base: 'fd00::/48', size: 64 },
  ]
  expect(choosePool(both, 6, [parseCidr('fd00::/64')])).toEqual(parseCidr('fd00:0:0:1::/64'))
  expect(() => choosePool([{ base: '10.1.0.0/16', size: 8 }], 4, [])).toThrow('cannot be cut into /8')
})
