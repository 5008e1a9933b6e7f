import { request } from 'node:http'

/** The largest answer an engine may give: about ten thousand containers of `docker inspect`. */
export const ENGINE_BODY_LIMIT = 32 * 1024 * 1024

export interface EngineEndpoint {
  /** Path of the unix socket, at most 107 bytes (unix(7)). */
  readonly socket: string
  /** Ends every request that is still open: the deadline of the whole survey. */
  readonly signal: AbortSignal
}

/**
 * One GET of an engine's API, its JSON body decoded but not yet believed.
 *
 * Plain node:http: what is needed is five GETs over a unix socket, for which dockerode's bundle (ssh2 and protobuf
 * among it) would cost every small command more than it saves.
 *
 * @throws Error with a reason fit for people: no answer, a status other than 200, too large, not JSON
 */
export function engineGet(endpoint: EngineEndpoint, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: endpoint.socket,
        path,
        method: 'GET',
        headers: { host: 'localhost' },
        signal: endpoint.signal,
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          chunks.push(chunk)
          if (size > ENGINE_BODY_LIMIT)
            outgoing.destroy(new Error(`its answer is larger than ${ENGINE_BODY_LIMIT} bytes`))
        })
        response.on('error', reject)
        response.on('end', () => {
          if (response.statusCode !== 200) return reject(new Error(`it answered with status ${response.statusCode}`))
          resolveJson(Buffer.concat(chunks), resolve, reject)
        })
      },
    )
    outgoing.on('error', (error) => reject(endpoint.signal.aborted ? new Error('it did not answer in time') : error))
    outgoing.end()
  })
}

function resolveJson(body: Buffer, resolve: (value: unknown) => void, reject: (reason: Error) => void): void {
  try {
    resolve(JSON.parse(body.toString('utf8')))
  } catch {
    reject(new Error('its answer is not JSON'))
  }
}
