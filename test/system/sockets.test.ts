import { spawnSync } from 'node:child_process'
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
