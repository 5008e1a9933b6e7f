import { once } from 'node:events'
import { createServer } from 'node:net'
import packet from 'dns-packet'
import { FrameReader, frame } from '../../src/kernel/dns/dns-stream.ts'
import { bindUdp, listenTcp, type NamespaceEntry, type SocketAddress } from '../../src/kernel/namespace-sockets.ts'

/** A name server for tests: what it answers is decided anew for each query; undefined = it stays silent. */
export interface TestDnsServer {
  /** `udp some.name TXT`, in the order in which they came. */
  readonly asked: string[]
  close(): Promise<void>
}

export type Answer = (query: packet.DecodedPacket, transport: 'udp' | 'tcp') => Partial<packet.Packet> | undefined

export async function startDnsServer(entry: NamespaceEntry, at: SocketAddress, answer: Answer): Promise<TestDnsServer> {
  const asked: string[] = []
  const reply = (bytes: Buffer, transport: 'udp' | 'tcp'): Buffer | undefined => {
    const query = packet.decode(bytes)
    const [question] = query.questions ?? []
    asked.push(`${transport} ${question?.name} ${question?.type}`)
    const given = answer(query, transport)
    return given && packet.encode({ type: 'response', id: query.id ?? 0, questions: query.questions ?? [], ...given })
  }
  const udp = bindUdp(entry, at)
  udp.on('message', (bytes, peer) => {
    const message = reply(bytes, 'udp')
    if (message) udp.send(message, peer.port, peer.address)
  })
  const tcp = createServer((socket) => {
    const reader = new FrameReader()
    socket.on('error', () => undefined)
    socket.on('data', (piece) => {
      for (const bytes of reader.push(piece)) {
        const message = reply(bytes, 'tcp')
        if (message) socket.write(frame(message))
      }
    })
  })
  await listenTcp(entry, tcp, at)
  return {
    asked,
    close: async () => {
      udp.close()
      tcp.close()
      await once(tcp, 'close')
    },
  }
}
