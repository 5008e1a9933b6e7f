import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Message, messageAt, NetlinkError } from '../../src/index.ts'
import { fixture } from '../helpers/hex.ts'
import { DECODERS, type Decoder } from './decoders.ts'

const HEADER_BYTES = 16

/** A value, or our own error: anything else fails the test. */
function decodeOrRefuse(decode: Decoder['decode'], message: Message): unknown {
  try {
    return decode(message)
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'malformed') return undefined
    throw error
  }
}

/** The message as if its payload ended after `length` bytes. */
function cut(bytes: Uint8Array, length: number): Message {
  const start = HEADER_BYTES
  return {
    type: 0,
    flags: 0,
    sequence: 0,
    portId: 0,
    bytes: bytes.slice(0, start + length),
    start,
    end: start + length,
  }
}

describe.each(DECODERS)('$fixture', ({ fixture: path, decode }) => {
  const originals = fixture(path)

  test('every message of the kernel is understood', () => {
    expect(originals.length).toBeGreaterThan(0)
    for (const bytes of originals) expect(decode(messageAt(bytes, 0))).toBeDefined()
  })

  test('cut at any length it gives a value or our error', () => {
    for (const bytes of originals) {
      const step = Math.max(1, Math.floor(bytes.length / 400))
      for (let length = 0; length <= bytes.length - HEADER_BYTES; length += step)
        decodeOrRefuse(decode, cut(bytes, length))
    }
  })

  test('with any bytes changed it gives a value or our error', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.nat(originals.length - 1), fc.array(change, { minLength: 1, maxLength: 8 }), (which, changes) => {
        const bytes = (originals[which] as Uint8Array).slice()
        const payload = bytes.length - HEADER_BYTES
        for (const [position, value] of changes) bytes[HEADER_BYTES + (position % payload)] = value
        decodeOrRefuse(decode, cut(bytes, payload))
      }),
      { numRuns: 300 },
    )
  })

  test('any bytes at all give a value or our error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (payload) => {
        const bytes = new Uint8Array(HEADER_BYTES + payload.length)
        bytes.set(payload, HEADER_BYTES)
        decodeOrRefuse(decode, cut(bytes, payload.length))
      }),
      { numRuns: 100 },
    )
  })

  test('a result does not change when the receive buffer is used again', () => {
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
  return JSON.stringify(value, (_, field) => {
    if (typeof field === 'bigint') return String(field)
    return field instanceof Map ? [...field] : field
  })
}
