import type { FirewallRule, Link } from '../../model/snapshot.ts'
import type { Ip } from '../address.ts'
import type { Packet } from '../packet.ts'
import type { Run } from '../run.ts'
import type { Space } from '../world.ts'

export type HookName = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress'

/** What a rule is asked about. */
export interface RuleContext {
  readonly run: Run
  readonly space: Space
  readonly packet: Packet
  readonly hook: HookName
  readonly in?: Link | undefined
  readonly out?: Link | undefined
}

/** True, false, or what would have to be known. */
export type Truth = boolean | string

export type RuleVerdict =
  | { readonly kind: 'accept' | 'drop' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'nat'; readonly nat: NatAction }
  /** A program or a proxy takes it, and nobody knows what that does. */
  | { readonly kind: 'stolen'; readonly by: string }

/** What a NAT rule wants; each part that is absent stays as it is. */
export interface NatAction {
  readonly kind: 'dnat' | 'snat' | 'masquerade' | 'redirect' | 'netmap'
  /** First and last address; one address twice. */
  readonly addresses?: readonly [Ip, Ip] | undefined
  readonly ports?: readonly [number, number] | undefined
  /** For netmap: how many leading bits are replaced. */
  readonly prefixLength?: number | undefined
}

/** One part of a rule, in order: true goes on, false leaves the rule, a text is unknown, a verdict ends it. */
export interface Step {
  /** Only looks; an unknown answer before it needs no decision yet. */
  readonly pure: boolean
  readonly run: (context: RuleContext) => Truth | RuleVerdict
}

/** What must be so for a rule to match, to find the rules of a packet in a long chain. */
export interface RuleKeys {
  /** An address in its canonical form, or a prefix with a `/` in it. */
  destination?: string
  source?: string
  destinationPort?: number
  in?: string
  out?: string
}

/** A rule in a form that is evaluated fast. */
export interface CompiledRule {
  readonly rule: FirewallRule
  readonly steps: readonly Step[]
}

export function test(run: (context: RuleContext) => Truth): Step {
  return { pure: true, run }
}

export function act(run: (context: RuleContext) => void): Step {
  return {
    pure: false,
    run: (context) => {
      run(context)
      return true
    },
  }
}

export function end(verdict: RuleVerdict): Step {
  return { pure: false, run: () => verdict }
}

export function not(truth: Truth): Truth {
  return typeof truth === 'string' ? truth : !truth
}
