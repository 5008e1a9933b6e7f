import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProxyBinding, UserlandProxy } from '../../driver/ports/userland-proxy.ts'
import { list, number, object, oneOf, type Schema, text } from '../../model/schema.ts'

const FILE = 'proxies.json'

const BINDINGS: Schema<readonly ProxyBinding[]> = list(
  object<ProxyBinding>(
    {
      protocol: oneOf('tcp', 'udp', 'sctp'),
      hostAddress: text,
      hostPort: number,
      containerAddress: text,
      containerPort: number,
    },
    {},
  ),
)

/**
 * The userland proxy of a lab's host as its networks see it while the lab is built: only noted down. The agent listens
 * once everything is there, and goes on when the builder has ended.
 */
export class RecordedProxies implements UserlandProxy {
  readonly #path: string
  readonly #bindings: Map<string, ProxyBinding>

  /** @param folder of the host's state; what an earlier builder noted is in it */
  constructor(folder: string) {
    this.#path = join(folder, FILE)
    this.#bindings = new Map(readBindings(this.#path).map((binding) => [keyOf(binding), binding]))
  }

  get bindings(): readonly ProxyBinding[] {
    return [...this.#bindings.values()]
  }

  async start(binding: ProxyBinding): Promise<void> {
    this.#bindings.set(keyOf(binding), binding)
  }

  async stop(binding: ProxyBinding): Promise<void> {
    this.#bindings.delete(keyOf(binding))
  }

  /** To be called once when the builder is done: hundreds of ports would be hundreds of files written. */
  save(): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.bindings), { mode: 0o600 })
    renameSync(`${this.#path}.new`, this.#path)
  }
}

function keyOf({ protocol, hostAddress, hostPort }: ProxyBinding): string {
  return `${protocol} ${hostAddress} ${hostPort}`
}

/** Nothing when there is no such file, or a broken one: then nothing listens until the lab is built again. */
function readBindings(path: string): readonly ProxyBinding[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return BINDINGS(value) === undefined ? (value as readonly ProxyBinding[]) : []
  } catch {
    return []
  }
}
