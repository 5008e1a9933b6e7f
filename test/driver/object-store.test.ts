import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ObjectStore } from '../../src/driver/object-store.ts'
import { number, object } from '../../src/model/schema.ts'

interface Thing {
  readonly size: number
}

const SCHEMA = object<Thing>({ size: number }, {})
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsnet-store-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

test('what was put is there for the next one to open the folder, and what was deleted is not', () => {
  const store = new ObjectStore(folder, SCHEMA)
  store.put('a', { size: 1 })
  store.put('b', { size: 2 })
  store.put('a', { size: 3 })
  store.delete('b')
  store.delete('b')
  expect([...new ObjectStore(folder, SCHEMA).all()]).toEqual([['a', { size: 3 }]])
})

test('a file that was not finished is forgotten', () => {
  writeFileSync(join(folder, 'a.json.new'), '{"si')
  expect(new ObjectStore(folder, SCHEMA).all().size).toBe(0)
  expect(readdirSync(folder)).toEqual([])
})

test.each([
  ['not JSON', 'rubbish'],
  ['another shape', '{"size":"big"}'],
])('a file of %s is an error that names it', (_, text) => {
  writeFileSync(join(folder, 'a.json'), text)
  expect(() => new ObjectStore(folder, SCHEMA)).toThrow(/a\.json: /)
})

test.each(['../a', 'a/b', '', '.a', `${'a'.repeat(300)}`])('the id %j becomes no file name', (id) => {
  expect(() => new ObjectStore(folder, SCHEMA).put(id, { size: 1 })).toThrow(/not an id/)
})
