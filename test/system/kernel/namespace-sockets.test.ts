import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer as createHttpServer, request } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { TsnetError } from '../../../src/errors.ts'
import {
  bindUdp,
  connectTcp,
  connectUdp,
  listenTcp,
  type NamespaceEntry,
  systemErrorCode,
} from '../../../src/kernel/namespace-sockets.ts'
import { type PrivateNamespace, privateNamespace, wire } from '../../helpers/private-namespace.ts'

const namespaces: PrivateNamespace[] = []
const servers: Server[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map(close))
  for (const namespace of namespaces.splice(0)) namespace.close()
})

function add(): PrivateNamespace {
  const namespace = privateNamespace()
  namespaces.push(namespace)
  return namespace
}

/** Two namespaces with a wire between them. */
function pair(): { left: PrivateNamespace; right: PrivateNamespace } {
  const [left, right] = [add(), add()]
  wire(
    { namespace: left, link: 'l', addresses: ['10.77.0.1/24', 'fd77::1/64'] },
    { namespace: right, link: 'r', addresses: ['10.77.0.2/24', 'fd77::2/64'] },
  )
  return { left, right }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}

async function greeter(
  entry: NamespaceEntry,
  at: { address: string; port: number; dualStack?: boolean },
  hello = 'hi',
) {
  const server = createServer((socket) => socket.end(`${hello} ${socket.remoteAddress}`))
  servers.push(server)
  await listenTcp(entry, server, at)
  return (server.address() as AddressInfo).port
}

async function read(socket: Socket): Promise<string> {
  return text(socket)
}

describe.each([
  ['IPv4', '10.77.0.1', '10.77.0.2'],
  ['IPv6', 'fd77::1', 'fd77::2'],
])('%s', (_, near, far) => {
  test('a connection from within one namespace arrives in another with its own addresses', async () => {
    const { left, right } = pair()
    const port = await greeter(right.host, { address: far, port: 0 })
    expect(await read(connectTcp(left.host, { address: far, port }))).toBe(`hi ${near}`)
  })

  test('datagrams go both ways, and a connected socket hears only its peer', async () => {
    const { left, right } = pair()
    const server = bindUdp(right.host, { address: far, port: 5353 })
    server.on('message', (message, peer) => server.send(`${message}!`, peer.port, peer.address))
    const stranger = bindUdp(right.host, { address: far, port: 5354 })
    const client = await connectUdp(left.host, { address: far, port: 5353 })
    stranger.send('false', client.address().port, near, () => client.send('one'))
    const [answer] = (await once(client, 'message')) as [Buffer]
    expect(answer.toString()).toBe('one!')
    for (const socket of [server, stranger, client]) socket.close()
  })

  test('nobody listens: the client gets the errors that the kernel gives', async () => {
    const { left } = pair()
    const [refused] = await once(connectTcp(left.host, { address: far, port: 9 }), 'error').catch((error) => [error])
    expect(systemErrorCode(refused)).toBe('ECONNREFUSED')
    const client = await connectUdp(left.host, { address: far, port: 9 })
    client.send('one')
    const [unreachable] = await once(client, 'error').catch((error) => [error])
    expect(systemErrorCode(unreachable)).toBe('ECONNREFUSED')
    client.close()
  })
})

test('HTTP works over it in both directions', async () => {
  const { left, right } = pair()
  const server = createHttpServer((request, response) => response.end(`${request.method} ${request.url}`))
  servers.push(server)
  await listenTcp(right.host, server, { address: '0.0.0.0', port: 80 })
  const asked = request({
    path: '/a',
    createConnection: () => connectTcp(left.host, { address: '10.77.0.2', port: 80 }),
  })
  asked.end()
  const [response] = await once(asked, 'response')
  expect(await text(response)).toBe('GET /a')
  const { stdout } = await left.host.run('curl', ['-s', 'http://10.77.0.2/b'])
  expect(stdout).toBe('GET /b')
})

test('a socket on :: leaves IPv4 to another one, unless it shall serve both', async () => {
  const { left, right } = pair()
  await greeter(right.host, { address: '::', port: 80 }, 'six')
  await greeter(right.host, { address: '0.0.0.0', port: 80 }, 'four')
  await greeter(right.host, { address: '::', port: 81, dualStack: true }, 'both')
  const ask = (address: string, port: number) => read(connectTcp(left.host, { address, port }))
  expect(await ask('fd77::2', 80)).toBe('six fd77::1')
  expect(await ask('10.77.0.2', 80)).toBe('four 10.77.0.1')
  expect(await ask('10.77.0.2', 81)).toBe('both ::ffff:10.77.0.1')
})

test('no two sockets that are connected by UDP get the same port', async () => {
  const { host } = add()
  const to = { address: '127.0.0.1', port: 53 }
  const sockets = await Promise.all(Array.from({ length: 1500 }, () => connectUdp(host, to)))
  expect(new Set(sockets.map((socket) => socket.address().port)).size).toBe(1500)
  for (const socket of sockets) socket.close()
})

test('what the kernel refuses is named', async () => {
  const { left } = pair()
  await greeter(left.host, { address: '0.0.0.0', port: 80 })
  const taken = await listenTcp(left.host, createServer(), { address: '10.77.0.1', port: 80 }).catch((error) => error)
  expect(taken).toBeInstanceOf(TsnetError)
  expect(taken.message).toBe('listen on tcp 10.77.0.1:80: EADDRINUSE')
  expect(systemErrorCode(taken)).toBe('EADDRINUSE')
  const socket = bindUdp(left.host, { address: '10.77.0.1', port: 53 })
  expect(() => bindUdp(left.host, { address: '10.77.0.1', port: 53 })).toThrow('bind udp 10.77.0.1:53: EADDRINUSE')
  expect(() => bindUdp(left.host, { address: 'fd99::1', port: 53 })).toThrow('bind udp [fd99::1]:53: EADDRNOTAVAIL')
  socket.close()
  await expect(connectUdp(left.host, { address: '10.99.0.1', port: 53 })).rejects.toThrow('ENETUNREACH')
})

test('no descriptor is left, whether it went well or not', async () => {
  const { left, right } = pair()
  await exercise(left, right)
  const before = descriptors()
  for (let round = 0; round < 20; round++) await exercise(left, right)
  expect(descriptors()).toBe(before)
})

async function exercise(left: PrivateNamespace, right: PrivateNamespace): Promise<void> {
  const server = createServer((socket) => socket.end('hi'))
  await listenTcp(right.host, server, { address: '10.77.0.2', port: 80 })
  await listenTcp(right.host, createServer(), { address: '10.77.0.2', port: 80 }).catch(() => undefined)
  await read(connectTcp(left.host, { address: '10.77.0.2', port: 80 }))
  await close(server)
  const refused = connectTcp(left.host, { address: '10.77.0.2', port: 80 })
  await once(refused, 'close').catch(() => once(refused, 'close'))
  const socket = bindUdp(right.host, { address: '10.77.0.2', port: 53 })
  expect(() => bindUdp(right.host, { address: '10.77.0.2', port: 53 })).toThrow()
  const client = await connectUdp(left.host, { address: '10.77.0.2', port: 53 })
  await connectUdp(left.host, { address: '10.99.0.1', port: 53 }).catch(() => undefined)
  for (const each of [socket, client]) {
    each.close()
    await once(each, 'close')
  }
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

test('one process serves two hundred namespaces', async () => {
  const all = Array.from({ length: 200 }, add)
  const before = descriptors()
  const own = await Promise.all(all.map(({ host }, at) => greeter(host, { address: '127.0.0.1', port: 80 }, `${at}`)))
  const answers = await Promise.all(
    all.map(({ host }, at) => read(connectTcp(host, { address: '127.0.0.1', port: own[at] as number }))),
  )
  expect(answers).toEqual(all.map((_, at) => `${at} 127.0.0.1`))
  await Promise.all(servers.splice(0).map(close))
  expect(descriptors()).toBe(before)
})
