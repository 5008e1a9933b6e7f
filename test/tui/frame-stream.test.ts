import { expect, test } from 'vitest'
import { FrameStream } from '../../src/tui/screen/frame-stream.ts'

function stream(columns = 10, rows = 4): { readonly frames: FrameStream; taken(): string } {
  let written = ''
  const frames = new FrameStream({ columns, rows }, (text) => {
    written += text
  })
  const taken = (): string => {
    const text = written.replaceAll(/\x1b\[\?2026[hl]/g, '')
    written = ''
    return text
  }
  return { frames, taken }
}

test('only lines that differ are written, each at its place', () => {
  const { frames, taken } = stream()
  frames.write('one\ntwo\nthree')
  expect(taken()).toBe('\x1b[1;1Hone\x1b[K\x1b[2;1Htwo\x1b[K\x1b[3;1Hthree\x1b[K')
  frames.write('one\n2\nthree')
  expect(taken()).toBe('\x1b[2;1H2\x1b[K')
  frames.write('one\n2\nthree')
  expect(taken()).toBe('')
})

test('what a shorter line leaves behind is erased, however many bytes of colour it has', () => {
  const { frames, taken } = stream()
  frames.write('0123456789')
  taken()
  frames.write('\x1b[1;36mab\x1b[0m\x1b[1;35mcd\x1b[0m')
  expect(taken()).toMatch(/\x1b\[K$/)
})

test('nothing is erased after a line that fills the screen: its last character would go', () => {
  const { frames, taken } = stream()
  frames.write('\x1b[1m01234567漢\x1b[0m')
  expect(taken()).not.toContain('\x1b[K')
})

test('a frame that became shorter leaves no line behind', () => {
  const { frames, taken } = stream()
  frames.write('one\ntwo')
  taken()
  frames.write('one')
  expect(taken()).toBe('\x1b[2;1H\x1b[K')
})

test('after a resize the screen is cleared and the next frame written whole', () => {
  const { frames, taken } = stream()
  frames.write('one')
  taken()
  frames.forget({ columns: 20, rows: 6 })
  frames.write('one')
  expect(taken()).toBe('\x1b[2J\x1b[1;1Hone\x1b[K')
  expect(frames.columns).toBe(20)
})
