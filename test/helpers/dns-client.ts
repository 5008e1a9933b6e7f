import { once } from 'node:events'
import packet from 'dns-packet'
import { FrameReader, frame } from '../../src/kernel/dns/dns-stream.ts'
import { connectTcp, connectUdp, type NamespaceEntry } from '../../src/kernel/namespace-sockets.ts'

export interface AskOptions {
  readonly transport?: 'udp' | 'tcp'
  /** EDNS. */
  readonly udpPayloadSize?: number
  /** Default 127.0.0.11:53. */
  readonly server?: { readonly address: string; readonly port: number }
  readonly timeoutMs?: number
}

/** Asks as a program in the namespace would: `ask(entry, 'web AAAA')`. Undefined when there is no answer in time. */
export async function ask(
  entry: NamespaceEntry,
  words: string,
  {
    transport = 'udp',
    udpPayloadSize,
    server = { address: '127.0.0.11', port: 53 },
    timeoutMs = 8000,
  }: AskOptions = {},
): Promise<packet.DecodedPacket | undefined> {
  const [name = '', type = 'A'] = words.split(' ')
  const message = packet.encode({
    type: 'query',
    id: Math.floor(Math.random() * 65536),
    flags: packet.RECURSION_DESIRED,
    questions: [{ name, type: type as packet.RecordType }],
    additionals: udpPayloadSize === undefined ? [] : [edns(udpPayloadSize)],
  })
  const reply = await exchangeRaw(entry, message, { transport, server, timeoutMs })
  return reply && packet.decode(reply)
}

function edns(udpPayloadSize: number): packet.Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  }
}

export async function exchangeRaw(
  entry: NamespaceEntry,
  message: Buffer,
  { transport, server, timeoutMs }: Required<Pick<AskOptions, 'transport' | 'server' | 'timeoutMs'>>,
): Promise<Buffer | undefined> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    if (transport === 'udp') {
      const socket = await connectUdp(entry, server)
      try {
        socket.send(message)
        return ((await once(socket, 'message', { signal })) as [Buffer])[0]
      } finally {
        socket.close()
      }
    }
    const socket = connectTcp(entry, server)
    try {
      socket.write(frame(message))
      const reader = new FrameReader()
      for (;;) {
        const [piece] = (await once(socket, 'data', { signal })) as [Buffer]
        const [reply] = reader.push(piece)
        if (reply) return reply
      }
    } finally {
      socket.destroy()
    }
  } catch (error) {
    if ((error as Error).name === 'AbortError') return undefined
    throw error
  }
}

/** The data of its answers. */
export function dataOf(reply: packet.DecodedPacket | undefined): unknown[] {
  return (reply?.answers ?? []).map((answer) => ('data' in answer ? answer.data : undefined))
}

/** `NOERROR`, `SERVFAIL`…; undefined without a reply. */
export function rcodeOf(reply: packet.DecodedPacket | undefined): string | undefined {
  // the type declarations leave it out
  return (reply as { rcode?: string } | undefined)?.rcode
}
