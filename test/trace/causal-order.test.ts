import { expect, test } from 'vitest'
import type { Namespace } from '../../src/model/snapshot.ts'
import { inCausalOrder } from '../../src/trace/causal-order.ts'
import type { Sighting } from '../../src/trace/sightings.ts'

/** `a` (1) is cabled to `r` (2), and that to `b` (3). */
const NAMESPACES = new Map(
  [
    { inode: 1, links: [{ index: 2, name: 'eth0', peer: { namespace: 2, index: 4 } }] },
    {
      inode: 2,
      links: [
        { index: 4, name: 'toa', peer: { namespace: 1, index: 2 } },
        { index: 5, name: 'tob', peer: { namespace: 3, index: 2 } },
      ],
    },
    { inode: 3, links: [{ index: 2, name: 'eth0', peer: { namespace: 2, index: 5 } }] },
  ].map((namespace) => [namespace.inode, namespace as unknown as Namespace]),
)
const at = (timeNs: number, namespace: number, link: number, direction: 'in' | 'out'): Sighting => ({
  ...{ namespace, link, direction, timeNs: BigInt(timeNs), isForOther: false, role: 'packet', packet: {} },
})
const order = (sightings: readonly Sighting[]) =>
  inCausalOrder(
    sightings.toSorted((a, b) => Number(a.timeNs - b.timeNs)),
    NAMESPACES,
  ).map(({ namespace, direction }) => `${namespace} ${direction}`)
const WAY = ['1 out', '2 in', '2 out', '3 in']

test('sightings are in the order of their times', () => {
  expect(order([at(1, 1, 2, 'out'), at(2, 2, 4, 'in'), at(3, 2, 5, 'out'), at(4, 3, 2, 'in')])).toEqual(WAY)
})

test('what comes out of a cable went into it before, whatever the clocks of two CPUs say', () => {
  expect(order([at(5, 1, 2, 'out'), at(1, 2, 4, 'in'), at(2, 2, 5, 'out'), at(1, 3, 2, 'in')])).toEqual(WAY)
})

test('what was not seen keeps nothing back, and a round trip is no deadlock', () => {
  expect(order([at(2, 2, 5, 'out'), at(1, 3, 2, 'in')])).toEqual(['2 out', '3 in'])
  expect(order([at(1, 2, 4, 'in'), at(2, 1, 2, 'out'), at(3, 2, 4, 'out'), at(4, 1, 2, 'in')])).toEqual([
    ...['1 out', '2 in', '2 out', '1 in'],
  ])
})
