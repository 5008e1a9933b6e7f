import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NetlinkError } from '../../src/error.ts'
import { inNamespace, inNewNamespace } from '../../src/namespace.ts'
import { dumpLinks } from '../../src/route/link.ts'
import { changeLink, createLink, createVethPair, deleteLink } from '../../src/route/link-request.ts'
import { NETLINK, NetlinkSocket } from '../../src/socket.ts'
import { type TestNamespace, testNamespace } from '../helpers/namespace.ts'

let here: TestNamespace

beforeAll(() => {
  here = testNamespace()
})
afterAll(() => here.remove())

function failure(action: () => unknown): NetlinkError {
  try {
    action()
  } catch (error) {
    if (error instanceof NetlinkError) return error
    throw error
  }
  throw new Error('did not fail')
}

const openFds = () => readdirSync('/proc/self/fd').length

test('a refused request gives the errno and the words of the kernel', () => {
  const socket = here.socket()
  const error = failure(() => socket.request(createLink({ kind: 'nosuchkind', name: 'x' })))
  expect(error).toMatchObject({ code: 'kernel', errno: 95, extAck: 'Unknown device type' })
  expect(error.message).toBe('request 16: Unknown device type (EOPNOTSUPP)')
})

test('a refused attribute is found by its offset', () => {
  const socket = here.socket()
  // IFLA_MTU has to be 32 bits
  const fill = (writer: import('../../src/writer.ts').Writer) => {
    writer.zeros(16).u8Attribute(4, 1)
  }
  expect(failure(() => socket.request({ type: 16, fill }))).toMatchObject({ code: 'kernel', offset: 32 })
})

test('a batch carries on after a failure', () => {
  const socket = here.socket()
  const results = socket.batch([
    createVethPair('a0', { name: 'a1' }),
    createVethPair('a0', { name: 'a2' }),
    deleteLink({ name: 'nosuch' }),
    deleteLink({ name: 'a0' }),
  ])
  expect(results.map((error) => error?.errno)).toEqual([undefined, 17, 19, undefined])
})

test('a batch of two thousand is carried out and answered in order', () => {
  const socket = here.socket()
  const settings = Array.from({ length: 2000 }, (_, count) =>
    count % 2 === 0 ? deleteLink({ name: `no${count}` }) : changeLink(1, { group: count }),
  )
  const results = socket.batch(settings)
  expect(results).toHaveLength(2000)
  results.forEach((error, position) => {
    expect(error?.errno).toBe(position % 2 === 0 ? 19 : undefined)
  })
  expect(dumpLinks(socket)[0]?.group).toBe(1999)
})

test('a socket stays in the namespace it was opened in, and the caller in his', () => {
  const before = inNamespace({ pid: process.pid }, () => dumpLinks(new NetlinkSocket(NETLINK.ROUTE)).length)
  const socket = here.socket()
  expect(dumpLinks(socket).map(({ name }) => name)).toEqual(['lo'])
  const own = new NetlinkSocket(NETLINK.ROUTE)
  expect(dumpLinks(own)).toHaveLength(before)
  own.close()
})

test('a new namespace is entered, used and left', () => {
  const socket = inNewNamespace(() => new NetlinkSocket(NETLINK.ROUTE))
  expect(dumpLinks(socket).map(({ name }) => name)).toEqual(['lo'])
  socket.close()
})

test('an error inside a namespace leaves it', () => {
  const before = openFds()
  expect(() =>
    inNamespace({ fd: here.fd }, () => {
      throw new Error('inside')
    }),
  ).toThrow('inside')
  const own = new NetlinkSocket(NETLINK.ROUTE)
  expect(dumpLinks(own).length).toBeGreaterThan(1)
  own.close()
  expect(openFds()).toBe(before)
})

test('a namespace that does not exist, a file that is none and a protocol that does not exist are named', () => {
  const open = (target: { path: string } | { pid: number }) => () =>
    new NetlinkSocket(NETLINK.ROUTE, { namespace: target })
  expect(failure(open({ path: '/run/netns/ts-nl-nosuch' }))).toMatchObject({ code: 'system', errno: 2 })
  expect(failure(open({ path: '/etc/hostname' }))).toMatchObject({ code: 'system', errno: 22 })
  expect(failure(open({ pid: 0x7fff_fff0 }))).toMatchObject({ code: 'system', errno: 2 })
  expect(failure(() => new NetlinkSocket(23))).toMatchObject({ code: 'unsupported' })
})

test('a wait ends with timeout', () => {
  const socket = here.socket({ timeoutMs: 20 })
  expect(failure(() => socket.receiveInto(new Uint8Array(100))).code).toBe('timeout')
})

test('a datagram larger than the buffer is truncated, not half read', () => {
  const socket = here.socket({ groups: [1] })
  here.ip('link set lo up')
  expect(failure(() => socket.receiveInto(new Uint8Array(32))).code).toBe('truncated')
})

test('five hundred sockets leave no descriptor behind', () => {
  const before = openFds()
  for (let count = 0; count < 500; count++) {
    const socket = new NetlinkSocket(NETLINK.ROUTE, { namespace: { fd: here.fd } })
    socket.close()
    socket.close()
  }
  failure(() => new NetlinkSocket(NETLINK.ROUTE, { groups: [1, 100_000] }))
  expect(openFds()).toBe(before)
})
