import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { type ErrorCode, messageOf, TsnetError } from '../../errors.ts'

/** `ready`: as status, once everything has been tried for the first time. */
export type AgentRequest = 'status' | 'ready' | 'reload' | 'stop'

const REQUESTS: ReadonlySet<string> = new Set<AgentRequest>(['status', 'ready', 'reload', 'stop'])
const MAX_REQUEST_BYTES = 256
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** One line of JSON each way, one request a connection. */
type Message =
  | { readonly answer: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint?: string | undefined } }

export interface AgentChannel {
  close(): Promise<void>
}

/**
 * Answers requests on a unix socket.
 * @throws TsnetError `failed` when another agent answers there already
 */
export async function openChannel(
  path: string,
  handle: (request: AgentRequest) => Promise<unknown>,
): Promise<AgentChannel> {
  const connections = new Set<Socket>()
  const server = createServer((socket) => {
    connections.add(socket)
    socket.on('error', () => undefined).once('close', () => connections.delete(socket))
    void answerOne(socket, handle)
  })
  await listen(server, path)
  return {
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      // an answer that is being written goes out; who has asked nothing yet is not waited for
      for (const socket of connections) socket.end()
      const patience = setTimeout(() => connections.forEach((socket) => void socket.destroy()), 1000)
      await closed
      clearTimeout(patience)
    },
  }
}

/** A socket file that nobody answers at is what a killed agent left. */
async function listen(server: Server, path: string): Promise<void> {
  if (await isAnswered(path)) throw new TsnetError('failed', `agent: another one answers on ${path}`)
  rmSync(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new TsnetError('failed', `listen on ${path}: ${cause.message}`, { cause })))
    // only the owner may ask; the mode counts from the start, not once it is changed
    const before = process.umask(0o177)
    server.listen(path, resolve)
    process.umask(before)
  })
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function answerOne(socket: Socket, handle: (request: AgentRequest) => Promise<unknown>): Promise<void> {
  const request = await readLine(socket, MAX_REQUEST_BYTES)
  if (request === undefined || !REQUESTS.has(request)) {
    socket.destroy()
    return
  }
  const message = await handle(request as AgentRequest).then(
    (answer): Message => ({ answer: answer ?? null }),
    (error: unknown): Message => ({ error: describeError(error) }),
  )
  socket.end(`${JSON.stringify(message)}\n`)
}

function describeError(error: unknown): Extract<Message, { error: unknown }>['error'] {
  return error instanceof TsnetError
    ? { code: error.code, message: error.message, hint: error.hint }
    : { code: 'failed', message: messageOf(error) }
}

/** Undefined when the connection ends before the line does, or it is too long. */
function readLine(socket: Socket, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.once('close', () => resolve(undefined))
    socket.on('data', (piece: string) => {
      text += piece
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
      else if (text.length > maxBytes) socket.destroy()
    })
  })
}

/**
 * Asks the agent that listens on `path`; undefined when none does, or it ends before it answers.
 * @throws TsnetError what the agent answers with, or `failed` when it does not answer in time
 */
export async function askAgent(path: string, request: AgentRequest, timeoutMs: number): Promise<unknown> {
  const socket = connect(path)
  socket.on('error', () => undefined)
  const isConnected = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false)
  if (!isConnected) return undefined
  let isLate = false
  const deadline = setTimeout(() => {
    isLate = true
    socket.destroy()
  }, timeoutMs)
  try {
    const line = readLine(socket, MAX_ANSWER_BYTES)
    socket.write(`${request}\n`)
    const text = await line
    if (isLate) throw new TsnetError('failed', `agent: no answer to ${request} within ${Math.round(timeoutMs)} ms`)
    return text === undefined ? undefined : unwrap(JSON.parse(text) as Message)
  } finally {
    clearTimeout(deadline)
    socket.destroy()
  }
}

function unwrap(message: Message): unknown {
  if ('answer' in message) return message.answer
  const { code, message: text, hint } = message.error
  throw new TsnetError(code, `agent: ${text}`, hint === undefined ? {} : { hint })
}
