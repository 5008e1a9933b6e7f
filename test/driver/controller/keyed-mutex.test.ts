import { expect, test } from 'vitest'
import { KeyedMutex } from '../../../src/driver/controller/keyed-mutex.ts'

/** Ends when told to. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

test('actions with one key follow each other in order, those with another key do not wait', async () => {
  const mutex = new KeyedMutex()
  const log: string[] = []
  const first = gate()
  const a1 = mutex.run('a', async () => {
    log.push('a1 begins')
    await first.opened
    log.push('a1 ends')
  })
  const a2 = mutex.run('a', async () => void log.push('a2'))
  await mutex.run('b', async () => void log.push('b'))
  expect(log).toEqual(['a1 begins', 'b'])
  first.open()
  await Promise.all([a1, a2])
  expect(log).toEqual(['a1 begins', 'b', 'a1 ends', 'a2'])
})

test('a failure reaches its caller and does not keep the next', async () => {
  const mutex = new KeyedMutex()
  const failed = mutex.run('a', () => Promise.reject(new Error('no')))
  const next = mutex.run('a', async () => 'yes')
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('yes')
})

test('one that is waited for may ask for the key again afterwards', async () => {
  const mutex = new KeyedMutex()
  for (let turn = 0; turn < 3; turn++) expect(await mutex.run('a', async () => turn)).toBe(turn)
})
