import type { NetworkRules, PortRules } from './firewall.ts'
import { Chains, forwardPolicy, type Layout, type LayoutSettings, removed, type Surroundings } from './layout.ts'
import type { Family, Operation } from './rule.ts'
import type { RuleContext } from './shared-rules.ts'

/** What an engine puts for each kind of item. All but the base is taken away by the same rules. */
export interface EngineRules {
  base(context: RuleContext, family: Family, surroundings: Surroundings): Operation[]
  removeBase(context: RuleContext, family: Family): Operation[]
  network(context: RuleContext, network: NetworkRules): Operation[]
  /** Put after the rules of a network, and not taken away with them. */
  afterNetwork(context: RuleContext, family: Family): Operation[]
  endpoint(context: RuleContext, network: NetworkRules, address: string): Operation[]
  port(context: RuleContext, network: NetworkRules, port: PortRules): Operation[]
}

export function engineLayout(rules: EngineRules, settings: LayoutSettings): Layout {
  const context = { chains: new Chains(settings), hairpin: settings.hairpin }
  return {
    add: (item, surroundings) => {
      switch (item.kind) {
        case 'base':
          return rules.base(context, item.family, surroundings)
        case 'forwardDrop':
          return [forwardPolicy(item.family, 'DROP')]
        case 'network':
          return [...rules.network(context, item.network), ...rules.afterNetwork(context, item.network.family)]
        case 'endpoint':
          return rules.endpoint(context, item.network, item.address)
        case 'port':
          return rules.port(context, item.network, item.port)
      }
    },
    remove: (item) => {
      switch (item.kind) {
        case 'base':
          return rules.removeBase(context, item.family)
        case 'forwardDrop':
          return [forwardPolicy(item.family, 'ACCEPT')]
        case 'network':
          return removed(rules.network(context, item.network))
        case 'endpoint':
          return removed(rules.endpoint(context, item.network, item.address))
        case 'port':
          return removed(rules.port(context, item.network, item.port))
      }
    },
  }
}
