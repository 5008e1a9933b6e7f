import { createServer, type Server } from 'node:http'
import { rawCall } from './raw-call.ts'

/** An answer on its way; what is returned goes out instead. undefined = no answer at all. */
export type Spoil = (
  answer: { status: number; text: string },
  request: { body: string; count: number },
) => { status: number; text: string } | undefined

/** A plugin that is right but for the methods that are spoiled, `*` being all others: it asks a right one. */
export class BrokenPlugin {
  readonly #server: Server
  readonly #counts = new Map<string, number>()

  constructor(behind: string, spoils: Readonly<Record<string, Spoil>>) {
    this.#server = createServer({ requireHostHeader: false }, (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', async () => {
        const method = (request.url ?? '').slice(1)
        const body = Buffer.concat(chunks).toString()
        const count = (this.#counts.get(method) ?? 0) + 1
        this.#counts.set(method, count)
        const { status, text } = await rawCall(behind, method, body)
        const spoil = spoils[method] ?? spoils['*']
        const answer = spoil === undefined ? { status, text } : spoil({ status, text }, { body, count })
        if (answer === undefined) return
        response.writeHead(answer.status)
        response.end(answer.text)
      })
    })
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve) => this.#server.listen(path, resolve))
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

/** Changes a successful answer. */
export function change(edit: (answer: Record<string, unknown>, request: Record<string, unknown>) => unknown): Spoil {
  return ({ status, text }, { body }) => {
    if (status !== 200) return { status, text }
    const request = body === '' ? {} : JSON.parse(body)
    return { status, text: JSON.stringify(edit(JSON.parse(text), request)) }
  }
}

/** Changes what would be an error. */
export function refuseWith(edit: (text: string) => { status: number; text: string }): Spoil {
  return ({ status, text }) => (status === 200 ? { status, text } : edit(JSON.parse(text).Err))
}
