import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { connectTcp, listenTcp, type NamespaceEntry } from '../../kernel/namespace-sockets.ts'
import type { ProxyBinding } from '../ports/userland-proxy.ts'
import type { RunningProxy } from './running-proxy.ts'

/** Carries connections, TCP or one-to-one SCTP: a byte stream each way, which end one by one. */
export async function startStreamProxy(
  host: NamespaceEntry,
  binding: ProxyBinding,
  protocol: 'tcp' | 'sctp',
): Promise<RunningProxy> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: protocol === 'tcp' }, (client) => {
    const container = connect(host, binding, protocol)
    if (container === undefined) client.destroy()
    else couple(client, container, open)
  })
  await listenTcp(host, server, { address: binding.hostAddress, port: binding.hostPort, protocol })
  // what goes wrong while a connection is accepted concerns that one alone
  server.on('error', () => undefined)
  return { stop: () => stop(server, open) }
}

function connect(host: NamespaceEntry, binding: ProxyBinding, protocol: 'tcp' | 'sctp'): Socket | undefined {
  const { containerAddress: address, containerPort: port } = binding
  try {
    const socket = connectTcp(host, { address, port, protocol, allowHalfOpen: true })
    return protocol === 'tcp' ? socket.setNoDelay() : socket
  } catch {
    // no descriptor is free: the next connection may find one
    return undefined
  }
}

/** What one sends the other gets; an error or the loss of one ends both, and nothing else. */
function couple(client: Socket, container: Socket, open: Set<Socket>): void {
  for (const [one, other] of [
    [client, container],
    [container, client],
  ] as const) {
    open.add(one)
    one.pipe(other)
    one.on('error', () => other.destroy())
    one.once('close', (hadError) => {
      open.delete(one)
      if (hadError || !one.readableEnded) other.destroy()
    })
  }
}

async function stop(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  for (const socket of open) socket.destroy()
  await closed
}
