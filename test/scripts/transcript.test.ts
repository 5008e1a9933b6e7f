import { expect, test } from 'vitest'
import { readTranscript } from '../helpers/vm/transcript.ts'

const CONSOLE = [
  'SeaBIOS',
  '@@start 5.10',
  '@@begin list',
  'first',
  '',
  'last',
  '',
  '@@end 0 list',
  '@@begin silent',
  '',
  '@@end 3 silent',
  '@@exit 7 9.25',
  '',
].join('\r\n')

test('sections of a console have their output and exit status', () => {
  expect(Object.fromEntries(readTranscript(CONSOLE).sections)).toEqual({
    list: { output: 'first\n\nlast', status: 0 },
    silent: { output: '', status: 3 },
  })
})

test('the exit status of the script and the times of the guest are read', () => {
  expect(readTranscript(CONSOLE)).toMatchObject({ status: 7, bootedAfterS: 5.1, endedAfterS: 9.25 })
})

test('a console that ends in the middle has no exit status and no half section', () => {
  const cut = CONSOLE.slice(0, CONSOLE.indexOf('@@end 0 list'))
  expect(readTranscript(cut)).toMatchObject({ status: undefined, bootedAfterS: 5.1 })
  expect(readTranscript(cut).sections.size).toBe(0)
})
