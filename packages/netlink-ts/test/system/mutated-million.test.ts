import { expect, test } from 'vitest'
import { decodeMutated } from '../helpers/mutation.ts'

test('1,000,000 mutated messages give a value or our error', () => {
  const seed = Number(process.env['SEED'] ?? Date.now() & 0x7fff_ffff)
  console.info(`mutated messages: SEED=${seed}`)
  const { values, refusals } = decodeMutated(1_000_000, seed)
  expect(values + refusals).toBe(1_000_000)
  expect(Math.min(values, refusals)).toBeGreaterThan(100_000)
}, 300_000)
