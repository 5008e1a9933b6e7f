import type { SingleRule } from '../firewall/single-rule.ts'
import type { TransportProtocol } from '../network-driver.ts'

/** A service's virtual address in one network, as the load balancer of one host has it. */
export interface ServiceAddress {
  /** Plain. */
  readonly vip: string
  /** Firewall mark that stands for it on this host; Docker counts from 256. */
  readonly mark: number
  /** Plain address of the load balancer itself. */
  readonly balancer: string
  /** CIDR of the network. */
  readonly subnet: string
  /** Plain addresses of its tasks. */
  readonly backends: readonly string[]
  /** Published by way of the ingress network; in that one alone. */
  readonly ports: readonly PublishedPort[]
}

export interface PublishedPort {
  readonly protocol: TransportProtocol
  /** On every host. */
  readonly published: number
  /** Of the tasks. */
  readonly target: number
}

/** moby: libnetwork service_linux.go. */
export const INGRESS_CHAIN = 'DOCKER-INGRESS'
const GATEWAY_BRIDGE = 'docker_gwbridge'

/** In the load balancer: what is for the service gets its mark, and what IPVS sends on comes from the balancer. */
export function balancerRules({ vip, mark, balancer, subnet, ports }: ServiceAddress): readonly SingleRule[] {
  const marking = ['-j', 'MARK', '--set-mark', String(mark)]
  return [
    ...ports.map(
      ({ protocol, published }): SingleRule => ({
        table: 'mangle',
        chain: 'PREROUTING',
        place: 'last',
        words: ['-p', protocol, '--dport', String(published), ...marking],
      }),
    ),
    sourceRule(balancer, subnet),
    { table: 'mangle', chain: 'INPUT', place: 'last', words: ['-d', `${vip}/32`, ...marking] },
  ]
}

/** Of all services of a balancer. */
export function sourceRule(balancer: string, subnet: string): SingleRule {
  const words = ['-m', 'ipvs', '--ipvs', '-d', subnet, '-j', 'SNAT', '--to-source', balancer]
  return { table: 'nat', chain: 'POSTROUTING', place: 'last', words }
}

export interface IngressHost {
  /** Plain address of the host's ingress sandbox in docker_gwbridge. */
  readonly gateway: string
  readonly ports: readonly PublishedPort[]
}

/** On a host, once: published ports of services are looked at before anything else. */
export function ingressBase(layout: 'docker20' | 'docker28'): readonly SingleRule[] {
  const local = ['-m', 'addrtype', '--dst-type', 'LOCAL', '-j', INGRESS_CHAIN]
  const back: SingleRule = { table: 'nat', chain: INGRESS_CHAIN, place: 'last', words: ['-j', 'RETURN'] }
  const forward = layout === 'docker20' ? 'FORWARD' : 'DOCKER-FORWARD'
  return [
    back,
    { ...back, table: 'filter' },
    { table: 'nat', chain: 'OUTPUT', place: 'first', words: local },
    { table: 'nat', chain: 'PREROUTING', place: 'first', words: local },
    { table: 'filter', chain: forward, place: 'first', words: ['-j', INGRESS_CHAIN] },
    {
      table: 'nat',
      chain: 'POSTROUTING',
      place: 'first',
      words: ['-m', 'addrtype', '--src-type', 'LOCAL', '-o', GATEWAY_BRIDGE, '-j', 'MASQUERADE'],
    },
  ]
}

/** On a host, a port: it leads into the ingress sandbox, whoever runs a task. */
export function ingressRules({ gateway, ports }: IngressHost, layout: 'docker20' | 'docker28'): readonly SingleRule[] {
  const known =
    layout === 'docker20'
      ? { before: ['-m', 'state'], after: ['--state', 'ESTABLISHED,RELATED'] }
      : { before: [], after: ['-m', 'conntrack', '--ctstate', 'ESTABLISHED,RELATED'] }
  return ports.flatMap(({ protocol, published }): readonly SingleRule[] => {
    const port = String(published)
    const place = { chain: INGRESS_CHAIN, place: 'first' } as const
    const target = ['-j', 'DNAT', '--to-destination', `${gateway}:${port}`]
    return [
      { ...place, table: 'nat', words: ['-p', protocol, '--dport', port, ...target] },
      {
        ...place,
        table: 'filter',
        words: [...known.before, '-p', protocol, '--sport', port, ...known.after, '-j', 'ACCEPT'],
      },
      { ...place, table: 'filter', words: ['-p', protocol, '--dport', port, '-j', 'ACCEPT'] },
    ]
  })
}

/** In a task: in the ingress network it answers on its published ports, and does nothing else. */
export function taskRules(address: string, ports: readonly PublishedPort[]): readonly SingleRule[] {
  const [to, from] = [
    ['-d', `${address}/32`],
    ['-s', `${address}/32`],
  ] as const
  const accepted = (states: string): readonly string[] => ['-m', 'conntrack', '--ctstate', states, '-j', 'ACCEPT']
  const opened = ports.flatMap(({ protocol, published, target }): readonly SingleRule[] => [
    {
      table: 'nat',
      chain: 'PREROUTING',
      place: 'last',
      words: [...to, '-p', protocol, '--dport', String(published), '-j', 'REDIRECT', '--to-port', String(target)],
    },
    {
      table: 'filter',
      chain: 'INPUT',
      place: 'first',
      words: [...to, '-p', protocol, '--dport', String(target), ...accepted('NEW,ESTABLISHED')],
    },
    {
      table: 'filter',
      chain: 'OUTPUT',
      place: 'first',
      words: [...from, '-p', protocol, '--sport', String(target), ...accepted('ESTABLISHED')],
    },
  ])
  const closed = ['sctp', 'udp', 'tcp'].flatMap((protocol): readonly SingleRule[] => [
    { table: 'filter', chain: 'INPUT', place: 'last', words: [...to, '-p', protocol, '-j', 'DROP'] },
    { table: 'filter', chain: 'OUTPUT', place: 'last', words: [...from, '-p', protocol, '-j', 'DROP'] },
  ])
  return [...opened, ...closed]
}
