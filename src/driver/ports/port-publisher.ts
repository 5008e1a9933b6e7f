import { messageOf, TsnetError } from '../../errors.ts'
import { systemErrorCode } from '../../kernel/namespace-sockets.ts'
import { socketText } from '../firewall/firewall.ts'
import type { TransportProtocol } from '../network-driver.ts'
import type { NetworkHost } from '../network-host.ts'
import { transaction, type UndoStack } from '../undo.ts'
import { type HeldPort, holdPort } from './held-port.ts'
import { PortChoice, type PortRange, parsePortRange } from './port-choice.ts'
import { type HostPort, PortClaims } from './port-claims.ts'
import type { UserlandProxy } from './userland-proxy.ts'

/** A binding of a container's port to the host. Addresses plain. */
export interface PublishRequest {
  readonly protocol: TransportProtocol
  readonly containerPort: number
  /** 0 = any; else the first free one up to the last. */
  readonly hostPort: number
  readonly hostPortEnd: number
  /** The same port of the host is taken on all of them. */
  readonly ways: readonly PublishWay[]
}

export interface PublishWay {
  readonly hostAddress: string
  /** May be IPv4 behind `::`: then there is only a proxy. */
  readonly containerAddress: string
}

export interface PublishedPort extends HostPort {
  readonly containerAddress: string
  readonly containerPort: number
}

/** Tries with sockets before it gives up, where a port may be chosen (libnetwork maxAllocatePortAttempts). */
const MAX_ATTEMPTS = 10

/**
 * Takes ports of the host for containers: by a userland proxy that listens on them, or by sockets that keep others
 * away. One for all networks of a host, so that no two get the same.
 */
export class PortPublisher {
  readonly #host: NetworkHost
  readonly #proxy: UserlandProxy | undefined
  readonly #claims = new PortClaims()
  readonly #choice = new PortChoice()
  readonly #open = new Map<string, HeldPort | undefined>()

  constructor(host: NetworkHost, proxy: UserlandProxy | undefined) {
    this.#host = host
    this.#proxy = proxy
  }

  /** All or none. @throws TsnetError `failed` when a port is taken */
  publish(requests: readonly PublishRequest[]): Promise<PublishedPort[]> {
    const range = parsePortRange(this.#host.readSysctl('ipv4/ip_local_port_range'))
    return transaction(async (undo) => {
      const published: PublishedPort[] = []
      for (const request of requests) published.push(...(await this.#publishOne(request, range, undo)))
      return published
    })
  }

  /** Takes ports again that were published before; no change for those that are. @throws as {@link publish} */
  reopen(ports: readonly PublishedPort[]): Promise<void> {
    return transaction(async (undo) => {
      for (const port of ports) {
        if (this.#open.has(keyOf(port))) continue
        if (!this.#claims.isFree(port)) throw alreadyAllocated(port)
        await this.#takeAll([port], undo)
      }
    })
  }

  /** No error for those that are not published. */
  async close(ports: readonly PublishedPort[]): Promise<void> {
    for (const port of ports) await this.#give(port)
  }

  /** Lets go of what it holds itself; proxies go on. */
  dispose(): void {
    for (const held of this.#open.values()) held?.release()
    this.#open.clear()
  }

  async #publishOne(request: PublishRequest, range: PortRange, undo: UndoStack): Promise<PublishedPort[]> {
    const { protocol, hostPort, hostPortEnd, containerPort, ways } = request
    const isChosen = hostPort === 0 || hostPort !== hostPortEnd
    let failure: unknown
    let attempts = 0
    for (const candidate of this.#choice.candidates(request, range)) {
      const ports = ways.map((way) => ({ ...way, protocol, containerPort, hostPort: candidate }))
      const taken = ports.find((port) => !this.#claims.isFree(port))
      if (taken) {
        failure ??= isChosen ? allAllocated() : alreadyAllocated(taken)
        continue
      }
      try {
        await this.#takeAll(ports, undo)
        return ports
      } catch (error) {
        failure = error
        if (!isTaken(error) || ++attempts >= MAX_ATTEMPTS) break
      }
    }
    throw failure ?? allAllocated()
  }

  /** On every address, or on none. All are claimed before anything is waited for. */
  async #takeAll(ports: readonly PublishedPort[], undo: UndoStack): Promise<void> {
    for (const port of ports) this.#claims.claim(port)
    await transaction(async (own) => {
      for (const port of ports) own.add(`port ${port.hostPort}`, () => this.#give(port))
      for (const port of ports) this.#open.set(keyOf(port), await this.#occupy(port))
    })
    for (const port of ports) undo.add(`port ${port.hostPort}`, () => this.#give(port))
  }

  async #occupy(port: PublishedPort): Promise<HeldPort | undefined> {
    try {
      if (!this.#proxy) return holdPort(this.#host, port)
      await this.#proxy.start(port)
      return undefined
    } catch (cause) {
      // without the protocol in this kernel there is nobody whom a proxy could serve
      if (cause instanceof TsnetError && cause.code === 'unsupported' && port.protocol === 'sctp') return undefined
      throw bindError(port, cause)
    }
  }

  async #give(port: PublishedPort): Promise<void> {
    const key = keyOf(port)
    const held = this.#open.get(key)
    const wasOpen = this.#open.delete(key)
    this.#claims.release(port)
    held?.release()
    if (wasOpen) await this.#proxy?.stop(port)
  }
}

function keyOf({ protocol, hostAddress, hostPort }: HostPort): string {
  return `${protocol} ${socketText(hostAddress, hostPort)}`
}

function alreadyAllocated({ hostAddress, hostPort }: HostPort, detail: { cause?: unknown; hint?: string } = {}): Error {
  const message = `Bind for ${socketText(hostAddress, hostPort)} failed: port is already allocated`
  return new TsnetError('failed', message, detail)
}

function allAllocated(): Error {
  return new TsnetError('failed', 'Bind failed: all ports are allocated')
}

function isTaken(error: unknown): boolean {
  return systemErrorCode(error) === 'EADDRINUSE'
}

function bindError(port: HostPort, cause: unknown): Error {
  if (isTaken(cause)) return alreadyAllocated(port, { cause, hint: 'a process of the host listens on it' })
  const where = socketText(port.hostAddress, port.hostPort)
  const reason = cause instanceof TsnetError ? messageOf(cause) : (systemErrorCode(cause) ?? messageOf(cause))
  return new TsnetError('failed', `Bind for ${where} failed: ${reason}`, { cause })
}
