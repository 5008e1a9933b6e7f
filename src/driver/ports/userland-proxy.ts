import type { TransportProtocol } from '../network-driver.ts'

/** One published port that is answered by a process instead of, or besides, packet filter rules. */
export interface ProxyBinding {
  readonly protocol: TransportProtocol
  /** Plain address of the host, `0.0.0.0` or `::` for every one. */
  readonly hostAddress: string
  readonly hostPort: number
  /** Plain; may be IPv4 behind a host address `::`. */
  readonly containerAddress: string
  readonly containerPort: number
}

/**
 * What stands in for docker-proxy: listens on the host and carries to the container what no rule translates, such as
 * connections from the host to its own 127.0.0.1 and from the container to itself.
 */
export interface UserlandProxy {
  /**
   * Resolves when it listens; no change when it does already.
   *
   * @throws TsnetError `failed` when the address is taken
   */
  start(binding: ProxyBinding): Promise<void>
  /** Resolves when the port is free again; no error when it was not started. */
  stop(binding: ProxyBinding): Promise<void>
}
