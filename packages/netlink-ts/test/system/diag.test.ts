import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  dumpEthtoolFeatures,
  dumpGenericFamilies,
  dumpInetSockets,
  dumpPacketSockets,
  dumpTcpSockets,
  dumpUnixSockets,
  dumpXfrmPolicies,
  ETHTOOL_GENL_NAME,
  findGenericFamily,
  getEthtoolDriver,
  getGenericFamily,
  IPPROTO,
  inNamespace,
  NETLINK,
  NetlinkSocket,
} from '../../src/index.ts'
import { close, socket as openSocket } from '../../src/libc.ts'
import { type TestNamespace, testNamespace } from '../helpers/namespace.ts'

const SERVERS = `
const { createServer, connect } = require('node:net')
const { createSocket } = require('node:dgram')
const listening = (server, options) => new Promise((done) => server.listen(options, done))
const bound = (socket, options) => new Promise((done) => socket.bind(options, done))
const quiet = createServer((peer) => peer.pause())
Promise.all([
  listening(quiet, { host: '127.0.0.1', port: 8080, backlog: 9 }),
  listening(createServer(), { host: '::', port: 8443, ipv6Only: true }),
  listening(createServer(), { host: '::', port: 8444 }),
  listening(createServer(), { path: '\\0ts-nl abstract ' + process.pid, backlog: 4 }),
  bound(createSocket('udp4'), { address: '127.0.0.1', port: 5353 }),
  bound(createSocket({ type: 'udp6', ipv6Only: true }), { address: '::1', port: 5354 }),
]).then(() => {
  quiet.once('connection', () => console.log('ready'))
  connect(8080, '127.0.0.1')
})
`

let namespace: TestNamespace
let servers: ChildProcess
let diag: NetlinkSocket
const sockets: NetlinkSocket[] = []

function socketOf(protocol: number): NetlinkSocket {
  const socket = new NetlinkSocket(protocol, { namespace: { path: `/run/netns/${namespace.name}` } })
  sockets.push(socket)
  return socket
}

beforeAll(async () => {
  namespace = testNamespace()
  namespace.ip('link set lo up')
  servers = spawn('ip', ['netns', 'exec', namespace.name, process.execPath, '-e', SERVERS], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (!servers.stdout) throw new Error('no output')
  await once(servers.stdout, 'data')
  diag = socketOf(NETLINK.SOCK_DIAG)
})

afterAll(() => {
  for (const socket of sockets) socket.close()
  servers?.kill('SIGKILL')
  namespace.remove()
})

/** `ss -H -n -a -e` of one kind as `state local remote inode v6only`. */
function listed(kind: string): string[] {
  return namespace
    .run(`ss -H -n -a -e ${kind}`)
    .split('\n')
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const [state, receive, send, local, remote] = text.trim().split(/\s+/)
      const inode = /ino:(\d+)/.exec(text)?.[1] ?? '0'
      const v6only = /v6only:(\d)/.exec(text)?.[1] === '1' ? ' v6only' : ''
      return `${state} ${receive} ${send} ${local} ${remote} ${inode}${v6only}`
    })
    .sort()
}

function ours(protocol: number): string[] {
  return [2, 10]
    .flatMap((family) => dumpInetSockets(diag, { family, protocol }))
    .map((row) => {
      const end = (address: string, port: number) => {
        // ss writes a v6 socket that takes v4 as well as `*`
        const host = address === '::' && row.v6only === false ? '*' : address.includes(':') ? `[${address}]` : address
        return `${host}:${port === 0 ? '*' : port}`
      }
      const state = `${row.stateName} ${row.receiveQueue} ${row.sendQueue}`
      const ends = `${end(row.source, row.sourcePort)} ${end(row.destination, row.destinationPort)}`
      return `${state} ${ends} ${row.inode}${row.v6only ? ' v6only' : ''}`
    })
    .sort()
}

test('TCP sockets are those that ss lists, in every state', () => {
  const rows = ours(IPPROTO.TCP)
  expect(rows).toEqual(listed('-t'))
  expect(rows.filter((row) => row.startsWith('LISTEN'))).toHaveLength(3)
  expect(rows.filter((row) => row.startsWith('ESTAB'))).toHaveLength(2)
})

test('TCP sockets of both families can be asked for at once', () => {
  const byFamily = [2, 10].map((family) => dumpInetSockets(diag, { family, protocol: IPPROTO.TCP, memory: true }))
  const atOnce = dumpTcpSockets(diag, { memory: true })
  expect([2, 10].map((wanted) => atOnce.filter(({ family }) => family === wanted))).toEqual(byFamily)
  const listening = dumpTcpSockets(diag, { states: 1 << 10 })
  expect(listening).toEqual(dumpTcpSockets(diag).filter(({ stateName }) => stateName === 'LISTEN'))
})

test('UDP sockets are those that ss lists', () => {
  expect(ours(IPPROTO.UDP)).toEqual(listed('-u'))
})

test('extended information gives memory and round-trip time', () => {
  const rows = dumpInetSockets(diag, { family: 2, protocol: IPPROTO.TCP, extended: true, states: 1 << 1 })
  expect(rows).toHaveLength(2)
  for (const { tcp, memory, congestion } of rows) {
    expect(tcp?.rttUs).toBeGreaterThan(0)
    expect(memory?.sendBuffer).toBeGreaterThan(0)
    expect(congestion).not.toBe('')
  }
})

test('the Unix listener has its abstract name and the length of its queue', () => {
  const listeners = dumpUnixSockets(diag, 1 << 10).filter(({ name }) => name?.startsWith('@ts-nl abstract'))
  expect(listeners).toMatchObject([{ type: 'stream', stateName: 'LISTEN', sendQueue: 4, receiveQueue: 0 }])
})

test('a packet socket shows until it is closed', () => {
  const allFrames = 0x0300
  const descriptor = inNamespace({ path: `/run/netns/${namespace.name}` }, () => openSocket(17, 3, allFrames))
  try {
    expect(dumpPacketSockets(diag)).toMatchObject([{ type: 'raw', etherType: 3, index: 0, uid: 0 }])
  } finally {
    close(descriptor)
  }
  expect(dumpPacketSockets(diag)).toEqual([])
})

test('policies are those that ip xfrm lists, in the same order', () => {
  namespace.ip('xfrm policy add src 10.0.0.0/24 dst 10.1.0.0/24 dir out priority 9 mark 1 mask 3')
  namespace.ip('xfrm policy add src fd00::/64 dst fd01::/64 dir in action block')
  const text = namespace.ip('xfrm policy list')
  const rows = dumpXfrmPolicies(socketOf(NETLINK.XFRM))
  expect(rows.map(({ selector }) => `src ${selector.source} dst ${selector.destination}`)).toEqual(
    [...text.matchAll(/^src \S+ dst \S+/gm)].map(([words]) => words),
  )
  expect(rows.find(({ direction }) => direction === 'out')).toMatchObject({
    priority: 9,
    action: 'allow',
    mark: { value: 1, mask: 3 },
    templates: [],
  })
})

test('families are the same by name and by list, and resolving does not need the module of another', () => {
  const generic = socketOf(NETLINK.GENERIC)
  const listedFamily = dumpGenericFamilies(generic).find(({ name }) => name === ETHTOOL_GENL_NAME)
  expect(findGenericFamily(generic, ETHTOOL_GENL_NAME)).toEqual(listedFamily)
  expect(getGenericFamily(generic, ETHTOOL_GENL_NAME)).toEqual(listedFamily)
  expect(findGenericFamily(generic, 'ts-nl-none')).toBeUndefined()
  expect(() => getGenericFamily(generic, 'ts-nl-none')).toThrow('no generic netlink family ts-nl-none')
})

test('offloads of a veth are those that ethtool prints', () => {
  namespace.ip('link add va type veth peer name vb')
  namespace.run('ethtool -K va gro off tso off')
  const generic = socketOf(NETLINK.GENERIC)
  const family = getGenericFamily(generic, ETHTOOL_GENL_NAME)
  const va = dumpEthtoolFeatures(generic, family).find(({ name }) => name === 'va')
  // Names of groups of features that ethtool writes for itself are not the kernel's.
  const printed = [...namespace.run('ethtool -k va').matchAll(/^\t?([a-z0-9-]+): (on|off)( \[fixed\])?/gm)]
  expect(printed.length).toBeGreaterThan(20)
  for (const name of va?.active ?? []) {
    const line = printed.find(([, feature]) => feature === name)
    if (line) expect(`${name} ${line[2]}`).toBe(`${name} on`)
  }
  for (const [, name = '', state, fixed] of printed) {
    if (va?.changeable.includes(name)) expect(`${name}${fixed ?? ''}`).toBe(name)
    if (va?.changeable.includes(name) && state === 'off') expect(va.active).not.toContain(name)
  }
  expect(va?.active).not.toContain('rx-gro')
  expect(va?.active).not.toContain('tx-tcp-segmentation')
})

test('the driver of a link is that which ethtool prints', () => {
  const generic = socketOf(NETLINK.GENERIC)
  const printed = namespace.run('ethtool -i va')
  const { driver, version } = getEthtoolDriver(generic, 'va')
  expect(printed).toContain(`driver: ${driver}\nversion: ${version}\n`)
  expect(driver).toBe('veth')
  expect(() => getEthtoolDriver(generic, 'lo')).toThrow('lo: its driver gives no information')
  expect(() => getEthtoolDriver(generic, 'none')).toThrow('ENODEV')
})
