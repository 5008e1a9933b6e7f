import type { IncomingMessage } from 'node:http'
import { type Reply, readBody, serveHttp } from './http-service.ts'
import { renderPage } from './page.ts'
import type { StartWorkload } from './running-workload.ts'

const PORT = 8500
const PREFIX = '/v1/kv/'
const MAX_KEYS = 10_000

/** One value, as Consul's KV API shows it (https://developer.hashicorp.com/consul/api-docs/kv). */
interface Entry {
  readonly value: Buffer
  readonly flags: number
  /** Grow with each change of the store: what `cas` compares. */
  readonly createIndex: number
  readonly modifyIndex: number
}

/**
 * A key-value store in memory that speaks the part of Consul's KV API that small applications use: GET (`raw`,
 * `recurse`), PUT (`cas`, `flags`), DELETE. An atomic counter is GET, then PUT with `cas` of its ModifyIndex.
 */
export const startKeyValue: StartWorkload = ({ name, sandbox, port = PORT }) => {
  const store = new KeyValueStore()
  return serveHttp({ sandbox }, port, async (request) => {
    const url = new URL(request.url ?? '/', 'http://kv')
    if (!url.pathname.startsWith(PREFIX)) {
      if (url.pathname !== '/') return { status: 404, body: 'not found\n' }
      return renderPage({ title: name, rows: [['keys', String(store.size)]] }, request)
    }
    return store.answer(request, decodeURIComponent(url.pathname.slice(PREFIX.length)), url.searchParams)
  })
}

class KeyValueStore {
  readonly #entries = new Map<string, Entry>()
  #index = 0

  get size(): number {
    return this.#entries.size
  }

  async answer(request: IncomingMessage, key: string, options: URLSearchParams): Promise<Reply> {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#get(key, options)
      case 'PUT':
        return this.#put(key, await readBody(request), options)
      case 'DELETE':
        return this.#delete(key, options)
      default:
        return { status: 405, body: 'method not allowed\n', headers: { allow: 'GET, HEAD, PUT, DELETE' } }
    }
  }

  #get(key: string, options: URLSearchParams): Reply {
    const headers = { 'x-consul-index': String(Math.max(this.#index, 1)) }
    const found = this.#matching(key, options)
    const [first] = found
    if (!first) return { status: 404, body: '', headers }
    if (options.has('raw')) {
      return { status: 200, body: first[1].value, headers: { ...headers, 'content-type': 'application/octet-stream' } }
    }
    const body = JSON.stringify(found.map(([name, entry]) => show(name, entry)))
    return { status: 200, body, headers: { ...headers, 'content-type': 'application/json' } }
  }

  #put(key: string, value: Buffer, options: URLSearchParams): Reply {
    const before = this.#entries.get(key)
    const expected = options.get('cas')
    if (expected !== null && Number(expected) !== (before?.modifyIndex ?? 0)) return json(false)
    if (!before && this.#entries.size >= MAX_KEYS) return { status: 507, body: `more than ${MAX_KEYS} keys\n` }
    const modifyIndex = ++this.#index
    const flags = Number(options.get('flags') ?? before?.flags ?? 0)
    this.#entries.set(key, { value, flags, createIndex: before?.createIndex ?? modifyIndex, modifyIndex })
    return json(true)
  }

  #delete(key: string, options: URLSearchParams): Reply {
    for (const [name] of this.#matching(key, options)) {
      this.#entries.delete(name)
      this.#index++
    }
    return json(true)
  }

  #matching(key: string, options: URLSearchParams): [string, Entry][] {
    if (options.has('recurse')) {
      return [...this.#entries].filter(([name]) => name.startsWith(key)).sort(([a], [b]) => (a < b ? -1 : 1))
    }
    const entry = this.#entries.get(key)
    return entry ? [[key, entry]] : []
  }
}

function json(value: unknown): Reply {
  return { status: 200, body: `${JSON.stringify(value)}\n`, headers: { 'content-type': 'application/json' } }
}

function show(key: string, { value, flags, createIndex, modifyIndex }: Entry): Record<string, unknown> {
  return {
    LockIndex: 0,
    Key: key,
    Flags: flags,
    Value: value.length === 0 ? null : value.toString('base64'),
    CreateIndex: createIndex,
    ModifyIndex: modifyIndex,
  }
}
