const NEWLINE = 0x0a
const HANDLE = /^(.*?)\s*# handle (\d+)$/s
/** Lines of a chain that are no rules: `type filter hook input device "lo" priority 0; policy accept;`… */
const CHAIN_HEADER = /^(?:type \S+ hook |policy |comment "|flags )/
const DEVICE = / hook \S+ (?:device "?([^" ]+)"?|devices = \{ ([^}]*) \}) priority /

/** Name of a chain that is unique in its namespace. */
export function chainKey(family: string, table: string, chain: string): string {
  return `${family} ${table} ${chain}`
}

/**
 * Takes the text of rules from `nft -a list ruleset`, as it arrives. Only rules that are known by handle are
 * taken, so a comment cannot pretend to be one; a rule that nft breaks into several lines becomes one.
 */
export class NftText {
  readonly #wanted: ReadonlyMap<string, ReadonlySet<number>>
  readonly #texts = new Map<string, Map<number, string>>()
  readonly #devices = new Map<string, string>()
  #rest = Buffer.alloc(0)
  #family = ''
  #table = ''
  #chain: string | undefined
  #lines: string[] = []

  /** Handles of the rules whose text is wanted, by {@link chainKey}. */
  constructor(wanted: ReadonlyMap<string, ReadonlySet<number>>) {
    this.#wanted = wanted
  }

  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(NEWLINE) + 1
    if (end === 0) {
      this.#rest = Buffer.concat([this.#rest, chunk])
      return
    }
    const text = Buffer.concat([this.#rest, chunk.subarray(0, end - 1)]).toString()
    this.#rest = Buffer.from(chunk.subarray(end))
    for (const line of text.split('\n')) this.#read(line)
  }

  text(chain: string, handle: number): string | undefined {
    return this.#texts.get(chain)?.get(handle)
  }

  /** Devices of an ingress or egress chain, comma-separated. */
  device(chain: string): string | undefined {
    return this.#devices.get(chain)
  }

  #read(line: string): void {
    const table = /^table (\S+) (\S+) \{/.exec(line)
    if (table) {
      this.#family = table[1] ?? ''
      this.#table = unquoted(table[2] ?? '')
      this.#chain = undefined
      return
    }
    const chain = /^\tchain (\S+) \{/.exec(line)
    if (chain) {
      this.#chain = chainKey(this.#family, this.#table, unquoted(chain[1] ?? ''))
      this.#lines = []
    } else if (line === '\t}') this.#chain = undefined
    else if (this.#chain !== undefined) this.#readInChain(this.#chain, line.trim())
  }

  #readInChain(chain: string, line: string): void {
    if (this.#lines.length === 0 && CHAIN_HEADER.test(line) && !HANDLE.test(line)) {
      const device = DEVICE.exec(line)
      if (device) this.#devices.set(chain, (device[1] ?? device[2] ?? '').replaceAll(/[" ]/g, ''))
      return
    }
    const end = HANDLE.exec(line)
    const handle = Number(end?.[2])
    if (!end || this.#wanted.get(chain)?.has(handle) !== true) {
      this.#lines.push(line)
      return
    }
    this.#keep(chain, handle, [...this.#lines, end[1] ?? ''].join(' ').trim())
    this.#lines = []
  }

  #keep(chain: string, handle: number, text: string): void {
    const texts = this.#texts.get(chain)
    if (!texts) this.#texts.set(chain, new Map([[handle, text]]))
    else if (!texts.has(handle)) texts.set(handle, text)
  }
}

function unquoted(name: string): string {
  return name.startsWith('"') && name.endsWith('"') ? name.slice(1, -1) : name
}
