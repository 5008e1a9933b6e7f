import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { connect as secure, type TLSSocket } from 'node:tls'
import { TsnetError } from '../errors.ts'
import { connectTcp, formatEnd, type NamespaceEntry, type SocketAddress } from '../kernel/namespace-sockets.ts'
import type { Failed, HttpFetched, HttpTimings, TlsFacts } from '../model/measurement.ts'
import { type AttemptOptions, attempt, failureOf, since } from './attempt.ts'
import { type Resolver, resolveName } from './resolve-name.ts'

export interface FetchOptions extends AttemptOptions {
  /** For a URL with a name; see `readResolver`. */
  readonly resolver: Resolver
  /** Connects there instead, whatever the URL says: a published port, a VIP. Its port is the URL's when absent. */
  readonly through?: { readonly address: string; readonly port?: number }
  /** Default GET. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Bytes of the answer to keep; all of it is read. Default 64 KiB. */
  readonly keepBytes?: number
}

const KEEP_BYTES = 64 * 1024
/** An answer without end is a finding too. */
const MAX_BODY_BYTES = 1024 * 1024 * 1024
const MS_PER_DAY = 86_400_000

/** What is known after each step. */
interface Progress {
  dnsMs?: number
  connectMs: number
  tlsMs?: number
  tls?: TlsFacts
  firstByteMs: number
  /** When the step that is under way began. */
  stepMs: number
}

/**
 * One request from within a namespace, no redirect followed, with the time of each step. A certificate that is not to
 * be trusted does not end it: it is told in `tls`. `timeoutMs` is for all of it.
 *
 * @throws TsnetError `usage` for what is no http or https URL
 */
export async function fetchHttp(
  entry: NamespaceEntry,
  url: string,
  options: FetchOptions,
): Promise<HttpFetched | Failed> {
  const target = parseUrl(url)
  const startMs = performance.now()
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const progress: Progress = { connectMs: 0, firstByteMs: 0, stepMs: startMs }
  const port = options.through?.port ?? portOf(target)
  let address = options.through?.address ?? host
  if (isIP(address) === 0) {
    const resolved = await resolveName(entry, address, options)
    if (!resolved.ok) return resolved
    address = resolved.addresses[0] ?? ''
    progress.dnsMs = resolved.timeMs
  }
  const left = Math.max(1, options.timeoutMs - (performance.now() - startMs))
  const exchange = new Exchange({ entry, target, host, to: { address, port }, options, progress, startMs })
  return attempt<HttpFetched>(`http ${formatEnd({ address, port })}`, { ...options, timeoutMs: left }, (settle) =>
    exchange.begin(settle),
  )
}

export function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return parsed
  throw new TsnetError('usage', `http ${url}: that is no URL of http or https`, { hint: 'Write http://NAME:PORT/PATH' })
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}

interface Exchanged {
  readonly entry: NamespaceEntry
  readonly target: URL
  /** Of the URL, without brackets. */
  readonly host: string
  readonly to: SocketAddress
  readonly options: FetchOptions
  readonly progress: Progress
  readonly startMs: number
}

/** One connection, one request, one answer. */
class Exchange {
  readonly #context: Exchanged
  #settle: (outcome: HttpFetched | Failed) => void = () => undefined

  constructor(context: Exchanged) {
    this.#context = context
  }

  begin(settle: (outcome: HttpFetched | Failed) => void): () => void {
    this.#settle = settle
    const { entry, to, target } = this.#context
    this.#context.progress.stepMs = performance.now()
    const socket = connectTcp(entry, to)
    socket.on('error', this.#fail)
    socket.once('connect', () => {
      this.#context.progress.connectMs = this.#step()
      if (target.protocol === 'https:') this.#secure(socket)
      else this.#ask(socket)
    })
    return () => socket.destroy()
  }

  readonly #fail = (error: unknown): void => {
    const { to, startMs } = this.#context
    this.#settle(failureOf(error, `http ${formatEnd(to)}`, startMs))
  }

  /** The time of the step that ends now. */
  #step(): number {
    const { progress } = this.#context
    const ms = since(progress.stepMs)
    progress.stepMs = performance.now()
    return ms
  }

  #secure(socket: Socket): void {
    const { host, progress, to, startMs } = this.#context
    const fail = (error: NodeJS.ErrnoException): void =>
      this.#settle({
        ok: false,
        reason: 'tls',
        detail: `tls ${formatEnd(to)}: ${error.code ?? error.message}`,
        timeMs: since(startMs),
      })
    const encrypted = secure({
      socket,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // told of in the result, as all else about the certificate
      rejectUnauthorized: false,
    })
    encrypted.once('error', fail)
    encrypted.once('secureConnect', () => {
      encrypted.off('error', fail).on('error', this.#fail)
      progress.tlsMs = this.#step()
      progress.tls = tlsFacts(encrypted)
      this.#ask(encrypted)
    })
  }

  #ask(connection: Socket): void {
    const { target, options } = this.#context
    const { method = 'GET', headers = {}, body } = options
    const outgoing: ClientRequest = request({
      method,
      path: target.pathname + target.search,
      headers: { host: target.host, 'user-agent': 'tsnet-shoot', accept: '*/*', connection: 'close', ...headers },
      createConnection: () => connection,
    })
    outgoing.on('error', this.#fail)
    outgoing.once('response', (response) => {
      this.#context.progress.firstByteMs = this.#step()
      this.#read(response)
    })
    outgoing.end(body)
  }

  #read(response: IncomingMessage): void {
    const { to, startMs, progress } = this.#context
    const { keepBytes = KEEP_BYTES } = this.#context.options
    const kept: Buffer[] = []
    let bytes = 0
    response.on('error', this.#fail)
    response.on('data', (piece: Buffer) => {
      if (bytes < keepBytes) kept.push(piece.subarray(0, keepBytes - bytes))
      bytes += piece.length
      if (bytes > MAX_BODY_BYTES) this.#fail(new Error(`more than ${MAX_BODY_BYTES} bytes`))
    })
    response.once('end', () => {
      const { connectMs, firstByteMs, dnsMs, tlsMs, tls } = progress
      const timings: HttpTimings = {
        ...(dnsMs === undefined ? {} : { dnsMs }),
        connectMs,
        ...(tlsMs === undefined ? {} : { tlsMs }),
        firstByteMs,
        bodyMs: this.#step(),
        totalMs: since(startMs),
      }
      this.#settle({
        ok: true,
        status: response.statusCode ?? 0,
        headers: headersOf(response),
        body: Buffer.concat(kept),
        bodyBytes: bytes,
        ...to,
        timings,
        ...(tls === undefined ? {} : { tls }),
      })
    })
  }
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
}

function tlsFacts(socket: TLSSocket): TlsFacts {
  const { subject, issuer, valid_to: validTo } = socket.getPeerCertificate()
  const expiresMs = Date.parse(validTo)
  const distrust = socket.authorizationError
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    expiresAt: Number.isNaN(expiresMs) ? '' : new Date(expiresMs).toISOString(),
    expiresInDays: Math.floor((expiresMs - Date.now()) / MS_PER_DAY),
    isTrusted: socket.authorized,
    ...(socket.authorized ? {} : { distrust: String(distrust) }),
  }
}

function nameOf(names: { readonly CN?: string | string[]; readonly O?: string | string[] } | undefined): string {
  return [names?.CN ?? names?.O ?? ''].flat().join(', ')
}
