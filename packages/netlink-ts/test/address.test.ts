import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatAddress, formatIpv6, formatMac, parseAddress, parseMac } from '../src/address.ts'
import { NetlinkError } from '../src/error.ts'

const bytes16 = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  // long runs of zeros, where the short form has its rules
  fc
    .array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
    .map((octets) => Uint8Array.from(octets)),
)

test('an IPv6 address is printed as the URL standard prints it (RFC 5952)', () => {
  fc.assert(
    fc.property(bytes16, (bytes) => {
      const text = formatIpv6(bytes, 0)
      expect(isIPv6(text)).toBe(true)
      // the URL standard has no dotted form for mapped addresses
      if (!text.includes('.')) expect(`[${text}]`).toBe(new URL(`http://[${text}]/`).hostname)
    }),
    { numRuns: 3000 },
  )
})

test('an IPv4-mapped address is printed with a dotted quad', () => {
  expect(formatIpv6(parseAddress('::ffff:0a00:0001'), 0)).toBe('::ffff:10.0.0.1')
  expect(parseAddress('::ffff:10.0.0.1')).toEqual(parseAddress('::ffff:a00:1'))
})

test('any address is the same after printing and parsing', () => {
  const either = fc.oneof(bytes16, fc.uint8Array({ minLength: 4, maxLength: 4 }))
  fc.assert(
    fc.property(either, (bytes) => {
      expect(parseAddress(formatAddress(bytes, 0, bytes.length))).toEqual(bytes)
    }),
  )
})

test('a text is an IPv6 address for us exactly when it is one for Node', () => {
  const piece = fc.constantFrom('0', '1', 'ff', 'FFFF', '::', ':', '1.2.3.4', '01.2.3.4', '10000', 'g', '.', '%eth0')
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 10 }), (pieces) => {
      const text = `:${pieces.join(':')}`.slice(pieces.length % 2)
      if (!text.includes(':') || text.includes('%')) return
      expect([text, parses(text)]).toEqual([text, isIPv6(text)])
    }),
    { numRuns: 5000 },
  )
})

function parses(text: string): boolean {
  try {
    return parseAddress(text).length === 16
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'malformed') return false
    throw error
  }
}

test.each(['', '1.2.3', '1.2.3.256', '1.2.3.04', '1.2.3.4.5', '1.2.3.-4', ' 1.2.3.4', '::1::', '1:2', ':::'])(
  '%j is refused as an address',
  (text) => expect(() => parseAddress(text)).toThrow(NetlinkError),
)

test('a MAC of any length is the same after printing and parsing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 32 }), (bytes) => {
      expect(parseMac(formatMac(bytes, 0, bytes.length))).toEqual(bytes)
    }),
  )
})

test.each(['', '02:4', '0242ac110002', 'zz:00:00:00:00:00'])('%j is refused as a MAC', (text) =>
  expect(() => parseMac(text)).toThrow(NetlinkError),
)

test('two addresses that share a place in the cache do not take each other’s text', () => {
  const bytes = new Uint8Array(16)
  const seen = new Set<string>()
  for (let value = 0; value < 20_000; value++) {
    new DataView(bytes.buffer).setUint32(12, value * 7919)
    seen.add(formatIpv6(bytes, 0))
    if (value % 100 === 0) expect(parseAddress(formatIpv6(bytes, 0))).toEqual(bytes)
  }
  expect(seen.size).toBe(20_000)
})
