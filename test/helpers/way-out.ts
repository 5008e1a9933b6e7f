import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'

/** Where those in the namespace find it. */
export const PROXY = 'http://127.0.0.1:3128'

export interface WayOut {
  close(): Promise<void>
}

/** Runs inside the namespace: what comes to the port goes to a unix socket, which has no namespace. */
const RELAY = `
const net = require('node:net')
net.createServer((from) => {
  const to = net.connect(process.argv[1])
  from.on('error', () => to.destroy()).pipe(to)
  to.on('error', () => from.destroy()).pipe(from)
}).listen(3128, '127.0.0.1', () => console.log('listening'))
`

/**
 * An HTTP proxy for programs in a network namespace without any cable, as far as this process may go: no link, no
 * route and no rule of the machine is made for it.
 * @param path of the namespace, e.g. `/proc/7/ns/net`
 */
export async function openWayOut(path: string, folder: string): Promise<WayOut> {
  const socket = join(folder, 'way-out.sock')
  const open = new Set<Socket>()
  const server = proxyServer(open)
  server.listen(socket)
  await once(server, 'listening')
  const relay = spawn('nsenter', [`--net=${path}`, '--', process.execPath, '-e', RELAY, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await Promise.race([
    once(relay.stdout, 'data'),
    once(relay, 'exit').then(() => Promise.reject(new Error('the relay ended'))),
  ])
  return { close: () => closeAll(server, relay, open) }
}

function proxyServer(open: Set<Socket>): Server {
  const server = createServer((asked, answer) => {
    const { url = '', method, headers } = asked
    const onward = request(url, { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  })
  server.on('connection', (socket: Socket) => keep(open, socket))
  server.on('connect', ({ url = '' }, from: Socket, head: Buffer) => {
    const { hostname, port } = new URL(`http://${url}`)
    const to = connect(Number(port) || 80, hostname, () => {
      from.write('HTTP/1.1 200 OK\r\n\r\n')
      to.write(head)
      to.pipe(from).pipe(to)
    })
    keep(open, to)
    to.on('error', () => from.destroy())
    from.on('error', () => to.destroy())
  })
  return server
}

function keep(open: Set<Socket>, socket: Socket): void {
  open.add(socket)
  socket.on('error', () => undefined)
  socket.on('close', () => open.delete(socket))
}

async function closeAll(server: Server, relay: ChildProcess, open: Set<Socket>): Promise<void> {
  relay.kill()
  for (const socket of open) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
}
