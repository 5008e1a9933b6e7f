import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { buildLibraries } from '../../../../scripts/build-library.mjs'
import { asStream, recording } from '../recordings.ts'

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url))

beforeAll(() => buildLibraries(), 120_000)

function run(name: string, input: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [join(PACKAGE, 'examples', `${name}.mjs`)], {
    input,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return stdout
}

test('summarise prints the rate of a run, and what is there of one that was cut off', () => {
  expect(run('summarise', recording('tcp'))).toMatch(/^[\d.]+ Gbit\/s, \d+ retransmits\nclient \d+ % CPU\n$/)
  expect(run('summarise', recording('tcp').slice(0, -700))).toContain('it was cut off')
  expect(run('summarise', recording('error-refused'))).toContain('Connection refused')
  expect(run('summarise', 'nonsense')).toBe('no report: there is no JSON in it: nonsense\n')
})

test('live prints each interval of a stream', () => {
  expect(run('live', asStream(recording('tcp')))).toMatch(/^(?:[\d.]+ bit\/s\n)+$/)
})
