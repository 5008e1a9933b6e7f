import { exchange, type OutsideReply } from '../../kernel/dns/dns-exchange.ts'
import { type DnsQuery, encodeFailure, RCODE } from '../../kernel/dns/dns-message.ts'
import type { NamespaceEntry } from '../../kernel/namespace-sockets.ts'
import type { DnsBehaviour } from './resolve.ts'

/** Docker asks no more than these, in order. */
const MAX_SERVERS = 3
const SERVER_TIMEOUT_MS = 4000
/** Questions of one sandbox that are outside at the same time. */
const MAX_OUTSTANDING = 1024
const DNS_PORT = 53
/** Asking ourselves would go round for ever. */
const OWN_ADDRESS = '127.0.0.11'

export interface DnsServerAddress {
  readonly address: string
  /** Default 53. */
  readonly port?: number
  /** Asked from the host's namespace: its loopback servers. */
  readonly fromHost: boolean
}

export interface ForwarderOptions {
  readonly sandbox: NamespaceEntry
  /** Absent = servers that need it are passed over. */
  readonly host: NamespaceEntry | undefined
  readonly servers: readonly DnsServerAddress[]
  /** False on internal networks: no server is asked through the host. */
  readonly forward: boolean
  readonly behaviour: DnsBehaviour
  /** How long one server may take; default 4 s. */
  readonly timeoutMs?: number
}

/** Asks the servers outside for what a sandbox wants to know and the embedded DNS does not. */
export class DnsForwarder {
  readonly #options: ForwarderOptions
  readonly #servers: readonly DnsServerAddress[]
  /** Gives up a question that is outside. */
  readonly #outstanding = new Set<() => void>()
  /** Gives a place to a question that waits for one, or none. */
  readonly #waiting = new Set<(got: boolean) => void>()
  #places = MAX_OUTSTANDING
  #isClosed = false

  constructor(options: ForwarderOptions) {
    this.#options = options
    this.#servers = options.servers.filter((server) => this.#isAsked(server)).slice(0, MAX_SERVERS)
  }

  /** As Docker: an internal network's sandbox does not get out by way of the host (since 25.0.5). */
  #isAsked({ address, fromHost }: DnsServerAddress): boolean {
    const { behaviour, forward, host } = this.#options
    if (!fromHost) return address !== OWN_ADDRESS
    return host !== undefined && (forward || behaviour === '20.10')
  }

  /**
   * The first answer that ends the search, else the last one, under the id of the client. Undefined when nobody
   * answered.
   *
   * @param message the query as it came
   */
  async ask(query: DnsQuery, message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    let last: OutsideReply | undefined
    for (const server of this.#servers) {
      if (this.#isClosed) break
      if (!(await this.#begin())) {
        // 20.10 tries the next one, which is as busy
        if (this.#options.behaviour === '28') return encodeFailure(query, RCODE.REFUSED)
        continue
      }
      const reply = await this.#askServer(server, query, { message, transport })
      last = reply ?? last
      if (reply && endsSearch(reply)) break
    }
    return last?.bytes
  }

  async #askServer(
    { address, port = DNS_PORT, fromHost }: DnsServerAddress,
    query: DnsQuery,
    { message, transport }: { readonly message: Buffer; readonly transport: 'udp' | 'tcp' },
  ): Promise<OutsideReply | undefined> {
    const { sandbox, host, timeoutMs = SERVER_TIMEOUT_MS } = this.#options
    const entry = fromHost && host ? host : sandbox
    try {
      // it may have been closed while a place was waited for
      if (this.#isClosed) return undefined
      return await exchange(query, message, {
        entry,
        address,
        port,
        transport,
        timeoutMs,
        outstanding: this.#outstanding,
      })
    } finally {
      this.#end()
    }
  }

  /** Takes one of the places; 28 waits for one as long as for a server. False when there is none. */
  async #begin(): Promise<boolean> {
    const { behaviour, timeoutMs = SERVER_TIMEOUT_MS } = this.#options
    if (this.#places > 0) {
      this.#places--
      return true
    }
    if (behaviour === '20.10') return false
    return new Promise((resolve) => {
      const settle = (got: boolean): void => {
        clearTimeout(deadline)
        this.#waiting.delete(settle)
        resolve(got)
      }
      const deadline = setTimeout(() => settle(false), timeoutMs)
      this.#waiting.add(settle)
    })
  }

  #end(): void {
    const [next] = this.#waiting
    if (next) next(true)
    else this.#places++
  }

  /** Gives up what is outstanding or waits. */
  close(): void {
    this.#isClosed = true
    for (const settle of this.#waiting) settle(false)
    for (const giveUp of this.#outstanding) giveUp()
  }
}

/** Docker goes on after a failure, a refusal, any other error, and after NXDOMAIN of a server that only passes it on. */
function endsSearch({ rcode, isAuthoritative }: OutsideReply): boolean {
  return rcode === RCODE.NOERROR || (rcode === RCODE.NXDOMAIN && isAuthoritative)
}
