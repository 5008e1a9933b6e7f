import { afterEach, expect, test } from 'vitest'
import { malformed, NetlinkError } from '../src/error.ts'
import { type Message, NLM_F } from '../src/message.ts'
import { u32 } from '../src/reader.ts'
import { answer, datagram, done, part, type Script, ScriptedSocket } from './helpers/scripted-socket.ts'

const opened: ScriptedSocket[] = []
function scripted(script: Script): ScriptedSocket {
  const socket = new ScriptedSocket(script)
  opened.push(socket)
  return socket
}
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close()
})

const number = (message: Message) => u32(message.bytes, message.start)
const codeOf = (action: () => unknown) => {
  try {
    action()
  } catch (error) {
    return error instanceof NetlinkError ? error.code : error
  }
  return 'no error'
}

test('a dump is put together from all its datagrams', () => {
  const socket = scripted(({ sequence: s }) => [datagram(part(s, 1), part(s, 2)), part(s, 3), done(s)])
  expect(socket.dump({ type: 18 }, number)).toEqual([1, 2, 3])
})

test('an inconsistent dump is read again from the start, wherever the mark stands', () => {
  for (const marked of [0, 1, 2]) {
    const socket: ScriptedSocket = scripted(({ sequence: s }) => {
      const mark = (position: number) => (socket.sent === 1 && position === marked ? NLM_F.DUMP_INTR : 0)
      const round = socket.sent * 10
      return [part(s, round, mark(0)), part(s, round + 1, mark(1)), done(s, { flags: mark(2) })]
    })
    expect(socket.dump({ type: 18 }, number)).toEqual([20, 21])
  }
})

test('a dump that is never consistent ends with interrupted', () => {
  const socket = scripted(({ sequence: s }) => [done(s, { flags: NLM_F.DUMP_INTR })])
  expect(codeOf(() => socket.dump({ type: 18 }, number))).toBe('interrupted')
  expect(socket.sent).toBe(64)
})

test('an error at the end of a dump is thrown', () => {
  const socket = scripted(({ sequence: s }) => [part(s, 1), done(s, { errno: 95 })])
  expect(() => socket.dump({ type: 18 }, number)).toThrow(/dump 18: EOPNOTSUPP/)
})

test('a message that is not understood ends the dump with its error, and the next request gets its own answer', () => {
  const socket = scripted(({ sequence: s }) => [datagram(part(s, 1), part(s, 2)), part(s, 3), done(s)])
  const refuse = () => {
    throw malformed('no')
  }
  expect(codeOf(() => socket.dump({ type: 18 }, refuse))).toBe('malformed')
  expect(socket.dump({ type: 18 }, number)).toEqual([1, 2, 3])
})

test('the late answer to an earlier request is passed over', () => {
  const socket = scripted(({ sequence: s }) => [part(s - 1, 99), done(s - 1), part(s, 1), done(s)])
  expect(socket.dump({ type: 18 }, number)).toEqual([1])
  const requests = scripted(({ sequence: s }) => [answer(s + 7, 22), answer(s)])
  expect(requests.request({ type: 16 })).toEqual([])
})

test('each request of a batch gets its own result, in whatever datagrams they come', () => {
  const socket = scripted(({ sequence: s }) => [datagram(answer(s), answer(s + 1, 17)), answer(s + 2)])
  const results = socket.batch([{ type: 16 }, { type: 16 }, { type: 17 }])
  expect(results.map((error) => error?.errno)).toEqual([undefined, 17, undefined])
  expect(socket.batch([])).toEqual([])
})

test('a request whose fill asks the kernel itself is not spoilt by that', () => {
  const sent: number[] = []
  const socket: ScriptedSocket = scripted(({ sequence, type }) => {
    sent.push(type)
    return [answer(sequence)]
  })
  const inner = () => void socket.request({ type: 18, fill: (writer) => writer.zeros(400) })
  socket.batch([{ type: 16, fill: inner }, { type: 17 }].slice(0, 1))
  expect(sent).toEqual([18, 16])
})

test('a datagram that is no netlink is malformed', () => {
  const socket = scripted(() => [new Uint8Array(3)])
  expect(codeOf(() => socket.request({ type: 16 }))).toBe('malformed')
})
