import type { IncomingMessage } from 'node:http'
import type { NetworkHost } from '../../driver/network-host.ts'
import { messageOf, TsnetError } from '../../errors.ts'
import { requestInside } from './http-request.ts'
import { peerOf, serveHttp } from './http-service.ts'
import { ownAddresses } from './own-addresses.ts'
import { renderPage } from './page.ts'
import { resolveName } from './resolve-name.ts'
import type { StartWorkload } from './running-workload.ts'

const PORT = 5000
const STORE_PORT = 8500
const KEY = '/v1/kv/visits'
const STORE_TIMEOUT_MS = 2000
/** Each loses only to another visitor who got through, so as many at once are counted. */
const MAX_ATTEMPTS = 100
const BAD_GATEWAY = 502

/**
 * Counts visits in the key-value store that $DB names, as HOST or HOST:PORT, and shows the count. A store that cannot
 * be found or reached is a page with status 502 that says why.
 */
export const startWeb: StartWorkload = (context) => {
  const { name, sandbox, port = PORT, environment } = context
  const store = new VisitStore(sandbox, environment['DB'] ?? '')
  return serveHttp(context, port, async (request) => {
    const rows = [
      ['address', ownAddresses(sandbox).join(', ')],
      ['client', peerOf(request)],
      ['store', store.label],
    ] as const
    try {
      const visits = await visitsOf(request, store)
      return renderPage({ title: name, rows: [['visits', String(visits)], ...rows] }, request)
    } catch (error) {
      return renderPage({ status: BAD_GATEWAY, title: name, rows: [['error', messageOf(error)], ...rows] }, request)
    }
  })
}

/** The page itself is a visit; a check of health is none, nor a browser that wants an icon. */
function visitsOf({ url }: IncomingMessage, store: VisitStore): Promise<number> {
  return url === '/' || url?.startsWith('/?') ? store.count() : store.visits()
}

/** A counter in a store that speaks Consul's KV API. */
class VisitStore {
  readonly label: string
  readonly #sandbox: NetworkHost
  readonly #host: string
  readonly #port: number

  constructor(sandbox: NetworkHost, db: string) {
    this.#sandbox = sandbox
    this.label = db
    const { host, port } = parseEnd(db)
    this.#host = host
    this.#port = port
  }

  async visits(): Promise<number> {
    return (await this.#read(await this.#address())).visits
  }

  /** Adds one and gives the sum. */
  async count(): Promise<number> {
    const address = await this.#address()
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { visits, index } = await this.#read(address)
      const answer = await this.#ask(address, 'PUT', { path: `${KEY}?cas=${index}`, body: String(visits + 1) })
      if (answer.body.toString().trim() === 'true') return visits + 1
    }
    throw new TsnetError('failed', `${this.label}: others counted ${MAX_ATTEMPTS} times in between`)
  }

  async #address(): Promise<string> {
    if (this.#host === '') throw new TsnetError('usage', 'the variable DB names no store')
    const [first] = await resolveName(this.#sandbox, this.#host)
    if (first === undefined) throw new TsnetError('failed', `resolve ${this.#host}: it has no address`)
    return first
  }

  async #read(address: string): Promise<{ readonly visits: number; readonly index: number }> {
    const { status, body } = await this.#ask(address, 'GET', { path: KEY })
    if (status === 404) return { visits: 0, index: 0 }
    if (status !== 200) throw new TsnetError('failed', `${this.label}: HTTP status ${status}`)
    const [entry] = JSON.parse(body.toString()) as { Value?: string | null; ModifyIndex?: number }[]
    const visits = Number(Buffer.from(entry?.Value ?? '', 'base64').toString())
    return { visits: Number.isFinite(visits) ? visits : 0, index: entry?.ModifyIndex ?? 0 }
  }

  #ask(address: string, method: 'GET' | 'PUT', asked: { readonly path: string; readonly body?: string }) {
    const to = { address, port: this.#port }
    return requestInside(this.#sandbox, to, { method, host: this.label, timeoutMs: STORE_TIMEOUT_MS, ...asked })
  }
}

/** `db`, `db:8500`, `10.0.0.2:8500`, `fd00::1`, `[fd00::1]:8500`. */
function parseEnd(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? []
  if (bracketed === undefined && plain === undefined) return { host: text, port: STORE_PORT }
  return { host: bracketed ?? plain ?? '', port: Number(port ?? STORE_PORT) }
}
