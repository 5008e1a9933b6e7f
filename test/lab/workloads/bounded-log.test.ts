import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BoundedLog } from '../../../src/lab/workloads/bounded-log.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ts-log-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const KILOBYTE = Buffer.alloc(1024, 'x')

test('output is kept, in a file for its owner alone, and goes on after a restart', () => {
  const path = join(folder, 'output/web.log')
  for (const words of ['one\n', 'two\n']) {
    const log = new BoundedLog(path)
    log.write(Buffer.from(words))
    log.close()
  }
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('the newest output stays, however much there is', () => {
  const path = join(folder, 'web.log')
  const log = new BoundedLog(path)
  for (let count = 0; count < 5000; count++) log.write(KILOBYTE)
  log.write(Buffer.from('last'))
  expect(readFileSync(path, 'utf8')).toMatch(/last$/)
  const sizes = ['', '.old'].map((suffix) => statSync(`${path}${suffix}`).size)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1024 * 1024)
  log.close()
})

test('a folder that was removed is no error', () => {
  const log = new BoundedLog(join(folder, 'web.log'))
  rmSync(folder, { recursive: true })
  for (let count = 0; count < 3000; count++) log.write(KILOBYTE)
  log.close()
})
