import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { bindUdp, type NamespaceEntry, systemErrorCode } from '../../kernel/namespace-sockets.ts'
import { listenOnBoth } from './http-service.ts'
import type { StartWorkload } from './running-workload.ts'

/** RFC 862 */
const PORT = 7

/** Sends back what it gets, by TCP and UDP, IPv4 and IPv6. */
export const startEcho: StartWorkload = async ({ sandbox, port = PORT }) => {
  const connections = new Set<Socket>()
  const server = createServer((socket) => {
    connections.add(socket)
    socket.on('error', () => undefined).once('close', () => connections.delete(socket))
    socket.pipe(socket)
  })
  await listenOnBoth(sandbox, server, port)
  const sockets: ReturnType<typeof bindUdp>[] = []
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.close()
    const closed = once(server, 'close')
    server.close()
    for (const socket of connections) socket.destroy()
    await closed
  }
  try {
    for (const address of ['0.0.0.0', '::']) sockets.push(...echoDatagrams(sandbox, address, port))
  } catch (error) {
    await close()
    throw error
  }
  return { describe: () => ({ state: 'serving', detail: `port ${port}, tcp and udp` }), close }
}

/** None for a family that the kernel lacks. */
function echoDatagrams(entry: NamespaceEntry, address: string, port: number): ReturnType<typeof bindUdp>[] {
  try {
    const socket = bindUdp(entry, { address, port })
    socket.on('message', (message, peer) => socket.send(message, peer.port, peer.address, () => undefined))
    socket.on('error', () => undefined)
    return [socket]
  } catch (error) {
    if (systemErrorCode(error) === 'EAFNOSUPPORT') return []
    throw error
  }
}
