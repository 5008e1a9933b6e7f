import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ProxyBinding } from '../../../../src/driver/ports/userland-proxy.ts'
import { InProcessProxy } from '../../../../src/driver/proxy/in-process-proxy.ts'
import { bindUdp, connectTcp, connectUdp, listenTcp } from '../../../../src/kernel/namespace-sockets.ts'
import { openSocket } from '../../../../src/kernel/socket-calls.ts'
import { type PrivateNamespace, privateNamespace, wire } from '../../../helpers/private-namespace.ts'
import { skipUnless } from '../../../helpers/skip.ts'

const CONTAINER = '10.88.0.2'
const BINDING: ProxyBinding = {
  protocol: 'tcp',
  hostAddress: '0.0.0.0',
  hostPort: 18080,
  containerAddress: CONTAINER,
  containerPort: 80,
}

let host: PrivateNamespace
let container: PrivateNamespace
let proxy: InProcessProxy
let servers: Server[]

beforeEach(() => {
  host = privateNamespace()
  container = privateNamespace()
  servers = []
  proxy = new InProcessProxy(host.host, { idleMs: 150 })
  wire(
    { namespace: host, link: 'h', addresses: ['10.88.0.1/24'] },
    { namespace: container, link: 'eth0', addresses: [`${CONTAINER}/24`] },
  )
})

afterEach(async () => {
  await proxy.close()
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  for (const namespace of [host, container]) namespace.close()
})

/** A server of the container: says all that it got, in upper case, once the client has said all. */
async function shouter(protocol: 'tcp' | 'sctp' = 'tcp'): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let said = ''
    socket.on('data', (piece) => {
      said += piece
    })
    socket.on('end', () => socket.end(said.toUpperCase()))
    socket.on('error', () => undefined)
  })
  servers.push(server)
  await listenTcp(container.host, server, { address: CONTAINER, port: 80, protocol })
}

async function say(words: string, address = '127.0.0.1'): Promise<string> {
  const socket = connectTcp(host.host, { address, port: 18080, allowHalfOpen: true })
  socket.end(words)
  return text(socket)
}

test('TCP: what the client says arrives, and the answer after its end as well', async () => {
  await shouter()
  await proxy.start(BINDING)
  expect(await say('hello')).toBe('HELLO')
  expect(await say('x'.repeat(3_000_000))).toBe('X'.repeat(3_000_000))
  expect(await Promise.all(Array.from({ length: 50 }, (_, at) => say(`n${at}`)))).toHaveLength(50)
})

test('0.0.0.0 and :: are two ports, both to the same IPv4 address of the container', async () => {
  await shouter()
  await proxy.start(BINDING)
  await proxy.start({ ...BINDING, hostAddress: '::' })
  expect(await say('four')).toBe('FOUR')
  expect(await say('six', '::1')).toBe('SIX')
  await proxy.stop({ ...BINDING, hostAddress: '::' })
  expect(await say('four')).toBe('FOUR')
  await expect(say('six', '::1')).rejects.toThrow('ECONNREFUSED')
})

test('a program of another machine sees a web server', async () => {
  const server = createServer((socket) => socket.resume().end('HTTP/1.0 200 OK\r\n\r\npage'))
  servers.push(server)
  await listenTcp(container.host, server, { address: CONTAINER, port: 80 })
  await proxy.start(BINDING)
  const { stdout } = await container.host.run('curl', ['-s', 'http://10.88.0.1:18080/'])
  expect(stdout).toBe('page')
})

test('nobody listens in the container: that connection ends, and the port serves on', async () => {
  await proxy.start(BINDING)
  expect(await say('hello').catch((error: NodeJS.ErrnoException) => error.code)).toMatch(/^$|ECONNRESET|EPIPE/)
  await shouter()
  expect(await say('hello')).toBe('HELLO')
})

test('a connection that breaks on one side is broken on the other, and no other one', async () => {
  const accepted: (() => void)[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    accepted.push(() => socket.resetAndDestroy())
    socket.write('up')
  })
  servers.push(server)
  await listenTcp(container.host, server, { address: CONTAINER, port: 80 })
  await proxy.start(BINDING)
  const [broken, other] = [0, 1].map(() => connectTcp(host.host, { address: '127.0.0.1', port: 18080 }))
  if (!broken || !other) throw new Error('two')
  await Promise.all([once(broken, 'data'), once(other, 'data')])
  broken.on('error', () => undefined)
  const ended = once(broken, 'close')
  broken.destroy()
  await ended
  expect(other.destroyed).toBe(false)
  const lost = once(other, 'close')
  for (const reset of accepted) reset()
  await lost
})

test('a port that is taken is an error, and starting again is none', async () => {
  await proxy.start(BINDING)
  await proxy.start(BINDING)
  const other = new InProcessProxy(host.host)
  await expect(other.start(BINDING)).rejects.toThrow('listen on tcp 0.0.0.0:18080: EADDRINUSE')
  await proxy.stop(BINDING)
  await proxy.stop(BINDING)
  await other.start(BINDING)
  await other.close()
})

test('UDP: each client gets its own answers, and is forgotten when it is silent', async () => {
  const binding: ProxyBinding = { ...BINDING, protocol: 'udp' }
  const server = bindUdp(container.host, { address: CONTAINER, port: 80 })
  const peers = new Set<number>()
  server.on('message', (message, peer) => {
    peers.add(peer.port)
    server.send(`${message}!`, peer.port, peer.address)
  })
  await proxy.start(binding)
  const clients = await Promise.all([1, 2, 3].map(() => connectUdp(host.host, { address: '127.0.0.1', port: 18080 })))
  const asked = async (at: number) => {
    clients[at]?.send(`from ${at}`)
    const [answer] = (await once(clients[at] as NonNullable<(typeof clients)[number]>, 'message')) as [Buffer]
    return String(answer)
  }
  expect(await Promise.all([asked(0), asked(1), asked(2)])).toEqual(['from 0!', 'from 1!', 'from 2!'])
  expect(await asked(0)).toBe('from 0!')
  expect(peers.size).toBe(3)
  const open = descriptors()
  await expect.poll(descriptors, { timeout: 5000 }).toBe(open - 3)
  expect(await asked(0)).toBe('from 0!')
  for (const socket of [server, ...clients]) socket.close()
})

test('UDP: a container that comes later is found by the next datagram', async () => {
  await proxy.start({ ...BINDING, protocol: 'udp' })
  const client = await connectUdp(host.host, { address: '127.0.0.1', port: 18080 })
  client.send('lost')
  const server = bindUdp(container.host, { address: CONTAINER, port: 80 })
  server.on('message', (_, peer) => server.send('here', peer.port, peer.address))
  client.send('found')
  expect(String((await once(client, 'message'))[0])).toBe('here')
  for (const socket of [server, client]) socket.close()
})

const hasSctp = canOpenSctp()

skipUnless(hasSctp, { reason: 'this kernel has no SCTP', coveredBy: 'test/vm/userland-proxy.test.ts' })(
  'SCTP: messages go both ways',
  async () => {
    const server = createServer((socket) => socket.pipe(socket))
    servers.push(server)
    await listenTcp(container.host, server, { address: CONTAINER, port: 80, protocol: 'sctp' })
    await proxy.start({ ...BINDING, protocol: 'sctp' })
    const client = connectTcp(host.host, { address: '127.0.0.1', port: 18080, protocol: 'sctp' })
    client.write('hello')
    expect(String((await once(client, 'data'))[0])).toBe('hello')
    client.destroy()
  },
)

if (!hasSctp) {
  test('SCTP: a kernel without it is named as the reason', async () => {
    const failure = await proxy.start({ ...BINDING, protocol: 'sctp' }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'unsupported', hint: 'this kernel lacks the protocol' })
  })
}

function canOpenSctp(): boolean {
  const probe = privateNamespace()
  try {
    probe.host.inside(() => openSocket('sctp', '127.0.0.1'))
    return true
  } catch {
    return false
  } finally {
    probe.close()
  }
}

test('nothing stays open when all is stopped', async () => {
  await shouter()
  const before = descriptors()
  await proxy.start(BINDING)
  await proxy.start({ ...BINDING, protocol: 'udp' })
  await say('hello')
  const held = connectTcp(host.host, { address: '127.0.0.1', port: 18080 })
  await once(held, 'connect')
  const client = await connectUdp(host.host, { address: '127.0.0.1', port: 18080 })
  const open = descriptors()
  client.send('x')
  await expect.poll(descriptors, { timeout: 5000 }).toBeGreaterThan(open)
  await proxy.close()
  client.close()
  held.destroy()
  await expect.poll(descriptors, { timeout: 5000 }).toBe(before)
})

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}
