import type { IncomingMessage } from 'node:http'

/** Far more than an engine writes: a network of a thousand subnets is 200 kB. */
export const BODY_LIMIT = 4 * 1024 * 1024

/**
 * The body of a request or an answer as text.
 *
 * @returns undefined when it is larger than {@link BODY_LIMIT}; the rest is then read and dropped, so that an answer
 * can still be given
 */
export async function readBody(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= BODY_LIMIT) chunks.push(chunk)
    else chunks.length = 0
  }
  return size <= BODY_LIMIT ? Buffer.concat(chunks).toString('utf8') : undefined
}
