import type { TransportProtocol } from '../network-driver.ts'

/** First and last. */
export type PortRange = readonly [first: number, last: number]

/** Where Docker takes a port from when the kernel does not say. */
export const FALLBACK_RANGE: PortRange = [49_153, 65_535]

/** /proc/sys/net/ipv4/ip_local_port_range: two numbers. */
export function parsePortRange(text: string | undefined): PortRange {
  const [first, last] = (text ?? '').trim().split(/\s+/).map(Number)
  if (!isPort(first) || !isPort(last) || first > last) return FALLBACK_RANGE
  return [first, last]
}

function isPort(port: number | undefined): port is number {
  return port !== undefined && Number.isInteger(port) && port > 0 && port <= 65_535
}

/** In which order ports of the host are tried. One that was asked for is tried alone, of a range the first free one. */
export class PortChoice {
  readonly #last = new Map<TransportProtocol, number>()

  /** @param range for a binding that names no port */
  candidates({ protocol, hostPort, hostPortEnd }: Wanted, range: PortRange): Iterable<number> {
    return hostPort === 0 ? this.#anyOf(protocol, range) : between(hostPort, hostPortEnd)
  }

  /** Goes on after the one tried last, so that a port just freed is not another container's at once. */
  *#anyOf(protocol: TransportProtocol, [first, last]: PortRange): Generator<number> {
    const size = last - first + 1
    const start = (this.#last.get(protocol) ?? last) - first + 1
    for (let step = 0; step < size; step++) {
      const port = first + ((start + step) % size)
      this.#last.set(protocol, port)
      yield port
    }
  }
}

function* between(first: number, last: number): Generator<number> {
  for (let port = first; port <= last; port++) yield port
}

interface Wanted {
  readonly protocol: TransportProtocol
  readonly hostPort: number
  readonly hostPortEnd: number
}
