import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isUpToDate, writeStamp } from '../../scripts/stamp.mjs'

let root: string
const stamp = () => join(root, 'stamp.json')

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tsnet-stamp-'))
  writeFileSync(join(root, 'input.ts'), 'one')
  writeFileSync(join(root, 'output.js'), 'built')
  await writeStamp(stamp(), root, ['input.ts', 'output.js', 'never-there'])
})

afterEach(() => rmSync(root, { recursive: true }))

test('a build of unchanged files is up to date', async () => {
  expect(await isUpToDate(stamp(), root)).toBe(true)
})

test.each([
  ['an input of another size', () => writeFileSync(join(root, 'input.ts'), 'other')],
  ['an input written again with the same size', () => utimesSync(join(root, 'input.ts'), 1, 1)],
  ['an output that was removed', () => rmSync(join(root, 'output.js'))],
  ['a file that appeared', () => writeFileSync(join(root, 'never-there'), '')],
  ['a damaged stamp', () => writeFileSync(stamp(), '{')],
  ['no stamp', () => rmSync(stamp())],
])('%s asks for a new build', async (_, change) => {
  change()
  expect(await isUpToDate(stamp(), root)).toBe(false)
})
