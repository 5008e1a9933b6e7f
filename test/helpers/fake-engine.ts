import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface FakeEngine {
  readonly socket: string
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

/** A real HTTP server on a real unix socket that answers as an engine should not. */
export async function startFakeEngine(answer: RequestListener): Promise<FakeEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'ts-engine-'))
  const socket = join(folder, 'engine.sock')
  const asked: string[] = []
  const connections = new Set<Socket>()
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  server.on('connection', (connection) => {
    connections.add(connection)
    connection.on('error', () => undefined)
    connection.on('close', () => connections.delete(connection))
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return {
    socket,
    asked,
    close: async () => {
      for (const connection of connections) connection.destroy()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
