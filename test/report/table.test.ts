import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Column } from '../../src/report/columns.ts'
import { displayWidth } from '../../src/report/sanitise.ts'
import { fitWidths, formatTable, jsonRows } from '../../src/report/table.ts'

interface Pet {
  readonly name: string
  readonly age: number | undefined
  readonly note: string
}

const COLUMNS: readonly Column<Pet>[] = [
  { name: 'NAME', align: 'left', text: ({ name }) => name, sort: ({ name }) => name },
  {
    name: 'AGE',
    align: 'right',
    text: ({ age }) => String(age ?? ''),
    sort: ({ age }) => age ?? Number.NEGATIVE_INFINITY,
  },
  { name: 'NOTE', align: 'left', wide: true, text: ({ note }) => note, sort: ({ note }) => note },
]

const PETS: readonly Pet[] = [
  { name: 'rex10', age: 9, note: 'old' },
  { name: 'rex2', age: undefined, note: '' },
  { name: '網路', age: 10, note: 'wide' },
]

describe('a table as text', () => {
  test('aligns numbers to the right and counts wide characters twice', () => {
    expect(formatTable(COLUMNS, PETS, {})).toBe('NAME   AGE\nrex10    9\nrex2\n網路    10\n')
  })

  test('has every column with --wide', () => {
    expect(formatTable(COLUMNS, PETS, { wide: true }).split('\n')[0]).toBe('NAME   AGE  NOTE')
  })

  test('has the columns that were asked for, in that order, hidden ones too', () => {
    expect(formatTable(COLUMNS, PETS, { columns: 'note,Name' }).split('\n')[1]).toBe('old   rex10')
  })

  test('sorts names as people do, and numbers by value', () => {
    const names = (sort: string) => formatTable(COLUMNS, PETS, { sort, columns: 'name' }).trimEnd().split('\n').slice(1)
    expect(names('name')).toEqual(['rex2', 'rex10', '網路'])
    expect(names('age:desc')).toEqual(['網路', 'rex10', 'rex2'])
  })

  test('names the columns there are when one is unknown', () => {
    expect(() => formatTable(COLUMNS, PETS, { columns: 'nam' })).toThrow(
      'column nam: no such column (did you mean name?)',
    )
    expect(() => formatTable(COLUMNS, PETS, { sort: 'age:down' })).toThrow('want COLUMN, COLUMN:asc or COLUMN:desc')
  })

  test('is bold in its heading only where there is colour', () => {
    expect(formatTable(COLUMNS, [], { colour: true })).toBe('\x1b[1mNAME  AGE\x1b[22m\n')
  })

  test('never is wider than the terminal, whatever is in it', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'b', '網', ' '), maxLength: 60 })
    const pets = fc.array(fc.record({ name: cell, age: fc.integer(), note: cell }), { maxLength: 8 })
    fc.assert(
      fc.property(pets, fc.integer({ min: 12, max: 120 }), (rows, width) => {
        for (const line of formatTable(COLUMNS, rows, { width }).split('\n')) {
          expect(displayWidth(line)).toBeLessThanOrEqual(width)
        }
      }),
    )
  })
})

describe('widths', () => {
  test('stay as they are where there is room', () => {
    expect(fitWidths([5, 20, 7], 80, true)).toEqual([5, 20, 7])
  })

  test('are taken from the longest column first', () => {
    expect(fitWidths([5, 60, 30], 60, true)).toEqual([5, 25, 25])
  })

  test('drop the last columns when all are short, unless they were asked for', () => {
    expect(fitWidths([10, 10, 10], 22, true)).toEqual([10, 10])
    expect(fitWidths([10, 10, 10], 22, false)).toEqual([10, 10, 10])
  })
})

test('rows for JSON say where each object is, and have it once', () => {
  const namespace = { inode: 7 }
  const service = { scheduler: 'rr' }
  const rows = [
    { namespace, object: service },
    { namespace, object: service },
  ]
  expect(jsonRows(rows, () => 'web')).toEqual([{ namespace: { inode: 7, name: 'web' }, scheduler: 'rr' }])
})
