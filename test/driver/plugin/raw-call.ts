import { request } from 'node:http'

export interface RawAnswer {
  readonly status: number
  readonly type: string | undefined
  readonly text: string
}

/** One call as an engine makes it: POST, no content type, an empty Host header. */
export function rawCall(
  socketPath: string,
  path: string,
  body = '',
  { method = 'POST', signal }: { method?: string; signal?: AbortSignal } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { host: '', 'content-length': Buffer.byteLength(body) }
    const outgoing = request(
      { socketPath, path: `/${path}`, method, headers, ...(signal === undefined ? {} : { signal }) },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], text })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
