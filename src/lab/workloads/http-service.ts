import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { messageOf } from '../../errors.ts'
import { type ListenOptions, listenTcp, type NamespaceEntry, systemErrorCode } from '../../kernel/namespace-sockets.ts'
import type { RunningWorkload, WorkloadContext } from './running-workload.ts'

/** An answer to an HTTP request. */
export interface Reply {
  readonly status: number
  readonly body: string | Buffer
  /** `content-type` is text/plain when absent. */
  readonly headers?: Readonly<Record<string, string>>
}

export type Answer = (request: IncomingMessage) => Promise<Reply>

/** Bodies are small; more ends the connection. */
const MAX_BODY_BYTES = 512 * 1024

type Listening = Pick<WorkloadContext, 'sandbox' | 'address'>

/** Serves HTTP in a namespace, IPv4 and IPv6. What `answer` throws becomes a 500 with its message, a URIError a 400. */
export async function serveHttp(
  { sandbox, address }: Listening,
  port: number,
  answer: Answer,
): Promise<RunningWorkload> {
  const server = createServer((request, response) => void respond(answer, request, response))
  if (address === undefined) await listenOnBoth(sandbox, server, port)
  else await listenTcp(sandbox, server, { address, port })
  return {
    describe: () => ({ state: 'serving', detail: `port ${port}` }),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function respond(answer: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body, headers } = await answer(request).catch(
    (error: unknown): Reply => ({ status: error instanceof URIError ? 400 : 500, body: `${messageOf(error)}\n` }),
  )
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** On `::` for both families; on a kernel without IPv6 on `0.0.0.0`. */
export async function listenOnBoth(
  entry: NamespaceEntry,
  server: Server | Parameters<typeof listenTcp>[1],
  port: number,
): Promise<void> {
  const options: ListenOptions = { dualStack: true }
  try {
    await listenTcp(entry, server, { address: '::', port, ...options })
  } catch (error) {
    if (systemErrorCode(error) !== 'EAFNOSUPPORT') throw error
    await listenTcp(entry, server, { address: '0.0.0.0', port })
  }
}

/** @throws RangeError when there is more than is taken */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > MAX_BODY_BYTES) throw new RangeError(`more than ${MAX_BODY_BYTES} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** Who asks, without the form that IPv4 has on an IPv6 socket. */
export function peerOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'unknown'
}
