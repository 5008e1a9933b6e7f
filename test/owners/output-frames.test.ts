import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OutputFrames } from '../../src/owners/docker/output-frames.ts'

function encode(stream: 1 | 2, text: string): Buffer {
  const bytes = Buffer.from(text)
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

function decode(chunks: readonly Buffer[]): { out: string; err: string } {
  const frames = new OutputFrames()
  const parts = chunks.flatMap((chunk) => frames.push(chunk))
  const text = (stream: 1 | 2) =>
    Buffer.concat(parts.filter((part) => part.stream === stream).map(({ bytes }) => bytes)).toString()
  return { out: text(1), err: text(2) }
}

test('stdout and stderr of a container are told apart', () => {
  expect(decode([Buffer.concat([encode(1, 'out'), encode(2, 'err'), encode(1, ' more')])])).toEqual({
    out: 'out more',
    err: 'err',
  })
})

test('frames may come in any pieces, and empty', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ stream: fc.constantFrom(1 as const, 2 as const), text: fc.string() })),
      fc.array(fc.nat(30)),
      (frames, cuts) => {
        let rest = Buffer.concat(frames.map(({ stream, text }) => encode(stream, text)))
        const chunks = cuts.map((length) => {
          const chunk = rest.subarray(0, length)
          rest = rest.subarray(length)
          return chunk
        })
        const sent = (wanted: 1 | 2) =>
          frames
            .filter(({ stream }) => stream === wanted)
            .map(({ text }) => text)
            .join('')
        expect(decode([...chunks, rest])).toEqual({ out: sent(1), err: sent(2) })
      },
    ),
  )
})
