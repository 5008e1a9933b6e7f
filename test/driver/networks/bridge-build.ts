import { randomBytes } from 'node:crypto'
import type { NetworkConfig, PortBinding } from '../../../src/driver/network-driver.ts'

export function randomId(): string {
  return randomBytes(32).toString('hex')
}

export interface NetworkOptions {
  readonly subnet?: string
  readonly subnet6?: string
  readonly internal?: boolean
  readonly options?: Readonly<Record<string, string>>
  readonly id?: string
}

export function networkConfig({ subnet, subnet6, internal = false, options = {}, id }: NetworkOptions): NetworkConfig {
  const data = (pool: string) => ({
    addressSpace: 'local',
    pool,
    gateway: pool.replace(/(::|\.0)(?=\/)/, (end) => (end === '::' ? '::1' : '.1')),
    auxAddresses: {},
  })
  return {
    id: id ?? randomId(),
    options: Object.fromEntries(Object.entries(options).map(([key, value]) => [`com.docker.network.${key}`, value])),
    internal,
    enableIpv4: subnet !== undefined,
    enableIpv6: subnet6 !== undefined,
    ipv4: subnet === undefined ? [] : [data(subnet)],
    ipv6: subnet6 === undefined ? [] : [data(subnet6)],
  }
}

/** `127.0.0.1:8080-8090:80/udp`. */
export function binding(text: string): PortBinding {
  const match = /^(?:(.+):)?(\d+)(?:-(\d+))?:(\d+)(?:\/(\w+))?$/.exec(text)
  if (!match) throw new Error(`${text} is no binding`)
  const [, hostAddress, first, last, port, protocol = 'tcp'] = match
  return {
    protocol: protocol as PortBinding['protocol'],
    port: Number(port),
    hostPort: Number(first),
    hostPortEnd: Number(last ?? first),
    ...(hostAddress === undefined ? {} : { hostAddress }),
  }
}
