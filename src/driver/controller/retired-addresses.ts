import { dictionary, object, type Schema, text } from '../../model/schema.ts'
import { dockerMac } from '../docker-mac.ts'
import type { PlacedInterface } from '../model.ts'
import { ObjectStore } from '../object-store.ts'

interface Retired {
  /** Plain address → the MAC that had it last; '' = not known. */
  readonly macs: Readonly<Record<string, string>>
}

const RETIRED: Schema<Retired> = object<Retired>({ macs: dictionary(text) }, {})

/**
 * Addresses that were given back, with the MACs that had them. Neighbours keep such a pair for a minute or so: whoever
 * gets the address next with another MAC has to tell them. In a broadcast domain of many that is not done for nothing,
 * as each of them is told.
 */
export class RetiredAddresses {
  readonly #store: ObjectStore<Retired>
  readonly #macs = new Map<string, Map<string, string>>()
  readonly #unwritten = new Set<string>()

  /** @throws TsnetError `input` for a file that cannot be understood */
  constructor(folder: string) {
    this.#store = new ObjectStore(folder, RETIRED)
    for (const [id, { macs }] of this.#store.all()) this.#macs.set(id, new Map(Object.entries(macs)))
  }

  /** Notes that an endpoint has left. A MAC that follows from the address is the next one's as well. */
  add(networkId: string, { mac, address, addressIpv6 }: PlacedInterface): void {
    if (address !== undefined && mac === dockerMac(plain(address))) return
    const macs = this.#macs.get(networkId) ?? new Map<string, string>()
    for (const cidr of [address, addressIpv6]) if (cidr !== undefined) macs.set(plain(cidr), mac ?? '')
    this.#macs.set(networkId, macs)
    this.#write(networkId)
  }

  /** Notes who has the addresses now. @returns whether somebody else had one of them before */
  take(networkId: string, { mac, address, addressIpv6 }: PlacedInterface): boolean {
    const macs = this.#macs.get(networkId)
    if (macs === undefined) return false
    const known = [address, addressIpv6].flatMap((cidr) =>
      cidr !== undefined && macs.has(plain(cidr)) ? [plain(cidr)] : [],
    )
    if (known.length === 0) return false
    const isOther = known.some((one) => macs.get(one) !== mac || mac === undefined)
    for (const one of known) macs.delete(one)
    this.#write(networkId)
    return isOther
  }

  forget(networkId: string): void {
    this.#macs.delete(networkId)
    this.#unwritten.delete(networkId)
    this.#store.delete(networkId)
  }

  /** Writes down what waits for it. */
  flush(): void {
    for (const id of this.#unwritten) {
      const macs = this.#macs.get(id) ?? new Map<string, string>()
      if (macs.size === 0) this.#store.delete(id)
      else this.#store.put(id, { macs: Object.fromEntries(macs) })
    }
    this.#unwritten.clear()
  }

  /** Once for all that leave at the same time; a crash in between costs an announcement. */
  #write(networkId: string): void {
    if (this.#unwritten.size === 0) setImmediate(() => this.flush())
    this.#unwritten.add(networkId)
  }
}

function plain(cidr: string): string {
  return cidr.replace(/\/.*/, '')
}
