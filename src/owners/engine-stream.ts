import { request } from 'node:http'
import type { Socket } from 'node:net'
import type { EngineEndpoint } from './engine-request.ts'

/**
 * A POST that turns its connection into a plain stream both ways, "hijacking" (Engine API, ContainerAttach). What came
 * together with the headers is put back, so that a reader of the stream finds all of it.
 *
 * @throws Error with a reason fit for people: no answer, a status other than 101
 */
export function openEngineStream(endpoint: EngineEndpoint, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: endpoint.socket,
      path,
      method: 'POST',
      headers: { host: 'localhost', connection: 'Upgrade', upgrade: 'tcp' },
      agent: false,
    })
    const abort = (): void => void outgoing.destroy(new Error('it did not answer in time'))
    const settle = (): void => endpoint.signal.removeEventListener('abort', abort)
    endpoint.signal.addEventListener('abort', abort)
    outgoing.on('upgrade', (_response, socket: Socket, head: Buffer) => {
      settle()
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    outgoing.on('response', (response) => {
      settle()
      response.resume()
      reject(new Error(`it answered with status ${response.statusCode}`))
    })
    outgoing.on('error', (error) => {
      settle()
      reject(error)
    })
    outgoing.end()
  })
}
