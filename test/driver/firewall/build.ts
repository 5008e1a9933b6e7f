import { docker20 } from '../../../src/driver/firewall/docker20.ts'
import { docker28 } from '../../../src/driver/firewall/docker28.ts'
import type { FirewallItem, NetworkRules, PortRules } from '../../../src/driver/firewall/firewall.ts'
import type { LayoutSettings } from '../../../src/driver/firewall/layout.ts'
import type { Family, Operation } from '../../../src/driver/firewall/rule.ts'
import { Ruleset } from '../../../src/driver/firewall/ruleset.ts'
import { SaveParser } from '../../../src/kernel/firewall/save-parser.ts'

const LAYOUTS = { docker20, docker28 }

export const DEFAULTS: LayoutSettings = { chainPrefix: 'DOCKER', hairpin: false }

export function network(bridge: string, subnet: string, settings: Partial<NetworkRules> = {}): NetworkRules {
  return {
    family: subnet.includes(':') ? 'ip6' : 'ip',
    bridge,
    subnet,
    icc: true,
    internal: false,
    masquerade: true,
    mode: 'nat',
    trustedInterfaces: [],
    ...settings,
  }
}

/** `127.0.0.1:8080:80/udp` published by a container; without a host port it is opened only. */
export function port(of: NetworkRules, container: string, published: string): FirewallItem {
  const [, hostAddress, hostPort = '0', containerPort = '', protocol = 'tcp'] =
    /^(?:(.+):)?(\d+):(\d+)(?:\/(\w+))?$/.exec(published) ?? []
  const rules: PortRules = {
    protocol: protocol as PortRules['protocol'],
    hostAddress: hostAddress ?? (of.family === 'ip' ? '0.0.0.0' : '::'),
    hostPort: Number(hostPort),
    containerAddress: container,
    containerPort: Number(containerPort),
  }
  return { kind: 'port', network: of, port: rules }
}

export class Engine {
  #rules: Ruleset
  readonly #layout
  readonly #family: Family

  constructor(
    layout: keyof typeof LAYOUTS,
    settings: Partial<LayoutSettings> = {},
    { family = 'ip', saved = '' }: { family?: Family; saved?: string } = {},
  ) {
    this.#layout = LAYOUTS[layout]({ ...DEFAULTS, ...settings })
    this.#family = family
    this.#rules = parse(saved)
  }

  get rules(): Ruleset {
    return this.#rules
  }

  base(): this {
    return this.add({ kind: 'base', family: this.#family })
  }

  add(...items: FirewallItem[]): this {
    for (const item of items) this.#run(this.#layout.add(item, this.#surroundings))
    return this
  }

  /** Several networks, oldest first. */
  networks(...networks: NetworkRules[]): this {
    return this.base().add(...networks.map((one): FirewallItem => ({ kind: 'network', network: one })))
  }

  remove(...items: FirewallItem[]): this {
    for (const item of items) this.#run(this.#layout.remove(item, this.#surroundings))
    return this
  }

  /** As iptables-save lists them: the rules of one chain in order. */
  chain(table: string, chain: string): readonly string[] {
    return (this.#rules.rules({ table, chain }) ?? []).map((rule) => `-A ${chain} ${rule}`)
  }

  /** Every rule, chains by name. */
  all(table: string): readonly string[] {
    return [...this.#rules.chains(table).keys()].sort().flatMap((chain) => this.chain(table, chain))
  }

  #run(operations: readonly Operation[]): void {
    this.#rules = this.#rules.after(operations)
  }

  get #surroundings() {
    return { hasChain: (table: string, chain: string) => this.#rules.chains(table).has(chain) }
  }
}

export function parse(saved: string): Ruleset {
  const parser = new SaveParser({ backend: 'nft', family: 'ip' })
  parser.push(Buffer.from(saved))
  return Ruleset.of(parser.finish())
}

/** The rules of a listing, chains by name and each chain in its order; the same lines as {@link Engine.all}. */
export function listing(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.startsWith('-A '))
  const chainOf = (line: string): string => line.split(' ')[1] ?? ''
  return lines
    .map((line, position) => ({ line, position, chain: chainOf(line) }))
    .sort((a, b) => (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : a.position - b.position))
    .map(({ line }) => line)
}
