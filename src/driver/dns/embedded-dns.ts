import type { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket, type Server as TcpServer } from 'node:net'
import { decodeQuery, encodeFailure, RCODE } from '../../kernel/dns/dns-message.ts'
import { FrameReader, frame } from '../../kernel/dns/dns-stream.ts'
import { bindUdp, listenTcp, type NamespaceEntry } from '../../kernel/namespace-sockets.ts'
import type { DnsForwarder } from './dns-forwarder.ts'
import { encodeReply } from './dns-reply.ts'
import { type DnsView, resolve } from './resolve.ts'

/** Where Docker's DNS listens in every sandbox. */
export const EMBEDDED_DNS_ADDRESS = '127.0.0.11'

const TCP_IDLE_MS = 8000
const MAX_TCP_CONNECTIONS = 128

type Transport = 'udp' | 'tcp'

export interface EmbeddedDnsOptions {
  /** The namespace that it serves; lo must be up. */
  readonly sandbox: NamespaceEntry
  /** On 127.0.0.11; the rules of dns-rules.ts lead port 53 there. */
  readonly udpPort: number
  readonly tcpPort: number
  readonly view: DnsView
  readonly forwarder: DnsForwarder
}

/** The name server that a container finds on 127.0.0.11, by UDP and TCP. */
export class EmbeddedDns {
  #view: DnsView
  #forwarder: DnsForwarder
  readonly #udp: UdpSocket
  readonly #tcp: TcpServer
  readonly #connections = new Set<Socket>()

  private constructor({ view, forwarder }: EmbeddedDnsOptions, udp: UdpSocket, tcp: TcpServer) {
    this.#view = view
    this.#forwarder = forwarder
    this.#udp = udp
    this.#tcp = tcp
    udp.on('message', (bytes, { address, port }) => {
      void this.#answer(bytes, 'udp').then((reply) => reply && this.#sendUdp(reply, port, address))
    })
    // an ICMP error of a client that is gone
    udp.on('error', () => undefined)
    tcp.on('connection', (socket) => this.#serveTcp(socket))
    tcp.maxConnections = MAX_TCP_CONNECTIONS
  }

  /** @throws TsnetError `failed` when a port is taken */
  static async start(options: EmbeddedDnsOptions): Promise<EmbeddedDns> {
    const { sandbox, udpPort, tcpPort } = options
    const udp = bindUdp(sandbox, { address: EMBEDDED_DNS_ADDRESS, port: udpPort })
    const tcp = createServer()
    try {
      await listenTcp(sandbox, tcp, { address: EMBEDDED_DNS_ADDRESS, port: tcpPort })
    } catch (error) {
      udp.close()
      throw error
    }
    return new EmbeddedDns(options, udp, tcp)
  }

  /** Serves other names, and asks others, from now on. */
  update(view: DnsView, forwarder: DnsForwarder): void {
    this.#forwarder.close()
    this.#view = view
    this.#forwarder = forwarder
  }

  /** The reply to a message; undefined = none is sent. */
  async #answer(bytes: Buffer, transport: Transport): Promise<Buffer | undefined> {
    const decoded = decodeQuery(bytes)
    if (decoded.kind === 'refused') return decoded.reply
    if (decoded.kind === 'ignored') return undefined
    const { query } = decoded
    const resolution = resolve(query.question, this.#view, Math.random)
    if (resolution.kind === 'silence') return undefined
    if (resolution.kind === 'answer')
      return encodeOrFail(query, resolution, { transport, behaviour: this.#view.behaviour })
    const reply = await this.#forwarder.ask(query, bytes, transport)
    // 20.10 lets the client wait in vain
    return reply ?? (this.#view.behaviour === '28' ? encodeFailure(query, RCODE.SERVFAIL) : undefined)
  }

  #sendUdp(reply: Buffer, port: number, address: string): void {
    try {
      // what cannot be sent is lost, as datagrams are
      this.#udp.send(reply, port, address, () => undefined)
    } catch {
      // it was closed while a server outside was asked
    }
  }

  #serveTcp(socket: Socket): void {
    this.#connections.add(socket)
    const reader = new FrameReader()
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.once('close', () => this.#connections.delete(socket))
    socket.on('data', (piece) => {
      for (const message of reader.push(piece)) {
        void this.#answer(message, 'tcp').then((reply) => reply && socket.writable && socket.write(frame(reply)))
      }
    })
  }

  async close(): Promise<void> {
    this.#forwarder.close()
    const closed = Promise.all([once(this.#udp, 'close'), once(this.#tcp, 'close')])
    this.#udp.close()
    this.#tcp.close()
    for (const socket of this.#connections) socket.destroy()
    await closed
  }
}

function encodeOrFail(...given: Parameters<typeof encodeReply>): Buffer {
  try {
    return encodeReply(...given)
  } catch (error) {
    if (error instanceof RangeError) return encodeFailure(given[0], RCODE.SERVFAIL)
    throw error
  }
}
