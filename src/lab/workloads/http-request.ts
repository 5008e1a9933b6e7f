import { request } from 'node:http'
import { TsnetError } from '../../errors.ts'
import { connectTcp, formatEnd, type NamespaceEntry, type SocketAddress } from '../../kernel/namespace-sockets.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'PUT'
  readonly path: string
  /** Of the Host header. */
  readonly host: string
  readonly body?: string
  /** For all of it: connecting, asking, the whole answer. */
  readonly timeoutMs: number
}

export interface HttpAnswer {
  readonly status: number
  readonly body: Buffer
}

const MAX_ANSWER_BYTES = 1024 * 1024

/** An HTTP request from within a namespace. @throws TsnetError `failed` with what went wrong where */
export function requestInside(entry: NamespaceEntry, to: SocketAddress, asked: HttpRequest): Promise<HttpAnswer> {
  const { method, path, host, body, timeoutMs } = asked
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => {
      clearTimeout(deadline)
      outgoing.destroy()
      reject(new TsnetError('failed', `connect to ${formatEnd(to)}: ${what}`, { cause }))
    }
    const outgoing = request({ method, path, headers: { host }, createConnection: () => connectTcp(entry, to) })
    const deadline = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
    outgoing.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message, error))
    outgoing.on('response', (response) => {
      const pieces: Buffer[] = []
      let length = 0
      response.on('error', (error) => fail(error.message, error))
      response.on('data', (piece: Buffer) => {
        length += piece.length
        if (length > MAX_ANSWER_BYTES) fail(`more than ${MAX_ANSWER_BYTES} bytes`)
        else pieces.push(piece)
      })
      response.on('end', () => {
        clearTimeout(deadline)
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces) })
      })
    })
    outgoing.end(body)
  })
}
