import { expect, test } from 'vitest'
import { type Piece, PieceSet } from '../../../src/lab/agent/piece-set.ts'

interface Thing {
  readonly name: string
  refreshed: number
  close(): Promise<void>
}

/** A set, and what was done in it. */
function recorded() {
  const events: string[] = []
  const set = new PieceSet<Thing>(({ name, refreshed }) => ({ state: 'serving', detail: `${name} ${refreshed}` }))
  const piece = (key: string, fingerprint = '', fails = false): Piece<Thing> => ({
    key,
    fingerprint,
    open: async () => {
      events.push(`open ${key}`)
      if (fails) throw new Error('no')
      return {
        name: key,
        refreshed: 0,
        close: async () => {
          events.push(`close ${key}`)
        },
      }
    },
    refresh: (thing) => {
      thing.refreshed++
    },
  })
  const apply = async (...wanted: Piece<Thing>[]) => {
    await set.closeObsolete(wanted)
    await set.openMissing(wanted)
    return events.splice(0)
  }
  return { set, piece, apply }
}

test('only the difference is closed and opened', async () => {
  const { set, piece, apply } = recorded()
  expect(await apply(piece('a'), piece('b'))).toEqual(['open a', 'open b'])
  expect(await apply(piece('b'), piece('c'))).toEqual(['close a', 'open c'])
  expect(await apply(piece('b', 'other'), piece('c'))).toEqual(['close b', 'open b'])
  expect(set.status()).toEqual([
    { key: 'c', state: 'serving', detail: 'c 1' },
    { key: 'b', state: 'serving', detail: 'b 0' },
  ])
  expect(await apply()).toEqual(['close c', 'close b'])
  expect(set.status()).toEqual([])
})

test('what fails is told, keeps nothing else from opening, and is tried again', async () => {
  const { set, piece, apply } = recorded()
  expect(await apply(piece('a', '', true), piece('b'))).toEqual(['open a', 'open b'])
  expect(set.status()).toEqual([
    { key: 'b', state: 'serving', detail: 'b 0' },
    { key: 'a', state: 'failed', detail: 'no' },
  ])
  expect(await apply(piece('a'), piece('b'))).toEqual(['open a'])
  expect(set.status().map(({ state }) => state)).toEqual(['serving', 'serving'])
})
