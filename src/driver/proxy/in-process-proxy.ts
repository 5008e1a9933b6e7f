import { formatEnd, type NamespaceEntry } from '../../kernel/namespace-sockets.ts'
import type { ProxyBinding, UserlandProxy } from '../ports/userland-proxy.ts'
import { type DatagramProxyOptions, startDatagramProxy } from './datagram-proxy.ts'
import type { RunningProxy } from './running-proxy.ts'
import { startStreamProxy } from './stream-proxy.ts'

/**
 * docker-proxy for all published ports of a host in this process. It listens in the namespace that plays the host and
 * connects from there, as a process of the host does.
 */
export class InProcessProxy implements UserlandProxy {
  readonly #host: NamespaceEntry
  readonly #options: DatagramProxyOptions
  readonly #running = new Map<string, Promise<RunningProxy>>()

  constructor(host: NamespaceEntry, options: DatagramProxyOptions = {}) {
    this.#host = host
    this.#options = options
  }

  /**
   * @throws TsnetError `failed` when the address is taken, `unsupported` when this kernel lacks the protocol
   */
  async start(binding: ProxyBinding): Promise<void> {
    const key = keyOf(binding)
    let starting = this.#running.get(key)
    if (!starting) {
      starting = this.#open(binding)
      this.#running.set(key, starting)
      starting.catch(() => this.#running.delete(key))
    }
    await starting
  }

  #open(binding: ProxyBinding): Promise<RunningProxy> {
    return binding.protocol === 'udp'
      ? startDatagramProxy(this.#host, binding, this.#options)
      : startStreamProxy(this.#host, binding, binding.protocol)
  }

  async stop(binding: ProxyBinding): Promise<void> {
    const key = keyOf(binding)
    const running = this.#running.get(key)
    if (!running) return
    this.#running.delete(key)
    const proxy = await running.catch(() => undefined)
    await proxy?.stop()
  }

  /** Stops all. */
  async close(): Promise<void> {
    const all = [...this.#running.values()]
    this.#running.clear()
    await Promise.all(all.map(async (running) => (await running.catch(() => undefined))?.stop()))
  }
}

function keyOf({ protocol, hostAddress, hostPort, containerAddress, containerPort }: ProxyBinding): string {
  const front = formatEnd({ address: hostAddress, port: hostPort })
  return `${protocol} ${front} ${formatEnd({ address: containerAddress, port: containerPort })}`
}
