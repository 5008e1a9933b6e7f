import packet from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeReply, type ReplyOptions } from '../../../src/driver/dns/dns-reply.ts'
import type { DnsAnswer } from '../../../src/driver/dns/resolve.ts'
import {
  type DnsQuery,
  decodeQuery,
  encodeFailure,
  RCODE,
  replyStatus,
  withId,
} from '../../../src/kernel/dns/dns-message.ts'

interface Asked {
  readonly name?: string
  readonly type?: packet.RecordType
  readonly id?: number
  readonly flags?: number
  readonly udpPayloadSize?: number
}

function query({
  name = 'web.front',
  type = 'A',
  id = 4711,
  flags = packet.RECURSION_DESIRED,
  udpPayloadSize,
}: Asked = {}) {
  const additionals: packet.Answer[] =
    udpPayloadSize === undefined
      ? []
      : [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ]
  return packet.encode({ type: 'query', id, flags, questions: [{ name, type }], additionals })
}

function decoded(bytes: Buffer): DnsQuery {
  const result = decodeQuery(bytes)
  if (result.kind !== 'query') throw new Error(`${result.kind}, not a query`)
  return result.query
}

/** `count` addresses of one name. */
function addresses(count: number, name = 'web.front'): DnsAnswer[] {
  return Array.from({ length: count }, (_, at) => ({ type: 'A', name, data: `10.0.${at >> 8}.${at & 255}` }))
}

const UDP: ReplyOptions = { transport: 'udp', behaviour: '28' }

test('a query is its name, type, id and what the client takes', () => {
  const { id, question, udpBytes } = decoded(query())
  expect({ id, question, udpBytes }).toEqual({ id: 4711, question: { name: 'web.front', type: 1 }, udpBytes: 512 })
  expect(decoded(query({ udpPayloadSize: 1232 })).udpBytes).toBe(1232)
  expect(decoded(query({ udpPayloadSize: 100 })).udpBytes).toBe(512)
  expect(decoded(query({ type: 'PTR' })).question.type).toBe(12)
})

test('the reply repeats the question as it was written, with TTL 600, RA and the RD of the query', () => {
  const asked = decoded(query({ name: 'WeB.front' }))
  const reply = packet.decode(encodeReply(asked, { answers: addresses(1, 'WeB.front'), additionals: [] }, UDP))
  expect(reply).toMatchObject({
    id: 4711,
    type: 'response',
    rcode: 'NOERROR',
    flag_ra: true,
    flag_rd: true,
    flag_aa: false,
    flag_tc: false,
    questions: [{ name: 'WeB.front', type: 'A', class: 'IN' }],
    answers: [{ name: 'WeB.front', type: 'A', class: 'IN', ttl: 600, data: '10.0.0.0' }],
  })
  const without = packet.decode(encodeReply(decoded(query({ flags: 0 })), { answers: [], additionals: [] }, UDP))
  expect([without.flag_rd, without.answers]).toEqual([false, []])
})

test('every type of answer is one that another decoder reads', () => {
  const answers: DnsAnswer[] = [
    { type: 'AAAA', name: 'x', data: 'fd00::1' },
    { type: 'PTR', name: 'x', data: 'web.front' },
    { type: 'SRV', name: 'x', data: { port: 80, target: 'web.1.x' } },
  ]
  const reply = packet.decode(encodeReply(decoded(query()), { answers, additionals: addresses(1, 'web.1.x') }, UDP))
  expect(reply.answers?.map((answer) => 'data' in answer && answer.data)).toEqual([
    'fd00::1',
    'web.front',
    { port: 80, target: 'web.1.x', priority: 0, weight: 0 },
  ])
  expect(reply.additionals).toMatchObject([{ name: 'web.1.x', data: '10.0.0.0' }])
})

test('a name that DNS cannot carry is refused, not written wrongly', () => {
  for (const data of ['x'.repeat(64), 'a..b', `${'x'.repeat(60)}.`.repeat(5)]) {
    const answers: DnsAnswer[] = [{ type: 'PTR', name: 'x', data }]
    expect(() => encodeReply(decoded(query()), { answers, additionals: [] }, UDP)).toThrow(RangeError)
  }
})

describe('more than the client takes', () => {
  const records = (count: number) => ({ answers: addresses(count), additionals: [] })

  test('20.10 cuts answers and says so', () => {
    const bytes = encodeReply(decoded(query()), records(100), { transport: 'udp', behaviour: '20.10' })
    const reply = packet.decode(bytes)
    // 12 of header, 15 of question, 25 an answer
    expect([reply.flag_tc, reply.answers?.length, bytes.length]).toEqual([true, 19, 502])
  })

  test('28 compresses first, so that more fits', () => {
    const asked = decoded(query())
    const fits = packet.decode(encodeReply(asked, records(30), UDP))
    expect([fits.flag_tc, fits.answers?.length]).toEqual([false, 30])
    const cut = packet.decode(encodeReply(asked, records(31), UDP))
    expect([cut.flag_tc, cut.answers?.length, cut.answers?.[29]?.name]).toEqual([true, 30, 'web.front'])
  })

  test('EDNS and TCP have more room', () => {
    const wide = decoded(query({ udpPayloadSize: 4096 }))
    expect(packet.decode(encodeReply(wide, records(100), UDP))).toMatchObject({ flag_tc: false })
    const overTcp = encodeReply(decoded(query()), records(1000), { transport: 'tcp', behaviour: '28' })
    expect(packet.decode(overTcp).answers).toHaveLength(1000)
    const beyond = encodeReply(decoded(query()), records(3000), { transport: 'tcp', behaviour: '20.10' })
    expect(beyond.length).toBeLessThanOrEqual(65_535)
    expect(packet.decode(beyond).flag_tc).toBe(false)
  })

  test('20.10 cuts a service together with its address, 28 the addresses first', () => {
    const targets = Array.from({ length: 40 }, (_, at) => `app.${at}.x`)
    const answers: DnsAnswer[] = targets.map((target) => ({ type: 'SRV', name: 'x', data: { port: 80, target } }))
    const additionals: DnsAnswer[] = targets.map((name) => ({ type: 'A', name, data: '10.0.0.1' }))
    const asked = decoded(query({ type: 'SRV' }))
    const old = packet.decode(encodeReply(asked, { answers, additionals }, { transport: 'udp', behaviour: '20.10' }))
    expect(old.answers?.length).toBe(old.additionals?.length)
    expect(old.flag_tc).toBe(true)
    const recent = packet.decode(encodeReply(asked, { answers, additionals }, UDP))
    expect(recent.answers?.length).toBeGreaterThan(old.answers?.length ?? 0)
    expect(recent.flag_tc).toBe(true)
  })
})

describe('what is no query', () => {
  test.each([
    [
      'two questions',
      [
        { name: 'a', type: 'A' },
        { name: 'b', type: 'A' },
      ],
      0,
      RCODE.FORMERR,
    ],
    ['no question', [], 0, RCODE.FORMERR],
    ['a notification', [{ name: 'a', type: 'SOA' }], 4 << 11, RCODE.NOTIMP],
  ] as const)('%s is refused with a code', (_, questions, flags, rcode) => {
    const result = decodeQuery(packet.encode({ type: 'query', id: 7, flags, questions: [...questions] }))
    expect(result).toMatchObject({ kind: 'refused' })
    if (result.kind === 'refused')
      expect([result.reply.readUInt16BE(0), (result.reply[3] ?? 0) & 15]).toEqual([7, rcode])
  })

  test('a response and what is shorter than a header are not answered', () => {
    expect(decodeQuery(packet.encode({ type: 'response', questions: [{ name: 'a', type: 'A' }] })).kind).toBe('ignored')
    expect(decodeQuery(Buffer.alloc(11)).kind).toBe('ignored')
  })

  test('a name that leads in circles, or out of the message, is refused', () => {
    const bytes = query({ name: 'abc' })
    for (const [at, value] of [
      [12, 0xc0],
      [12, 60],
      [15, 0xff],
    ] as const) {
      const broken = Buffer.from(bytes)
      broken[at] = value
      if (at === 12) broken[13] = 12
      expect(decodeQuery(broken.subarray(0, value === 60 ? 20 : undefined)).kind).not.toBe('ignored')
    }
    const circle = Buffer.from(bytes)
    circle.set([0xc0, 12], 12)
    expect(decodeQuery(circle)).toMatchObject({ kind: 'refused' })
  })

  test('any bytes give a query, a refusal or nothing, and what is understood can be answered', () => {
    const valid = query({ name: 'some.name.example', udpPayloadSize: 1232 })
    const mutated = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
      .map((changes) => {
        const bytes = Buffer.from(valid)
        for (const [at, value] of changes) bytes[at] = value
        return bytes
      })
    const anything = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.oneof(anything, mutated), fc.nat(40), (bytes, count) => {
        const result = decodeQuery(bytes)
        if (result.kind !== 'query') return
        const reply = encodeReply(result.query, { answers: addresses(count), additionals: [] }, UDP)
        expect(reply.length).toBeLessThanOrEqual(result.query.udpBytes)
        expect(packet.decode(reply).id).toBe(result.query.id)
        expect(packet.decode(encodeFailure(result.query, RCODE.SERVFAIL))).toMatchObject({ rcode: 'SERVFAIL' })
      }),
      { numRuns: 5000 },
    )
  })
})

describe('an answer from outside', () => {
  const asked = decoded(query())
  const answer = (over: Partial<packet.Packet> = {}) =>
    packet.encode({ type: 'response', id: 4711, questions: [{ name: 'web.front', type: 'A' }], ...over })

  test('counts when it has the id and the question', () => {
    expect(replyStatus(answer(), asked)).toEqual({ rcode: 0, isAuthoritative: false })
    expect(replyStatus(answer({ flags: packet.AUTHORITATIVE_ANSWER | 3 }), asked)).toEqual({
      rcode: 3,
      isAuthoritative: true,
    })
    expect(replyStatus(answer({ questions: [{ name: 'WEB.front', type: 'A' }] }), asked)).toBeDefined()
    expect(replyStatus(answer({ questions: [], flags: 5 }), asked)).toEqual({ rcode: 5, isAuthoritative: false })
  })

  test('is none with another id or question, or as a query', () => {
    expect(replyStatus(answer({ id: 4712 }), asked)).toBeUndefined()
    expect(replyStatus(answer({ questions: [{ name: 'web.back', type: 'A' }] }), asked)).toBeUndefined()
    expect(replyStatus(answer({ questions: [] }), asked)).toBeUndefined()
    expect(replyStatus(query(), asked)).toBeUndefined()
    expect(replyStatus(Buffer.alloc(3), asked)).toBeUndefined()
  })

  test('gets the id of the client back', () => {
    expect(packet.decode(withId(answer(), 9)).id).toBe(9)
  })
})
