import { expect, test } from 'vitest'
import type { Namespace } from '../../src/model/snapshot.ts'
import { wayOf } from '../../src/trace/observed-way.ts'
import type { RulePass } from '../../src/trace/rule-passes.ts'
import type { Sighting } from '../../src/trace/sightings.ts'

/** Only what a way is made from: names, and what is a bridge port. */
function namespace(inode: number, name: string, links: readonly [number, string, number?][]): [number, Namespace] {
  const made = links.map(([index, link, master]) => ({
    index,
    name: link,
    ...(master === undefined ? {} : { master }),
  }))
  return [
    inode,
    { inode, names: [name], owner: { kind: 'netns', name }, links: made, addresses: [] } as unknown as Namespace,
  ]
}

const namespaces = new Map([
  namespace(1, 'web', [[2, 'eth0']]),
  namespace(2, 'host', [
    [3, 'br0'],
    [4, 'vweb', 3],
    [5, 'vdb', 3],
    [6, 'vother', 3],
  ]),
  namespace(3, 'db', [[2, 'eth0']]),
  namespace(4, 'other', [[2, 'eth0']]),
  namespace(5, 'parent', [[7, 'eth0']]),
  ...[6, 7].map((inode) => {
    const [, made] = namespace(inode, `macvlan${inode}`, [])
    return [inode, { ...made, links: [{ index: 2, name: 'eth0', parent: { namespace: 5, index: 7 } }] }] as unknown as [
      number,
      Namespace,
    ]
  }),
])

let clock = 0n
const seen = (inode: number, link: number, direction: 'in' | 'out', more: Partial<Sighting> = {}): Sighting => ({
  namespace: inode,
  link,
  direction,
  isForOther: false,
  timeNs: clock++ * 1_000n,
  role: 'packet',
  packet: { ip: { version: 4, source: '10.0.0.1', destination: '10.0.0.2', protocol: 17, ttl: 64, size: 60, tos: 0 } },
  ...more,
})
const pass = (inode: number, stage: RulePass['stage'], verdict: RulePass['verdict'] = 'accept'): RulePass => ({
  namespace: inode,
  role: 'packet',
  stage,
  chainType: 'filter',
  subject: `filter ${stage}`,
  verdict,
  place: { kind: 'policy', namespace: inode, name: 'host', text: 'policy', table: 'filter', chain: stage },
  text: verdict,
  details: [],
  packet: {},
})
const way = (sightings: readonly Sighting[], passes: readonly RulePass[] = []) =>
  wayOf({ namespaces, sightings, passes, role: 'packet', start: 1, zeroNs: 0n })
const words = (hops: ReturnType<typeof way>['hops']) =>
  hops.map(({ name, direction, subject }) => [name, direction, subject].filter((part) => part !== undefined).join(' '))

const CROSSING = () => [seen(1, 2, 'out'), seen(2, 4, 'in'), seen(2, 5, 'out'), seen(3, 2, 'in')]

test('what rules say stands between the links that the packet came in and left by', () => {
  expect(words(way(CROSSING(), [pass(2, 'prerouting'), pass(2, 'forward')]).hops)).toEqual([
    'web out eth0',
    'host in vweb',
    'host filter prerouting',
    'host filter forward',
    'host out vdb',
    'db in eth0',
  ])
})

test('a packet that is sent again is told of once, and is no loop', () => {
  const { hops, isLoop } = way([...CROSSING(), ...CROSSING()], [pass(2, 'forward'), pass(2, 'forward')])
  expect({ count: hops.length, isLoop }).toEqual({ count: 5, isLoop: false })
})

test('a packet that comes by again with a smaller TTL is a loop', () => {
  const packet = { ip: { version: 4, source: '', destination: '', protocol: 17, ttl: 62, size: 60, tos: 0 } } as const
  expect(way([...CROSSING(), seen(2, 4, 'in', { packet })]).isLoop).toBe(true)
})

test('a frame that a bridge floods to others is not where the packet goes', () => {
  const flooded = [...CROSSING().slice(0, 2), seen(2, 6, 'out'), seen(4, 2, 'in', { isForOther: true })]
  const { visits } = way([...flooded, seen(2, 5, 'out'), seen(3, 2, 'in')])
  expect(visits.map(({ namespace: inode }) => inode)).not.toContain(4)
})

test('a copy that a bridge floods after the packet has arrived is not where the packet goes', () => {
  const { visits } = way([...CROSSING(), seen(2, 6, 'out'), seen(4, 2, 'in', { isForOther: true })])
  expect(visits.map(({ namespace: inode }) => inode)).toEqual([1, 2, 3])
})

test('rules that drop it before any link saw it are told of where it is sent', () => {
  const { hops } = way([], [pass(1, 'output', 'drop')])
  expect(hops).toMatchObject([{ name: 'web', stage: 'output', stopped: true }])
})

test('later fragments are counted, not followed', () => {
  const parts = [seen(1, 2, 'out'), seen(1, 2, 'out', { isFragment: true }), seen(1, 2, 'out', { isFragment: true })]
  expect(way(parts).hops.map(({ text }) => text)).toEqual(['out by eth0, in 3 fragments'])
})

test('the parent of a macvlan is on the way of what comes in by it, but not between two macvlans', () => {
  const atParent = () => seen(5, 7, 'in', { isForOther: true })
  const names = (sightings: readonly Sighting[]) => way(sightings).visits.map(({ namespace: inode }) => inode)
  expect(names([seen(1, 2, 'out'), atParent(), seen(6, 2, 'in')])).toEqual([1, 5, 6])
  expect(names([seen(7, 2, 'out'), atParent(), seen(6, 2, 'in')])).toEqual([7, 6])
})
