import { expect, test } from 'vitest'
import { decodeInetSocket, decodePacketSocket, decodeUnixSocket, IPPROTO, parseProcRaw } from '../../src/index.ts'
import { fixture, messageOf } from '../helpers/hex.ts'

const tcp = fixture('diag/tcp4.hex').map((bytes) => decodeInetSocket(messageOf(bytes), IPPROTO.TCP))

test('a TCP listener gives its address and the length of its accept queue', () => {
  const listener = tcp.find(({ stateName }) => stateName === 'LISTEN')
  expect(listener).toMatchObject({ source: '127.0.0.1', sourcePort: 8080, destinationPort: 0, sendQueue: 7, uid: 0 })
  expect(listener?.inode).toBeGreaterThan(0)
})

test('both ends of a connection, unread bytes and TCP measurements', () => {
  const established = tcp.filter(({ stateName }) => stateName === 'ESTAB')
  expect(established).toHaveLength(2)
  const server = established.find(({ sourcePort }) => sourcePort === 8080)
  expect(server).toMatchObject({ destination: '127.0.0.1', receiveQueue: 5 })
  expect(server?.tcp?.rttUs).toBeGreaterThan(0)
  expect(server?.memory?.receiveBuffer).toBeGreaterThan(0)
  expect(server?.congestion).toMatch(/^[a-z]+$/)
})

test('an IPv6 listener says whether it takes IPv4 as well', () => {
  expect(fixture('diag/tcp6.hex').map((bytes) => decodeInetSocket(messageOf(bytes)))).toMatchObject([
    { family: 10, source: '::', sourcePort: 8443, v6only: true },
  ])
})

test('an unconnected UDP socket', () => {
  expect(fixture('diag/udp4.hex').map((bytes) => decodeInetSocket(messageOf(bytes), IPPROTO.UDP))).toMatchObject([
    { source: '0.0.0.0', sourcePort: 5353, stateName: 'UNCONN', v6only: undefined, tcp: undefined },
  ])
})

test('a raw socket has its protocol in the place of a port', () => {
  expect(fixture('diag/raw4.hex').map((bytes) => decodeInetSocket(messageOf(bytes), IPPROTO.RAW))).toMatchObject([
    { source: '0.0.0.0', sourcePort: 1, stateName: 'UNCONN' },
  ])
})

test('Unix listeners by path and by abstract name', () => {
  const unix = fixture('diag/unix.hex').map((bytes) => decodeUnixSocket(messageOf(bytes)))
  expect(unix.map(({ name, stateName, sendQueue }) => `${name} ${stateName} ${sendQueue}`).sort()).toEqual([
    '/tmp/ts-nf/s.sock LISTEN 3',
    '@ts-nf abstract LISTEN 1',
  ])
})

test('a packet socket says which frames it takes, and on which interface', () => {
  expect(fixture('diag/packet.hex').map((bytes) => decodePacketSocket(messageOf(bytes)))).toMatchObject([
    { type: 'raw', etherType: 0x806, index: 1, hasReceiveRing: false },
  ])
})

test('raw sockets are read from /proc where the kernel has no diagnostics of them', () => {
  const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref'
  const line = (local: string, remote: string) =>
    `   1: ${local}:0001 ${remote}:0000 07 00000000:00000100 00:00000000 00000000  1000        0 4711 2 0000000000000000 0`
  expect(parseProcRaw(`${header}\n${line('0100007F', '00000000')}\n`)).toEqual([
    {
      family: 2,
      source: '127.0.0.1',
      protocol: 1,
      destination: '0.0.0.0',
      state: 7,
      sendQueue: 0,
      receiveQueue: 256,
      uid: 1000,
      inode: 4711,
    },
  ])
  const v6 = parseProcRaw(`${header}\n${line('B80D0120000000000000000001000000', '0'.repeat(32))}\n`)
  expect(v6).toMatchObject([{ family: 10, source: '2001:db8::1', destination: '::' }])
  expect(() => parseProcRaw(`${header}\nnonsense\n`)).toThrow('/proc/net/raw')
})
