import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { messageOf, TsnetError } from '../../errors.ts'
import { type Faults, faultOf } from './fault.ts'
import { GoJsonError } from './go-json.ts'
import { isServed, PLUGIN_METHODS, type PluginDrivers, type PluginMethod } from './methods.ts'
import { readBody } from './read-body.ts'
import { Turns } from './turns.ts'
import { listenOnSocket } from './unix-socket.ts'

/** Media type of protocol 1.1; engines do not look at it. */
const CONTENT_TYPE = 'application/vnd.docker.plugins.v1.1+json'
const ACTIVATE = 'Plugin.Activate'
/** What is not JSON however it is read. */
const GARBAGE = '\u0000]{"Interface":'
/** Calls that are under way may take this long to end when the server closes. */
const CLOSE_DEADLINE_MS = 10_000

export interface PluginServerOptions {
  readonly drivers: PluginDrivers
  readonly faults?: Faults
  /** What a person who looks after the plugin should know. */
  readonly log?: (line: string) => void
  /** After an engine has activated the plugin, before anything else is changed. */
  readonly onActivate?: () => Promise<void>
}

/** TCP for clients with a certificate. */
export interface TlsListener {
  readonly host: string
  /** 0 = one that is free. */
  readonly port: number
  /** PEM. */
  readonly certificate: string
  readonly key: string
  /** Of those whose clients are let in; clients must have a certificate. */
  readonly authority: string
}

/** One call's answer. */
interface Answer {
  readonly status: number
  readonly body: string
}

/**
 * Serves drivers through plugin protocol v1. Answers without asking anybody back, so that an engine that waits with
 * its locks held cannot wait for itself. Calls for one endpoint are answered one after another, those for a network when
 * all before them are.
 */
export class PluginServer {
  readonly #drivers: PluginDrivers
  readonly #faults: Faults
  readonly #log: (line: string) => void
  readonly #onActivate: () => Promise<void>
  readonly #turns = new Turns()
  readonly #servers: Server[] = []

  constructor({
    drivers,
    faults = new Map(),
    log = () => undefined,
    onActivate = async () => undefined,
  }: PluginServerOptions) {
    this.#drivers = drivers
    this.#faults = faults
    this.#log = log
    this.#onActivate = onActivate
  }

  /**
   * Listens on a unix socket that only its owner may use (mode 0600).
   *
   * @throws TsnetError `failed` when another process serves it, or it cannot be made
   */
  async listen(path: string): Promise<void> {
    const server = this.#add(createServer(SERVER_OPTIONS, this.#listener()))
    await listenOnSocket(server, path)
  }

  /**
   * Listens on TCP for clients with a certificate of the authority.
   *
   * @returns the port (0 was one that is free)
   */
  async listenTls({ host, port, certificate: cert, key, authority: ca }: TlsListener): Promise<number> {
    const options = { ...SERVER_OPTIONS, cert, key, ca, requestCert: true, rejectUnauthorized: true }
    const server = this.#add(createTlsServer(options, this.#listener()))
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        reject(new TsnetError('failed', `listen on ${host}:${port}: ${messageOf(cause)}`, { cause }))
      })
      server.listen({ host, port }, resolve)
    })
    const address = server.address()
    return typeof address === 'object' ? (address?.port ?? port) : port
  }

  /** Takes no more calls, ends those under way, removes the socket. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map(closeServer))
  }

  #add(server: Server): Server {
    // an engine keeps its connections; one that is closed under a call makes the call fail
    server.keepAliveTimeout = 0
    this.#servers.push(server)
    return server
  }

  #listener(): (request: IncomingMessage, response: ServerResponse) => void {
    return (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.#log(`${request.url}: ${messageOf(error)}`)
        response.destroy()
      })
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace(/^\//, '')
    const body = await readBody(request)
    const fault = faultOf(this.#faults, path)
    if (fault !== undefined) this.#log(`${path}: ${fault.kind}, as it was told`)
    if (fault?.kind === 'hang') return
    if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
    if (fault?.kind === 'garbage') return send(response, { status: 200, body: GARBAGE })
    if (fault?.kind === 'error') return send(response, failure(500, fault.text))
    send(response, await this.#answer(request.method, path, body))
  }

  async #answer(verb: string | undefined, path: string, body: string | undefined): Promise<Answer> {
    if (body === undefined) return failure(413, 'the message is too large')
    if (verb !== 'POST') return failure(405, 'only POST is understood')
    if (path === ACTIVATE) return this.#activate()
    const method = PLUGIN_METHODS.get(path)
    if (method === undefined || !isServed(path, this.#drivers)) return failure(404, `${path}: no such method`)
    try {
      return success(await this.#call(method, body))
    } catch (error) {
      this.#log(`${path}: ${messageOf(error)}`)
      return failure(isBadRequest(error) ? 400 : 500, messageOf(error))
    }
  }

  #activate(): Answer {
    this.#turns.alone(this.#onActivate).catch((error: unknown) => this.#log(messageOf(error)))
    return success({ Implements: kindsOf(this.#drivers) })
  }

  #call(method: PluginMethod, body: string): Promise<object> {
    const message = method.takesBody ? parseBody(body) : undefined
    const call = () => method.call(this.#drivers, message)
    if (method.turn === undefined) return call()
    return method.turn === 'alone' ? this.#turns.alone(call) : this.#turns.keyed(method.turn(message), call)
  }
}

/** Engines up to 20.10.24 send an empty Host header. */
const SERVER_OPTIONS = { requireHostHeader: false }

function kindsOf({ network, ipam }: PluginDrivers): string[] {
  return [...(network === undefined ? [] : ['NetworkDriver']), ...(ipam === undefined ? [] : ['IpamDriver'])]
}

function parseBody(body: string): unknown {
  if (body.trim() === '') throw new GoJsonError('body: is empty')
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw new GoJsonError(`body: ${messageOf(cause)}`, { cause })
  }
}

function isBadRequest(error: unknown): boolean {
  return error instanceof GoJsonError || (error instanceof TsnetError && error.code === 'usage')
}

function success(answer: object): Answer {
  return { status: 200, body: JSON.stringify(answer) }
}

/** `Err` is read by engines from network drivers, `Error` from IPAM drivers, both whatever the status. */
function failure(status: number, text: string): Answer {
  return { status, body: JSON.stringify({ Err: text, Error: text }) }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': CONTENT_TYPE })
  response.end(`${body}\n`)
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_DEADLINE_MS)
    server.close(() => {
      clearTimeout(deadline)
      resolve()
    })
    server.closeIdleConnections()
  })
}
