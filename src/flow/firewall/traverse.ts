import type { FirewallChain, FirewallRule } from '../../model/snapshot.ts'
import type { Place } from '../journey.ts'
import { placeIn, type Space } from '../world.ts'
import type { CompiledRule, RuleContext, RuleVerdict } from './rule.ts'
import { type BaseChain, type Chain, rulesetOf } from './ruleset.ts'

/** What a base chain said, and what in it said so. */
export interface ChainVerdict {
  readonly verdict: Exclude<RuleVerdict, { kind: 'return' | 'jump' | 'goto' }>
  readonly place: Place
  /** The rule; absent when the policy decided. */
  readonly rule?: FirewallRule
  /** Rules that matched on the way, in order, as lines. */
  readonly details: readonly string[]
}

/** Sends a packet through one base chain and the chains it jumps to. */
export function traverse(base: BaseChain, context: RuleContext): ChainVerdict {
  const walk = new Walk(base, context)
  const found = walk.through(base)
  if (found !== undefined && found.verdict.kind !== 'return') {
    const place = rulePlace(context.space, found.rule)
    return { verdict: found.verdict as ChainVerdict['verdict'], place, rule: found.rule, details: walk.details }
  }
  const policy = base.facts.policy === 'DROP' ? 'drop' : 'accept'
  return {
    verdict: { kind: policy },
    place: policyPlace(context.space, base.facts),
    details: walk.details,
  }
}

interface Found {
  readonly verdict: RuleVerdict
  readonly rule: FirewallRule
}

/** The kernel allows no deeper jumps (NFT_JUMP_STACK_SIZE); a saved file may hold anything. */
const DEEPEST = 64

class Walk {
  readonly details: string[] = []
  readonly #base: BaseChain
  readonly #context: RuleContext
  #depth = 0

  constructor(base: BaseChain, context: RuleContext) {
    this.#base = base
    this.#context = context
  }

  /** Undefined when the packet falls off the end, or returns. */
  through(chain: Chain): Found | undefined {
    for (const compiled of chain.candidates(this.#context)) {
      const verdict = evaluate(compiled, this.#context)
      if (verdict === undefined) continue
      const { rule } = compiled
      this.#note(rule)
      if (verdict.kind === 'return') return undefined
      if (verdict.kind !== 'jump' && verdict.kind !== 'goto') return { verdict, rule }
      const found = this.#into(verdict.chain)
      if (found !== undefined || verdict.kind === 'goto') return found
    }
    return undefined
  }

  #into(name: string): Found | undefined {
    const chain = rulesetOf(this.#context.space.namespace).chain(this.#base.facts, name)
    if (chain === undefined || this.#depth >= DEEPEST) return undefined
    this.#depth++
    const found = this.through(chain)
    this.#depth--
    return found
  }

  #note({ chain, position, text }: FirewallRule): void {
    if (!this.#context.run.isQuiet) this.details.push(`${chain} rule ${position}: ${text}`)
  }
}

/** Undefined when the rule does not match, or only counts. */
function evaluate({ steps, rule }: CompiledRule, context: RuleContext): RuleVerdict | undefined {
  let pending: string | undefined
  for (const step of steps) {
    if (pending !== undefined && !step.pure) {
      if (!decide(context, rule, pending)) return undefined
      pending = undefined
    }
    const result = step.run(context)
    if (result === true) continue
    if (result === false) return undefined
    if (typeof result !== 'string') return result
    pending ??= result
  }
  return undefined
}

/** A match that the facts do not answer: this run takes one answer, another run the other. */
function decide(context: RuleContext, rule: FirewallRule, what: string): boolean {
  const where = rulePlace(context.space, rule)
  return context.run.choose({ what, where }, [`not: ${what}`, what]) === 1
}

export function rulePlace(space: Space, rule: FirewallRule): Place {
  const { backend, family, table, chain, position, handle, text } = rule
  return placeIn(space, 'rule', rule.syntax === 'iptables' ? `-A ${chain} ${text}` : text, {
    backend,
    family,
    table,
    chain,
    position,
    ...(handle === undefined ? {} : { handle }),
  })
}

function policyPlace(space: Space, facts: FirewallChain): Place {
  const { backend, family, table, chain, policy = 'ACCEPT' } = facts
  return placeIn(space, 'policy', `policy ${policy} of ${chain}`, { backend, family, table, chain })
}
