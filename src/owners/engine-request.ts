import { request } from 'node:http'

/** The largest answer an engine may give: about ten thousand containers of `docker inspect`. */
export const ENGINE_BODY_LIMIT = 32 * 1024 * 1024

export interface EngineEndpoint {
  /** Path of the unix socket, at most 107 bytes (unix(7)). */
  readonly socket: string
  /** Ends every request that is still open: the deadline of the whole survey. */
  readonly signal: AbortSignal
}

export interface EngineAnswer {
  readonly status: number
  readonly body: Buffer
}

export interface EngineQuestion {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  /** Sent as JSON. */
  readonly content?: unknown
  /** Called when the engine has begun to answer: what it waits for has not happened yet. */
  readonly onBegun?: () => void
}

/**
 * One GET of an engine's API, its JSON body decoded but not yet believed.
 *
 * @throws Error with a reason fit for people: no answer, a status other than 200, too large, not JSON
 */
export async function engineGet(endpoint: EngineEndpoint, path: string): Promise<unknown> {
  const { status, body } = await engineRequest(endpoint, { method: 'GET', path })
  if (status !== 200) throw new Error(`it answered with status ${status}`)
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new Error('its answer is not JSON')
  }
}

/**
 * One request of an engine's API, and its answer whatever the status is.
 *
 * Plain node:http: what is needed is a few requests over a unix socket, for which dockerode's bundle (ssh2 and
 * protobuf among it) would cost every small command more than it saves.
 *
 * @throws Error with a reason fit for people: no answer, too large
 */
export function engineRequest(
  { socket, signal }: EngineEndpoint,
  { method, path, content, onBegun }: EngineQuestion,
): Promise<EngineAnswer> {
  const text = content === undefined ? '' : JSON.stringify(content)
  const headers = { host: 'localhost', ...(content === undefined ? {} : contentHeaders(text)) }
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: socket, path, method, headers, signal, agent: false }, (response) => {
      onBegun?.()
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size > ENGINE_BODY_LIMIT)
          outgoing.destroy(new Error(`its answer is larger than ${ENGINE_BODY_LIMIT} bytes`))
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
    })
    outgoing.on('error', (error) => reject(signal.aborted ? new Error('it did not answer in time') : error))
    outgoing.end(text)
  })
}

function contentHeaders(text: string): Record<string, string | number> {
  return { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
}
