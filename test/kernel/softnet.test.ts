import { expect, test } from 'vitest'
import { parseSoftnet, readSoftnet } from '../../src/kernel/softnet.ts'

test('counters of all CPUs are added up', () => {
  const text = '00ed99e7 000000ff 0000003c 00000000\n00e07759 00000001 00000028 00000000\n'
  expect(parseSoftnet(text)).toEqual({ processed: 0xed_99_e7 + 0xe0_77_59, dropped: 256, squeezed: 100 })
})

test('this machine has processed packets', () => {
  expect(readSoftnet()?.processed).toBeGreaterThan(0)
})
