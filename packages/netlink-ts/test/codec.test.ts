import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AttributeCursor, Attributes, NLA_F_NESTED } from '../src/attribute.ts'
import { NetlinkError } from '../src/error.ts'
import { text, u16, u16be, u32, u32be, u64, u64be, u64exact } from '../src/reader.ts'
import { Writer } from '../src/writer.ts'

test('a number is the same after writing and reading, in both byte orders', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.integer({ min: 0, max: 0xffff_ffff }), fc.maxSafeNat(), (short, long, wide) => {
      const bytes = new Writer().u16(short).u16be(short).u32(long).u32be(long).u64(wide).finish()
      expect([u16(bytes, 0), u16be(bytes, 2), u32(bytes, 4), u32be(bytes, 8), u64(bytes, 12)]).toEqual([
        short,
        short,
        long,
        long,
        wide,
      ])
      expect(u64exact(bytes, 12)).toBe(BigInt(wide))
      expect(u64be(Uint8Array.from(bytes.slice(12)).reverse(), 0)).toBe(wide)
    }),
  )
})

test('reading past the end is refused, never a wrong value', () => {
  const bytes = new Uint8Array(7)
  for (const read of [() => u16(bytes, 6), () => u32(bytes, 4), () => u64(bytes, 0), () => text(bytes, 5, 3)]) {
    expect(read).toThrow(NetlinkError)
  }
})

test('text ends at its NUL, and invalid UTF-8 becomes U+FFFD', () => {
  const cases: [number[], string][] = [
    [[0x65, 0x74, 0x68, 0x30, 0, 0x78], 'eth0'],
    [[0xce, 0xb1, 0], 'α'],
    [[0x61, 0xff, 0x62], 'a�b'],
    [[], ''],
    [[0], ''],
  ]
  for (const [octets, expected] of cases) expect(text(Uint8Array.from(octets), 0, octets.length)).toBe(expected)
  const long = 'x'.repeat(300)
  expect(text(new TextEncoder().encode(`${long}\0rest`), 0, 305)).toBe(long)
})

const attribute = fc.record({ type: fc.integer({ min: 1, max: 200 }), payload: fc.uint8Array({ maxLength: 40 }) })

test('attributes are the same after writing and reading, by list and by cursor', () => {
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 20 }), (list) => {
      const writer = new Writer()
      for (const { type, payload } of list) writer.bytesAttribute(type, payload)
      const bytes = writer.finish()
      const found = new Attributes(bytes, 0, bytes.length)
      expect(found.types()).toEqual(list.map(({ type }) => type))
      for (const { type } of list) {
        expect(found.view(type)).toEqual(list.findLast((each) => each.type === type)?.payload)
      }
      const walked: { type: number; payload: Uint8Array }[] = []
      const cursor = new AttributeCursor(bytes, 0, bytes.length)
      while (cursor.next()) walked.push({ type: cursor.type, payload: bytes.slice(cursor.start, cursor.end) })
      expect(walked).toEqual(list)
    }),
  )
})

test('list and cursor agree on any bytes', () => {
  const outcome = (read: () => number[]) => {
    try {
      return read()
    } catch (error) {
      return (error as NetlinkError).code
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const listed = outcome(() => new Attributes(bytes, 0, bytes.length).types())
      const walked = outcome(() => {
        const types: number[] = []
        const cursor = new AttributeCursor(bytes, 0, bytes.length)
        while (cursor.next()) types.push(cursor.type)
        return types
      })
      expect(walked).toEqual(listed)
    }),
    { numRuns: 2000 },
  )
})

test('a nest is marked as one and found under its plain type', () => {
  const bytes = new Writer().nested(7, (inner) => inner.u32Attribute(1, 42).stringAttribute(2, 'x')).finish()
  expect(u16(bytes, 2)).toBe(7 | NLA_F_NESTED)
  const nest = new Attributes(bytes, 0, bytes.length).nested(7)
  expect([nest?.u32(1), nest?.string(2)]).toEqual([42, 'x'])
})

test('what cannot be written is refused: a NUL inside text, more than 65,535 bytes', () => {
  expect(() => new Writer().stringAttribute(1, 'a\0b')).toThrow(/NUL/)
  expect(() => new Writer().bytesAttribute(1, new Uint8Array(65_532))).toThrow(/at most 65535/)
  expect(new Writer().bytesAttribute(1, new Uint8Array(65_531)).length).toBe(65_536)
})
