import { expect, test } from 'vitest'
import { NetlinkError } from '../src/error.ts'
import { encodeMessage, errorOf, messageAt, messages, NLM_F, NLMSG } from '../src/message.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))

test('an NLMSG_ERROR of the kernel gives errno, its own words and the offset', () => {
  const bytes = encodeMessage(NLMSG.ERROR, NLM_F.CAPPED | NLM_F.ACK_TLVS, {
    fill: (writer) => {
      writer.s32(-95).zeros(16).stringAttribute(1, 'Unknown device type').u32Attribute(2, 36)
    },
  })
  const error = errorOf(messageAt(bytes, 0), 'create link')
  expect(error).toMatchObject({ code: 'kernel', errno: 95, extAck: 'Unknown device type', offset: 36 })
  expect(error?.message).toBe('create link: Unknown device type (EOPNOTSUPP)')
})

test('an error that repeats the request has its words behind it', () => {
  const request = encodeMessage(16, NLM_F.REQUEST, { fill: (writer) => writer.zeros(17) })
  const bytes = encodeMessage(NLMSG.ERROR, NLM_F.ACK_TLVS, {
    fill: (writer) => writer.s32(-22).raw(request).pad().stringAttribute(1, 'words'),
  })
  expect(errorOf(messageAt(bytes, 0), 'x')).toMatchObject({ errno: 22, extAck: 'words' })
})

test('an acknowledgement is no error; an unnamed errno is given as a number', () => {
  const answer = (errno: number) =>
    errorOf(messageAt(encodeMessage(NLMSG.ERROR, 0, { fill: (writer) => writer.s32(-errno).zeros(16) }), 0), 'x')
  expect(answer(0)).toBeUndefined()
  expect(answer(3000)?.message).toBe('x: errno 3000')
})

test('each message of a datagram is given, padding between them passed over', () => {
  const one = encodeMessage(20, 0, { sequence: 1, fill: (writer) => writer.zeros(5) })
  const two = encodeMessage(21, 0, { sequence: 2 })
  const datagram = new Uint8Array(((one.length + 3) & ~3) + two.length)
  datagram.set(one)
  datagram.set(two, (one.length + 3) & ~3)
  expect([...messages(datagram)].map(({ type, sequence }) => [type, sequence])).toEqual([
    [20, 1],
    [21, 2],
  ])
})

test.each([
  ['a header that is cut', hex('10000000 1000 0000 00000000')],
  ['a length below that of the header', hex('0f000000 1000 0000 00000000 00000000')],
  ['a length beyond the datagram', hex('11000000 1000 0000 00000000 00000000')],
])('%s is malformed', (_, bytes) => {
  expect(() => [...messages(bytes)]).toThrow(NetlinkError)
})
