import { expect, test } from 'vitest'
import { COMMANDS } from '../../commands/table.ts'
import { purposeOf, SMALL_COMMANDS } from '../../src/load-program.mjs'

test('every small command is a command', () => {
  const names = COMMANDS.map(({ name }) => name)
  expect(SMALL_COMMANDS.filter((name) => !names.includes(name))).toEqual([])
})

test.each([
  [['ns'], true, 'small'],
  [['show', 'links'], false, 'small'],
  [['--version'], true, 'small'],
  [[], true, 'screen'],
  [['--from', '/tmp/host.json'], true, 'screen'],
  [[], false, 'other'],
  [['-n', 'web', 'show', 'links'], true, 'other'],
  [['lab', 'up', 'ns'], true, 'other'],
  [['help', 'ns'], true, 'other'],
  [['__complete', 'show'], false, 'other'],
])('%j on a terminal: %s is started for %s', (words, isTerminal, purpose) => {
  expect(purposeOf(words, isTerminal)).toBe(purpose)
})
