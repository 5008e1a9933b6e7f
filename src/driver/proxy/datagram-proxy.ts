import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  bindUdp,
  connectUdp,
  formatEnd,
  type NamespaceEntry,
  type SocketAddress,
} from '../../kernel/namespace-sockets.ts'
import type { ProxyBinding } from '../ports/userland-proxy.ts'
import type { RunningProxy } from './running-proxy.ts'

/** As docker-proxy: a client that is silent for so long is forgotten, and what comes for it is lost. */
const IDLE_MS = 90_000
/** Each costs a descriptor; senders can be forged, so there is an end. */
const MAX_CLIENTS = 2048

export interface DatagramProxyOptions {
  readonly idleMs?: number
}

/**
 * Carries datagrams. Each client has a socket of its own towards the container, by which answers find back. They leave
 * by the address that the route of the host prefers, which for 0.0.0.0 may be another than the client has asked.
 */
export async function startDatagramProxy(
  host: NamespaceEntry,
  binding: ProxyBinding,
  { idleMs = IDLE_MS }: DatagramProxyOptions = {},
): Promise<RunningProxy> {
  const { containerAddress, containerPort } = binding
  const front = bindUdp(host, { address: binding.hostAddress, port: binding.hostPort })
  const clients = new Map<string, Client>()
  front.on('message', (message, from) => {
    const key = formatEnd(from)
    let client = clients.get(key)
    if (!client) {
      if (clients.size >= MAX_CLIENTS) oldest(clients)?.end()
      const back = connectUdp(host, { address: containerAddress, port: containerPort })
      client = new Client({ front, address: from, back, idleMs, forget: () => clients.delete(key) })
      clients.set(key, client)
    }
    client.send(message)
  })
  // an ICMP error of a client that is gone
  front.on('error', () => undefined)
  return {
    stop: async () => {
      for (const client of clients.values()) client.end()
      front.close()
      await once(front, 'close')
    },
  }
}

function oldest(clients: ReadonlyMap<string, Client>): Client | undefined {
  const [first] = clients.values()
  return first
}

interface ClientOptions {
  readonly front: UdpSocket
  readonly address: SocketAddress
  readonly back: Promise<UdpSocket>
  readonly idleMs: number
  readonly forget: () => void
}

class Client {
  readonly #options: ClientOptions
  readonly #idle: NodeJS.Timeout
  #isOpen = true

  constructor(options: ClientOptions) {
    this.#options = options
    this.#idle = setTimeout(() => this.end(), options.idleMs)
    const { front, address, back } = options
    back.then(
      (socket) => {
        socket.on('message', (answer) => {
          this.#idle.refresh()
          front.send(answer, address.port, address.address, () => undefined)
        })
        // nobody listens in the container yet: the client stays, its next datagram may find somebody
        socket.on('error', () => undefined)
      },
      () => this.end(),
    )
  }

  send(message: Buffer): void {
    this.#idle.refresh()
    this.#options.back.then(
      (socket) => this.#isOpen && this.#sendBack(socket, message),
      // without a way to the container it is lost
      () => undefined,
    )
  }

  /** The first attempt may only fetch the error of an earlier datagram that found nobody. */
  #sendBack(socket: UdpSocket, message: Buffer): void {
    socket.send(message, (error) => {
      if (error && this.#isOpen) socket.send(message, () => undefined)
    })
  }

  end(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#idle)
    this.#options.forget()
    this.#options.back.then(
      (socket) => socket.close(),
      () => undefined,
    )
  }
}
