import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NetlinkError } from '../src/error.ts'
import { messageAt } from '../src/message.ts'
import { ALL_DECODERS, decodeMutated, mutate, randomNumbers } from './helpers/mutation.ts'

test('30,000 mutated messages give a value or our error, and both happen', () => {
  const { values, refusals } = decodeMutated(30_000, 4711)
  expect(values).toBeGreaterThan(3000)
  expect(refusals).toBeGreaterThan(3000)
})

describe.each(ALL_DECODERS)('$fixture', ({ decode, originals }) => {
  function outcome(bytes: Uint8Array, end: number): string {
    try {
      return printed(decode({ ...messageAt(bytes, 0), end }))
    } catch (error) {
      if (error instanceof NetlinkError) return error.code
      throw error
    }
  }

  test('nothing behind the end of a message is read, whole or mutated', () => {
    const random = randomNumbers(42)
    for (let run = 0; run < 400; run++) {
      const original = originals[run % originals.length] as Uint8Array
      const bytes = run < originals.length ? original : mutate(original, random)
      const [zeros, ones] = [0, 0xff].map((filling) => {
        const longer = new Uint8Array(bytes.length + 64).fill(filling)
        longer.set(bytes)
        return outcome(longer, bytes.length)
      })
      expect(ones).toBe(zeros)
    }
  })

  test('any payload gives a value or our error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
        const bytes = new Uint8Array(16 + payload.length)
        bytes.set(payload, 16)
        new DataView(bytes.buffer).setUint32(0, bytes.length, true)
        outcome(bytes, bytes.length)
      }),
      { numRuns: 200 },
    )
  })

  test('a value does not change when the receive buffer is used again', () => {
    for (const original of originals) {
      const bytes = original.slice()
      const value = decode(messageAt(bytes, 0))
      const before = printed(value)
      bytes.fill(0xff)
      expect(printed(value)).toBe(before)
    }
  })
})

function printed(value: unknown): string {
  return JSON.stringify(value, (_, field) => (typeof field === 'bigint' ? String(field) : field)) ?? 'undefined'
}
