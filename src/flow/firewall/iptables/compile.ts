import type { FirewallRule } from '../../../model/snapshot.ts'
import { protocolNumber } from '../../packet.ts'
import { type CompiledRule, type RuleContext, type Step, test } from '../rule.ts'
import { nameTest, prefixTest } from '../values.ts'
import { moduleSteps } from './modules.ts'
import { targetSteps } from './targets.ts'
import { options, type RuleOption } from './tokens.ts'

/** A rule in the words of iptables-save as steps. A match that is not known here is unknown, never true. */
export function compileIptables(rule: FirewallRule): CompiledRule {
  const { base, modules, target } = partsOf(options(rule.text))
  // ebtables and arptables have options of their own by the same names
  const isIp = rule.family === 'ip' || rule.family === 'ip6'
  const matches = isIp ? [...base.flatMap(baseSteps), ...modules.flatMap(moduleSteps)] : foreignSteps(rule.text)
  return { rule, steps: [...matches, ...targetSteps(target)] }
}

function foreignSteps(text: string): Step[] {
  return text.startsWith('-j ') ? [] : [test(() => text)]
}

/** `-m MODULE` and the options that follow it. */
export interface ModuleOptions {
  readonly module: string
  readonly options: readonly RuleOption[]
}

/** `-j TARGET` or `-g CHAIN` and the options of that target. */
export interface TargetOptions {
  readonly name: string
  readonly isGoto: boolean
  readonly options: readonly RuleOption[]
}

interface Parts {
  readonly base: readonly RuleOption[]
  readonly modules: readonly ModuleOptions[]
  readonly target: TargetOptions | undefined
}

const BASE: ReadonlySet<string> = new Set(['-s', '-d', '-i', '-o', '-p', '-f'])

function partsOf(list: readonly RuleOption[]): Parts {
  const base: RuleOption[] = []
  const modules: { module: string; options: RuleOption[] }[] = []
  let target: { name: string; isGoto: boolean; options: RuleOption[] } | undefined
  for (const option of list) {
    if (BASE.has(option.name)) base.push(option)
    else if (option.name === '-m') modules.push({ module: option.values[0] ?? '', options: [] })
    else if (option.name === '-j' || option.name === '-g') {
      target = { name: option.values[0] ?? '', isGoto: option.name === '-g', options: [] }
    } else if (target !== undefined && option.module === target.name) target.options.push(option)
    else modules.at(-1)?.options.push(option)
  }
  return { base, modules, target }
}

function baseSteps({ name, values, negated }: RuleOption): Step[] {
  const plain = baseTest(name, values[0] ?? '')
  return [test((context) => plain(context) !== negated)]
}

function baseTest(name: string, value: string): (context: RuleContext) => boolean {
  switch (name) {
    case '-s': {
      const matches = prefixTest(value)
      return ({ packet }) => matches(packet.source)
    }
    case '-d': {
      const matches = prefixTest(value)
      return ({ packet }) => matches(packet.destination)
    }
    case '-i':
      return linkTest(value, 'in')
    case '-o':
      return linkTest(value, 'out')
    case '-p': {
      const protocol = protocolNumber(value)
      return ({ packet }) => protocol === undefined || protocol === 0 || packet.protocol === protocol
    }
    default:
      // -f: the packets here are whole
      return () => false
  }
}

function linkTest(pattern: string, side: 'in' | 'out'): (context: RuleContext) => boolean {
  const matches = nameTest(pattern)
  return (context) => matches(context[side]?.name)
}
