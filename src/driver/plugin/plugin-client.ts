import { readFileSync } from 'node:fs'
import { type RequestOptions, request } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { messageOf, TsnetError } from '../../errors.ts'
import type { ClientTls, PluginAddress } from './discovery.ts'
import { GoJsonError, type GoType } from './go-json.ts'
import { readBody } from './read-body.ts'
import { ENGINE_TIMING, type RetryTiming, retry } from './retry.ts'
import { wireError } from './wire.ts'

/** What an engine says it understands. */
const ACCEPT = 'application/vnd.docker.plugins.v1.2+json'

const ENGINE_HOST = 'plugin.moby.localhost'

export interface PluginAnswer {
  readonly status: number
  readonly text: string
}

/** The plugin could not be reached, or went away before it had answered. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

export interface PluginClientOptions {
  readonly timing?: RetryTiming
  /** For one answer. Engines wait for ever; who is alive but silent must not stop us. */
  readonly deadlineMs?: number
}

const DEFAULT_DEADLINE_MS = 120_000

/** Calls a plugin as an engine does: its retries, its error rules. */
export class PluginClient {
  readonly #address: PluginAddress
  readonly #timing: RetryTiming
  readonly #deadlineMs: number

  constructor(
    address: PluginAddress,
    { timing = ENGINE_TIMING, deadlineMs = DEFAULT_DEADLINE_MS }: PluginClientOptions = {},
  ) {
    this.#address = address
    this.#timing = timing
    this.#deadlineMs = deadlineMs
  }

  /**
   * @param message absent = no body
   * @throws TsnetError `failed` with the plugin's own text, or when it is not reached, is silent or talks nonsense
   */
  async call<T>(method: string, type: GoType<T>, message?: object): Promise<T> {
    return (await this.#call(method, type, message)) as T
  }

  /** As `call`; undefined when the plugin has no such method. */
  callIfKnown<T>(method: string, type: GoType<T>, message?: object): Promise<T | undefined> {
    return this.#call(method, type, message, [404])
  }

  async #call<T>(
    method: string,
    type: GoType<T>,
    message: object | undefined,
    tolerated: readonly number[] = [],
  ): Promise<T | undefined> {
    const body = message === undefined ? '' : JSON.stringify(message)
    let answer: PluginAnswer
    try {
      answer = await retry(() => exchange(this.#address, { method, body, deadlineMs: this.#deadlineMs }), {
        isPassing: (error) => error instanceof UnreachableError,
        timing: this.#timing,
      })
    } catch (cause) {
      throw new TsnetError('failed', `${method}: ${messageOf(cause)}`, { cause })
    }
    if (tolerated.includes(answer.status)) return undefined
    return decodeAnswer(method, type, answer)
  }
}

/** One call, as it is sent. */
export interface Post {
  readonly method: string
  /** `''` = none */
  readonly body: string
  readonly deadlineMs: number
  /** Host header for unix sockets; default that of engines since 20.10.26, before it was empty. */
  readonly host?: string
}

/** Nobody answered in time; the plugin may be at it still. */
export class SilentError extends Error {
  override readonly name = 'SilentError'
}

/**
 * One POST and its answer, without a second try.
 *
 * @throws UnreachableError, SilentError, or another error when the answer is too large
 */
export function exchange(address: PluginAddress, post: Post): Promise<PluginAnswer> {
  const { body, deadlineMs } = post
  return new Promise((resolve, reject) => {
    let silence: SilentError | undefined
    const fail = (cause: unknown) => {
      clearTimeout(deadline)
      reject(silence ?? new UnreachableError(messageOf(cause), { cause }))
    }
    const send = address.kind === 'http' && address.tls !== undefined ? tlsRequest : request
    const outgoing = send(requestOptions(address, post), (response) => {
      readBody(response).then((text) => {
        clearTimeout(deadline)
        if (text === undefined) reject(new Error('its answer is too large'))
        else resolve({ status: response.statusCode ?? 0, text })
      }, fail)
    })
    const deadline = setTimeout(() => {
      silence = new SilentError(`no answer within ${deadlineMs} ms`)
      outgoing.destroy(silence)
    }, deadlineMs)
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}

function requestOptions(address: PluginAddress, { method, body, host = ENGINE_HOST }: Post): RequestOptions {
  const headers = { accept: ACCEPT, 'content-length': Buffer.byteLength(body) }
  const common = { method: 'POST', agent: false, path: `/${method}` }
  if (address.kind === 'unix') {
    return { ...common, socketPath: address.path, headers: { ...headers, host } }
  }
  const { hostname, port } = address.url
  const at = { host: hostname.replace(/^\[|\]$/g, ''), ...(port === '' ? {} : { port }) }
  return { ...common, ...at, headers, ...(address.tls === undefined ? {} : tlsOptions(address.tls)) }
}

function tlsOptions({ caFile, certFile, keyFile, insecure }: ClientTls): object {
  return {
    ...(caFile === undefined ? {} : { ca: pem(caFile) }),
    ...(certFile === undefined ? {} : { cert: pem(certFile) }),
    ...(keyFile === undefined ? {} : { key: pem(keyFile) }),
    rejectUnauthorized: !insecure,
  }
}

function pem(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new TsnetError('input', `${path}: ${messageOf(cause)}`, { cause })
  }
}

/**
 * What an engine makes of an answer.
 *
 * @throws TsnetError `failed` where it would see an error: another status than 200, the error field of that kind of
 * driver filled, JSON that does not fit
 */
export function decodeAnswer<T>(method: string, type: GoType<T>, { status, text }: PluginAnswer): T {
  const refused = (reason: string, cause?: unknown) => {
    return new TsnetError('failed', `${method}: ${reason}`, cause === undefined ? {} : { cause })
  }
  if (status !== 200) throw refused(errorTextOf(text) ?? (text.trim() || `status ${status}`))
  try {
    const body: unknown = JSON.parse(text)
    const { Err, Error: error } = wireError(body, '')
    const said = method.startsWith('IpamDriver.') ? error : Err
    if (said === '') return type(body, '')
    throw refused(`remote: ${said}`)
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof GoJsonError) throw refused(messageOf(cause), cause)
    throw cause
  }
}

function errorTextOf(text: string): string | undefined {
  try {
    return wireError(JSON.parse(text), '').Err || undefined
  } catch {
    return undefined
  }
}
