import type { TransportProtocol } from '../network-driver.ts'

/** A port of the host, on one of its addresses or on all of a family (`0.0.0.0`, `::`). */
export interface HostPort {
  readonly protocol: TransportProtocol
  readonly hostAddress: string
  readonly hostPort: number
}

/** Which ports of the host are given away, to containers of whatever network. */
export class PortClaims {
  /** `tcp 80` → addresses */
  readonly #claims = new Map<string, Set<string>>()

  isFree({ protocol, hostAddress, hostPort }: HostPort): boolean {
    const taken = this.#claims.get(`${protocol} ${hostPort}`)
    if (taken === undefined) return true
    return [...taken].every((address) => !overlap(address, hostAddress))
  }

  claim({ protocol, hostAddress, hostPort }: HostPort): void {
    const key = `${protocol} ${hostPort}`
    const taken = this.#claims.get(key)
    if (taken) taken.add(hostAddress)
    else this.#claims.set(key, new Set([hostAddress]))
  }

  release({ protocol, hostAddress, hostPort }: HostPort): void {
    const key = `${protocol} ${hostPort}`
    const taken = this.#claims.get(key)
    taken?.delete(hostAddress)
    if (taken?.size === 0) this.#claims.delete(key)
  }
}

function overlap(a: string, b: string): boolean {
  if (a.includes(':') !== b.includes(':')) return false
  return a === b || isEvery(a) || isEvery(b)
}

function isEvery(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}
