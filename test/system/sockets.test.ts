import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync, statSync } from 'node:fs'
import { inNamespace } from 'netlink-ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { close, socket as openSocket } from '../../packages/netlink-ts/src/libc.ts'
import { readConntrack, readConntrackUse } from '../../src/inspect/conntrack.ts'
import { readIpSets } from '../../src/inspect/ipsets.ts'
import { readIpvs } from '../../src/inspect/ipvs.ts'
import { NamespaceSession } from '../../src/inspect/session.ts'
import { readSockets } from '../../src/inspect/sockets.ts'
import { readXfrm } from '../../src/inspect/xfrm.ts'
import { readProtocolUse } from '../../src/kernel/protocol-use.ts'

const NAME = `ts-nf-${process.pid}`
const PATH = `/run/netns/${NAME}`
const AF = { INET: 2, INET6: 10, PACKET: 17 } as const
const SOCK_RAW = 3
const PROTOCOLS = { ICMP: 1, ICMPV6: 58 } as const

let session: NamespaceSession
const descriptors: number[] = []

function run(program: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`)
  return stdout
}

/** Opens a socket in the namespace; the inode that /proc gives it. */
function open(family: number, type: number, protocol: number): number {
  const descriptor = inNamespace({ path: PATH }, () => openSocket(family, type, protocol))
  if (descriptor < 0) throw new Error(`socket ${family} ${type} ${protocol}`)
  descriptors.push(descriptor)
  return Number(/\d+/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[0])
}

beforeAll(() => {
  run('ip', 'netns', 'add', NAME)
  run('ip', '-n', NAME, 'link', 'set', 'lo', 'up')
  session = NamespaceSession.open(statSync(PATH).ino, [PATH], false)
})

afterAll(() => {
  for (const descriptor of descriptors) close(descriptor)
  session?.close()
  run('ip', 'netns', 'delete', NAME)
})

test('raw and packet sockets are found, and the process that has them when somebody can tell', () => {
  const icmp = open(AF.INET, SOCK_RAW, PROTOCOLS.ICMP)
  const icmp6 = open(AF.INET6, SOCK_RAW, PROTOCOLS.ICMPV6)
  const packet = open(AF.PACKET, SOCK_RAW, 0x0300)
  const rows = readSockets(session, (inode) => (inode === icmp ? [{ pid: process.pid, command: 'node' }] : undefined))
  const row = (inode: number) => rows.find((socket) => socket.inode === inode)
  expect(row(icmp)).toMatchObject({ protocol: 'raw', family: 4, localPort: PROTOCOLS.ICMP, state: 'UNCONN' })
  expect(row(icmp)?.processes).toEqual([{ pid: process.pid, command: 'node' }])
  expect(row(icmp6)).toMatchObject({ protocol: 'raw', family: 6, local: '::', localPort: PROTOCOLS.ICMPV6 })
  expect(row(icmp6)).not.toHaveProperty('processes')
  expect(row(packet)).toMatchObject({ protocol: 'packet', local: '*' })
  expect(rows).toHaveLength(3)
})

/** Opens a connection, whose first end to be closed waits for its end of time, and ends. */
const CONNECT_AND_END = `
  const server = require('net').createServer((socket) => socket.end())
  server.listen(0, '::', () => require('net').connect(server.address().port, '127.0.0.1').on('close', () => process.exit()).resume())
`

test('a connection in TIME-WAIT is found when it is all that is left', () => {
  run('ip', 'netns', 'exec', NAME, process.execPath, '-e', CONNECT_AND_END)
  expect(session.inside(readProtocolUse).get('TCP')).toBe(0)
  const rows = readSockets(session).filter(({ protocol }) => protocol === 'tcp')
  expect(rows).toMatchObject([{ state: 'TIME-WAIT', inode: 0 }])
})

test('sockets without a peer are found by protocol and family', async () => {
  const open = `
    const { createSocket } = require('dgram'), { createServer } = require('net')
    createSocket('udp4').bind(1000, () => createSocket({ type: 'udp6', ipv6Only: true }).bind(1001, () =>
      createServer().listen(1002, '::1', () => createServer().listen(1003, '127.0.0.1', () => console.log('ready')))))
  `
  const child = spawn('ip', ['netns', 'exec', NAME, process.execPath, '-e', open], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    const found = readSockets(session).filter(({ localPort = 0 }) => localPort >= 1000 && localPort <= 1003)
    expect(found.map(({ protocol, family, localPort }) => `${protocol}${family} ${localPort}`).sort()).toEqual([
      'tcp4 1003',
      'tcp6 1002',
      'udp4 1000',
      'udp6 1001',
    ])
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
})

test('the tables of a new namespace are empty, and looking does not fill them', () => {
  for (let round = 0; round < 2; round++) {
    expect(readConntrack(session)).toEqual([])
    expect(readConntrackUse(session)).toMatchObject({ count: 0, dropped: 0 })
    expect(readIpSets(session)).toEqual([])
    expect(readIpvs(session)).toEqual([])
    expect(readXfrm(session)).toEqual({ states: [], policies: [] })
  }
})

test('a set and a policy appear as soon as they are made', () => {
  run('ip', 'netns', 'exec', NAME, 'ipset', 'create', 'ours', 'hash:net')
  run('ip', 'netns', 'exec', NAME, 'ipset', 'add', 'ours', '10.0.0.0/8')
  run('ip', '-n', NAME, 'xfrm', 'policy', 'add', 'src', '10.0.0.0/8', 'dst', '10.0.0.0/8', 'dir', 'fwd')
  expect(readIpSets(session)).toMatchObject([{ name: 'ours', type: 'hash:net', members: ['10.0.0.0/8'] }])
  expect(readXfrm(session).policies).toMatchObject([{ direction: 'fwd', source: '10.0.0.0/8', action: 'allow' }])
})
