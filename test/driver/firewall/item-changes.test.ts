import { expect, test } from 'vitest'
import { Gatherer } from '../../../src/driver/firewall/gatherer.ts'
import { type Change, ItemChanges } from '../../../src/driver/firewall/item-changes.ts'
import { network } from './build.ts'

const item = (bridge: string) => ({ kind: 'network', network: network(bridge, '10.1.0.0/24') }) as const
const named = (changes: readonly Change[]): string[] =>
  changes.flatMap(({ act, items }) => items.map((one) => `${act} ${'network' in one ? one.network.bridge : one.kind}`))

test('what is asked for at once is one transaction, and what comes meanwhile the next', async () => {
  const lots: string[][] = []
  const changes = new ItemChanges(async (lot) => {
    lots.push(named(lot))
    await new Promise(setImmediate)
  })
  const first = [changes.add([item('a')]), changes.remove([item('b')])]
  await new Promise(setImmediate)
  const second = [changes.add([item('c')]), changes.add([item('d')])]
  await Promise.all([...first, ...second])
  expect(lots).toEqual([
    ['add a', 'remove b'],
    ['add c', 'add d'],
  ])
})

test('when a transaction fails, each is tried alone, and only the one to blame fails', async () => {
  const lots: string[][] = []
  const changes = new ItemChanges((lot) => {
    lots.push(named(lot))
    return named(lot).includes('add bad') ? Promise.reject(new Error('no')) : Promise.resolve()
  })
  const results = await Promise.allSettled([
    changes.add([item('a')]),
    changes.add([item('bad')]),
    changes.add([item('c')]),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(lots).toEqual([['add a', 'add bad', 'add c'], ['add a'], ['add bad'], ['add c']])
})

test('whoever asks again when one is done is gathered too', async () => {
  const sizes: number[] = []
  const gatherer = new Gatherer<number>(async (lot) => {
    sizes.push(lot.length)
    return []
  })
  await Promise.all(
    [1, 2, 3].map(async (one) => {
      await gatherer.add(one)
      await gatherer.add(one)
    }),
  )
  expect(sizes).toEqual([3, 3])
})

test('a runner that throws fails all of its lot, and the next lot runs', async () => {
  let calls = 0
  const gatherer = new Gatherer<number>(() => {
    calls++
    return calls === 1 ? Promise.reject(new Error('broken')) : Promise.resolve([])
  })
  const results = await Promise.allSettled([gatherer.add(1), gatherer.add(2)])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(gatherer.add(3)).resolves.toBeUndefined()
})
