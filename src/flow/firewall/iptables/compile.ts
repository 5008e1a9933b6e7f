import type { FirewallRule } from '../../../model/snapshot.ts'
import { protocolNumber } from '../../packet.ts'
import { type CompiledRule, not, type RuleContext, type RuleKeys, type Step, test } from '../rule.ts'
import { nameTest, prefixTest, singleAddress, toRange } from '../values.ts'
import { moduleSteps } from './modules.ts'
import { targetSteps } from './targets.ts'
import { options, type RuleOption } from './tokens.ts'

/** A rule in the words of iptables-save as steps. A match that is not known here is unknown, never true. */
export function compileIptables(rule: FirewallRule): CompiledRule {
  const { base, modules, target } = partsOf(options(rule.text))
  const keys: RuleKeys = {}
  const steps = [...base.flatMap((option) => baseSteps(option, keys)), ...modules.flatMap(moduleSteps)]
  for (const { options: list } of modules) for (const option of list) noteKey(option, keys)
  return { rule, keys, steps: [...steps, ...targetSteps(target)], rewrites: false }
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

function baseSteps({ name, values, negated }: RuleOption, keys: RuleKeys): Step[] {
  const value = values[0] ?? ''
  const plain = baseTest(name, value, negated ? {} : keys)
  return plain === undefined ? [] : [test((context) => plain(context) !== negated)]
}

function baseTest(name: string, value: string, keys: RuleKeys): ((context: RuleContext) => boolean) | undefined {
  switch (name) {
    case '-s': {
      const matches = prefixTest(value)
      setKey(keys, 'source', singleAddress(value))
      return ({ packet }) => matches(packet.source)
    }
    case '-d': {
      const matches = prefixTest(value)
      setKey(keys, 'destination', singleAddress(value))
      return ({ packet }) => matches(packet.destination)
    }
    case '-i':
      setKey(keys, 'in', exactName(value))
      return linkTest(value, 'in')
    case '-o':
      setKey(keys, 'out', exactName(value))
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

function exactName(name: string): string | undefined {
  return name.endsWith('+') ? undefined : name
}

function setKey<Key extends keyof RuleKeys>(keys: RuleKeys, key: Key, value: RuleKeys[Key] | undefined): void {
  if (value !== undefined) keys[key] = value
}

function noteKey({ name, values, negated, module }: RuleOption, keys: RuleKeys): void {
  if (name !== '--dport' || negated || (module !== 'tcp' && module !== 'udp')) return
  const [first, last] = toRange(values[0] ?? '')
  if (first === last) keys.destinationPort = first
}

/** A test of an option, turned round when `!` stood before it. */
export function optionTest(option: RuleOption, run: (context: RuleContext) => boolean | string): Step {
  return test(option.negated ? (context) => not(run(context)) : run)
}
