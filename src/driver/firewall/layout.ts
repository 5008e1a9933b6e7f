import type { FirewallItem, FirewallSettings, NetworkRules, PortRules } from './firewall.ts'
import { type Family, MAX_CHAIN_NAME, type Operation, type Rule, ruleText, type Table, withComment } from './rule.ts'

/** How an engine lays out its rules for iptables: what is put for an item, in order, and what is taken away again. */
export interface Layout {
  add(item: FirewallItem, surroundings: Surroundings): Operation[]
  remove(item: FirewallItem, surroundings: Surroundings): Operation[]
}

/** Chains of others that are there now, of one family. */
export interface Surroundings {
  hasChain(table: Table, chain: string): boolean
}

export interface LayoutSettings extends Pick<FirewallSettings, 'chainPrefix' | 'comment'> {
  /** No userland proxy: connections that it would carry are translated too. */
  readonly hairpin: boolean
}

const ENGINE = 'DOCKER'

export const IF_ESTABLISHED = '-m conntrack --ctstate RELATED,ESTABLISHED'
export const TO_LOCAL = '-m addrtype --dst-type LOCAL'

/** Names of chains, and rules with a comment where they are among others'. */
export class Chains {
  readonly #prefix: string
  readonly #comment: string | undefined

  constructor({ chainPrefix, comment }: LayoutSettings) {
    this.#prefix = chainPrefix
    this.#comment = comment
  }

  /** An engine is or may come here as well; our chains and its own must not be taken for each other. */
  get besideEngine(): boolean {
    return this.#prefix !== ENGINE
  }

  /** `DOCKER`, or with an end, `DOCKER-USER`. */
  name(end?: string): string {
    return end === undefined ? this.#prefix : `${this.#prefix}-${end}`
  }

  /** Where rules for forwarded packets go: beside an engine, which puts its own jumps first there, not into FORWARD. */
  get forward(): string {
    return this.besideEngine ? this.name('FORWARD') : 'FORWARD'
  }

  rule(family: Family, table: Table, chain: string, ...words: (string | undefined)[]): Rule {
    const rule = { family, table, chain, text: ruleText(...words) }
    const isOurs = chain === this.#prefix || chain.startsWith(`${this.#prefix}-`)
    return isOurs ? rule : withComment(rule, this.#comment)
  }
}

export function append(rule: Rule): Operation {
  return { act: 'append', ...rule }
}

export function insert(rule: Rule): Operation {
  return { act: 'insert', ...rule }
}

export function first(rule: Rule): Operation {
  return { act: 'first', ...rule }
}

export function remove(rule: Rule): Operation {
  return { act: 'remove', ...rule }
}

/** Takes away what operations put there, in the same order. */
export function removed(operations: readonly Operation[]): Operation[] {
  return operations.flatMap((operation) => ('text' in operation ? [remove(ruleOf(operation))] : []))
}

function ruleOf({ family, table, chain, text }: Rule): Rule {
  return { family, table, chain, text }
}

export function forwardPolicy(family: Family, policy: 'ACCEPT' | 'DROP'): Operation {
  return { act: 'policy', family, table: 'filter', chain: 'FORWARD', policy }
}

/** `-d ADDRESS/32`; every address = no match. */
export function matchAddress(option: '-s' | '-d', address: string): string {
  return `${option} ${address}/${address.includes(':') ? 128 : 32}`
}

export function matchPort(
  { protocol }: Pick<PortRules, 'protocol'>,
  option: '--sport' | '--dport',
  port: number,
): string {
  return `-p ${protocol} -m ${protocol} ${option} ${port}`
}

/** How packets to elsewhere get their source address. */
export function sourceTarget({ snatTo }: NetworkRules): string {
  return snatTo === undefined ? '-j MASQUERADE' : `-j SNAT --to-source ${snatTo}`
}

/** The engine's own network of addresses that never leave the host. */
export function loopbackOf(family: Family): string {
  return family === 'ip' ? '127.0.0.0/8' : '::1/128'
}

export function icmpOf(family: Family): string {
  return family === 'ip' ? '-p icmp' : '-p ipv6-icmp'
}

/** The longest end of a chain's name in any layout. */
const LONGEST_END = '-ISOLATION-STAGE-1'
export const MAX_PREFIX = MAX_CHAIN_NAME - LONGEST_END.length
