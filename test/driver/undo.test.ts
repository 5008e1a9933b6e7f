import { expect, test } from 'vitest'
import { takeAll, transaction } from '../../src/driver/undo.ts'
import { TsnetError } from '../../src/errors.ts'

test('a transaction that ends well takes nothing back', async () => {
  const undone: string[] = []
  const result = await transaction(async (undo) => {
    undo.add('a', () => void undone.push('a'))
    return 7
  })
  expect({ result, undone }).toEqual({ result: 7, undone: [] })
})

test('one that fails takes its steps back, last first, and throws what it threw', async () => {
  const undone: string[] = []
  const failure = new TsnetError('usage', 'no')
  const failed = transaction(async (undo) => {
    for (const step of ['a', 'b', 'c']) undo.add(step, async () => void undone.push(step))
    throw failure
  })
  await expect(failed).rejects.toBe(failure)
  expect(undone).toEqual(['c', 'b', 'a'])
})

test('a step that cannot be taken back does not keep the others, and is named', async () => {
  const undone: string[] = []
  const told: (readonly string[])[] = []
  const failed = transaction(
    async (undo) => {
      undo.add('a', () => void undone.push('a'))
      undo.add('link b', () => {
        throw new Error('busy')
      })
      undo.add('c', () => void undone.push('c'))
      throw new TsnetError('unsupported', 'no')
    },
    (left) => told.push(left),
  )
  await expect(failed).rejects.toMatchObject({ code: 'unsupported', message: 'no; left behind: link b: busy' })
  expect(undone).toEqual(['c', 'a'])
  expect(told).toEqual([['link b: busy']])
})

test('of several steps to take, all are taken, and every failure is told', async () => {
  const taken: string[] = []
  const fail = (text: string) => () => {
    throw new TsnetError('privilege', text)
  }
  const all = takeAll('remove x', [fail('one'), () => void taken.push('two'), async () => fail('three')()])
  await expect(all).rejects.toMatchObject({ code: 'privilege', message: 'remove x: one; three' })
  expect(taken).toEqual(['two'])
})
