import { expect, test } from 'vitest'
import { encodeMessage, type Message, messageAt } from '../../src/message.ts'
import { decodeAddress, encodeAddress } from '../../src/route/address.ts'
import { decodeFdbEntry } from '../../src/route/fdb.ts'
import { decodeLink } from '../../src/route/link.ts'
import { createLink } from '../../src/route/link-request.ts'
import { decodeNeighbour } from '../../src/route/neighbour.ts'
import { encodeFdbEntry, encodeNeighbour } from '../../src/route/neighbour-request.ts'
import { decodeRoute } from '../../src/route/route.ts'
import { encodeRoute } from '../../src/route/route-request.ts'
import { decodeRule } from '../../src/route/rule.ts'
import { encodeRule } from '../../src/route/rule-request.ts'
import type { Writer } from '../../src/writer.ts'
import { fixture } from '../helpers/hex.ts'
import { LINK_SAMPLES } from './link-samples.ts'

const encoded = (fill: (writer: Writer) => void) => messageAt(encodeMessage(0, 0, { fill }), 0)

/** Decodes each real message, encodes it, decodes that, and compares all but what only the kernel knows. */
function roundTrip<T extends object>(
  path: string,
  decode: (message: Message) => T | undefined,
  { encode, own }: { encode: (writer: Writer, value: T) => void; own: readonly (keyof T)[] },
): number {
  const values = fixture(path).flatMap((bytes) => decode(messageAt(bytes, 0)) ?? [])
  for (const value of values) {
    const again = decode(encoded((writer) => encode(writer, value))) as T
    const kept = (each: T) =>
      Object.fromEntries(Object.entries(each).filter(([name]) => !own.includes(name as keyof T)))
    expect(kept(again)).toEqual(kept(value))
  }
  return values.length
}

test('addresses are the same after decoding and encoding', () => {
  expect(roundTrip('route/addresses.hex', decodeAddress, { encode: encodeAddress, own: [] })).toBeGreaterThan(8)
})

test('routes are the same after decoding and encoding', () => {
  const count = roundTrip('route/routes.hex', decodeRoute, { encode: encodeRoute, own: [] })
  expect(count).toBeGreaterThan(25)
})

test('rules are the same after decoding and encoding', () => {
  // whether a device or a goto target exists is the kernel's finding
  const own = ['flags', 'inputDetached', 'outputDetached', 'unresolved'] as const
  expect(roundTrip('route/rules.hex', decodeRule, { encode: encodeRule, own })).toBeGreaterThan(10)
})

test('neighbours are the same after decoding and encoding', () => {
  const own = ['type', 'confirmedS', 'usedS', 'updatedS', 'references', 'probes'] as const
  expect(roundTrip('route/neighbours.hex', decodeNeighbour, { encode: encodeNeighbour, own })).toBeGreaterThan(5)
  expect(roundTrip('route/neighbour-proxies.hex', decodeNeighbour, { encode: encodeNeighbour, own })).toBe(1)
})

test('FDB entries are the same after decoding and encoding', () => {
  const own = ['master', 'flags', 'flagNames', 'usedS', 'updatedS', 'extendedFlags', 'viaNetnsid', 'protocol'] as const
  expect(roundTrip('route/fdb.hex', decodeFdbEntry, { encode: encodeFdbEntry, own })).toBeGreaterThan(20)
})

test('the bridge and port options of the kernel are the same after encoding', () => {
  const links = fixture('route/links.hex').map((bytes) => decodeLink(messageAt(bytes, 0)))
  expect(new Set(links.map(({ kind }) => kind))).toEqual(
    new Set([undefined, 'bridge', 'veth', 'vxlan', 'macvlan', 'macvtap', 'ifb']),
  )
  for (const { kind, info } of links) {
    if (kind === undefined || info === undefined) continue
    const { fill = () => {} } = createLink({ kind, info })
    expect(decodeLink(encoded(fill)).info).toEqual(info)
  }
})

test.each(LINK_SAMPLES)('the data of a $kind is the same after encoding and decoding', (info) => {
  const { fill = () => {} } = createLink({ kind: info.kind, info })
  expect(decodeLink(encoded(fill))).toMatchObject({ kind: info.kind, info })
})

test('an unknown kind keeps its name and has no data', () => {
  const { fill = () => {} } = createLink({ kind: 'tomorrow', name: 't0' })
  expect(decodeLink(encoded(fill))).toMatchObject({ kind: 'tomorrow', info: undefined, name: 't0' })
})
