import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Check } from '../checks/file/check.ts'
import { messageOf, TsnetError } from '../errors.ts'
import { type CheckReport, checkStatus } from '../model/check.ts'
import { formatCheckReport } from '../report/check-formats.ts'
import { checkSummary } from '../report/check-text.ts'
import { sanitise } from '../report/sanitise.ts'
import { type RunChecksOptions, runChecks } from './run-checks.ts'

export interface ServeHealthOptions extends RunChecksOptions {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly everyMs: number
}

export interface HealthServer {
  /** `127.0.0.1:9119`. */
  readonly address: string
  /** When the signal has come and everything is closed. */
  readonly ended: Promise<void>
}

const MAX_CONNECTIONS = 64
const REQUEST_TIMEOUT_MS = 5000
const MAX_HEADER_BYTES = 8192
/** A result this many intervals old says nothing any more. */
const STALE_INTERVALS = 3

/** What is known at the moment. */
interface Latest {
  report?: CheckReport
  /** Of `performance.now()`. */
  atMs: number
  /** Why there is no report. */
  problem?: string
}

/**
 * Runs the checks again and again, and tells what came of them by HTTP: /healthz (200 as long as no error fails),
 * /metrics (Prometheus), /report (JSON). A request runs nothing.
 *
 * @throws TsnetError `failed` when it cannot listen there
 */
export async function serveHealth(checks: readonly Check[], options: ServeHealthOptions): Promise<HealthServer> {
  const { everyMs, signal } = options
  const latest: Latest = { atMs: performance.now() }
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => answer(request, response, { latest, everyMs }),
  )
  server.maxConnections = MAX_CONNECTIONS
  server.headersTimeout = REQUEST_TIMEOUT_MS
  server.keepAliveTimeout = REQUEST_TIMEOUT_MS
  await listen(server, options)
  const ended = Promise.all([repeat(checks, options, latest), closed(server, signal)]).then(() => undefined)
  return { address: addressText(server.address() as AddressInfo), ended }
}

async function repeat(checks: readonly Check[], options: ServeHealthOptions, latest: Latest): Promise<void> {
  const { signal, everyMs } = options
  while (!signal.aborted) {
    try {
      const report = await runChecks(checks, options)
      if (!signal.aborted) Object.assign(latest, { report, atMs: performance.now(), problem: undefined })
    } catch (error) {
      Object.assign(latest, { report: undefined, atMs: performance.now(), problem: messageOf(error) })
    }
    await pause(everyMs, undefined, { signal }).catch(() => undefined)
  }
}

interface Served {
  readonly latest: Latest
  readonly everyMs: number
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

const PLAIN = 'text/plain; charset=utf-8'
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

function answer(request: IncomingMessage, response: ServerResponse, served: Served): void {
  const { status, type, text } = answerTo(request, served)
  const isHead = request.method === 'HEAD'
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  })
  response.end(isHead ? undefined : text)
  request.resume()
}

function answerTo({ method, url = '/' }: IncomingMessage, served: Served): Answer {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: PLAIN, text: 'only GET and HEAD\n' }
  const [path] = url.split('?')
  if (path === '/healthz') return health(served)
  if (path !== '/metrics' && path !== '/report') {
    return { status: 404, type: PLAIN, text: 'there is only /healthz, /metrics and /report\n' }
  }
  const { report, problem } = served.latest
  if (report === undefined) return { status: 503, type: PLAIN, text: `${absent(problem)}\n` }
  return path === '/metrics'
    ? { status: 200, type: PROMETHEUS, text: formatCheckReport('prometheus', report) }
    : { status: 200, type: JSON_TYPE, text: formatCheckReport('json', report) }
}

function absent(problem: string | undefined): string {
  return problem === undefined ? 'not known yet' : sanitise(problem)
}

/** Warnings are no reason to take something out of service. */
function health({ latest, everyMs }: Served): Answer {
  const { report, atMs, problem } = latest
  if (report === undefined) return { status: 503, type: PLAIN, text: `${absent(problem)}\n` }
  const ageMs = performance.now() - atMs
  if (ageMs > STALE_INTERVALS * everyMs + report.durationMs) {
    return { status: 503, type: PLAIN, text: `the last result is ${Math.round(ageMs / 1000)} s old\n` }
  }
  const status = checkStatus(report.results)
  const isWell = status === 0 || status === 3
  return { status: isWell ? 200 : 503, type: PLAIN, text: `${checkSummary(report)}\n` }
}

function listen(server: Server, { host, port }: ServeHealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new TsnetError('failed', `listen on ${host}:${port}: ${(cause as NodeJS.ErrnoException).code}`, { cause }))
    })
    server.listen(port, host, resolve)
  })
}

function addressText({ address, port, family }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

/** Requests that are under way are answered; connections that wait for another one are not. */
function closed(server: Server, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const close = (): void => {
      server.close(() => resolve())
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), REQUEST_TIMEOUT_MS).unref()
    }
    if (signal.aborted) close()
    else signal.addEventListener('abort', close, { once: true })
  })
}
