import { decodeInetSocket, decodePacketSocket, decodeUnixSocket, IPPROTO } from 'netlink-ts'
import { expect, test } from 'vitest'
import { fixture, messageOf } from '../../packages/netlink-ts/test/helpers/hex.ts'
import { toInetRow, toPacketRow, toUnixRow } from '../../src/inspect/sockets.ts'

test('a listener has no remote end; its queues are those of connections', () => {
  const rows = fixture('diag/tcp4.hex').map((bytes) => toInetRow(decodeInetSocket(messageOf(bytes), IPPROTO.TCP)))
  const listener = rows.find(({ state }) => state === 'LISTEN')
  expect(listener).toMatchObject({ protocol: 'tcp', family: 4, local: '127.0.0.1', localPort: 8080, sendQueue: 7 })
  expect(listener).not.toHaveProperty('remote')
  expect(listener).not.toHaveProperty('link')
})

test('both ends of a connection have each other as remote', () => {
  const rows = fixture('diag/tcp4.hex').map((bytes) => toInetRow(decodeInetSocket(messageOf(bytes), IPPROTO.TCP)))
  const [one, other] = rows.filter(({ state }) => state === 'ESTAB')
  expect(one).toMatchObject({ remote: other?.local, remotePort: other?.localPort })
  expect(other).toMatchObject({ remote: one?.local, remotePort: one?.localPort })
})

test('an IPv6 listener keeps whether it takes IPv4 too', () => {
  const [row] = fixture('diag/tcp6.hex').map((bytes) => toInetRow(decodeInetSocket(messageOf(bytes))))
  expect(row).toMatchObject({ family: 6, local: '::', localPort: 8443, v6only: true })
})

test('packet sockets name the frames they take, Unix sockets their path', () => {
  const [packet] = fixture('diag/packet.hex').map((bytes) => toPacketRow(decodePacketSocket(messageOf(bytes))))
  expect(packet).toMatchObject({ protocol: 'packet', family: 'packet', state: 'UNCONN', local: '0x0806', link: 1 })
  const unix = fixture('diag/unix.hex').map((bytes) => toUnixRow(decodeUnixSocket(messageOf(bytes))))
  expect(unix.map(({ local }) => local).sort()).toEqual(['/tmp/ts-nf/s.sock', '@ts-nf abstract'])
})
