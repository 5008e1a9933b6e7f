import { engineLayout } from './engine-layout.ts'
import type { NetworkRules, PortRules } from './firewall.ts'
import {
  append,
  type Chains,
  first,
  IF_ESTABLISHED,
  icmpOf,
  insert,
  type Layout,
  type LayoutSettings,
  matchPort,
  type Surroundings,
} from './layout.ts'
import type { Family, Operation, Rule } from './rule.ts'
import {
  engineIsolation,
  entries,
  entry,
  internalDrops,
  makeChains,
  natJumps,
  networkNat,
  openPort,
  ownPortMasquerade,
  portTranslation,
  type RuleContext,
} from './shared-rules.ts'

/**
 * The rules of Docker Engine 20.10 to 27.x: each network has its own in FORWARD, the newest on top, and packets that
 * none of them takes fall to the policy of FORWARD.
 */
export function docker20(settings: LayoutSettings): Layout {
  return engineLayout(
    {
      base,
      removeBase,
      network: networkRules,
      afterNetwork: onTop,
      endpoint: () => [],
      port: portRules,
    },
    settings,
  )
}

const RETURN = '-j RETURN'

function base(context: RuleContext, family: Family, surroundings: Surroundings): Operation[] {
  const { chains } = context
  const stages = [chains.name('ISOLATION-STAGE-1'), chains.name('ISOLATION-STAGE-2')]
  const user = chains.name('USER')
  const own = chains.besideEngine ? [chains.forward] : []
  const returning = [...stages, user].map((chain) => append(chains.rule(family, 'filter', chain, RETURN)))
  return [
    ...makeChains(family, { nat: [chains.name()], filter: [chains.name(), ...stages, user, ...own] }),
    ...returning,
    ...entry(context, family, surroundings),
    ...natJumps(context, family).map(append),
    ...engineIsolation(context, family, surroundings),
    ...onTop(context, family),
  ]
}

/** Put first again with every network. */
function onTop({ chains }: RuleContext, family: Family): Operation[] {
  return ['ISOLATION-STAGE-1', 'USER'].map((end) => first(jump(chains, family, end)))
}

function jump(chains: Chains, family: Family, end: string): Rule {
  return chains.rule(family, 'filter', chains.forward, `-j ${chains.name(end)}`)
}

function networkRules(context: RuleContext, network: NetworkRules): Operation[] {
  const { family, bridge, icc, internal, mode } = network
  const { chains } = context
  const rule = (chain: string, ...words: string[]): Rule => chains.rule(family, 'filter', chain, ...words)
  const forward = (...words: string[]): Rule => rule(chains.forward, ...words)
  const within = `-i ${bridge} -o ${bridge}`
  const between = icc ? insert(forward(within, '-j ACCEPT')) : append(forward(within, '-j DROP'))
  if (internal) return [between, ...internalDrops(context, network)]
  const [stage1, stage2] = [chains.name('ISOLATION-STAGE-1'), chains.name('ISOLATION-STAGE-2')]
  return [
    ...networkNat(context, network),
    between,
    insert(forward(`-i ${bridge} ! -o ${bridge}`, '-j ACCEPT')),
    insert(forward(`-o ${bridge}`, `-j ${chains.name()}`)),
    insert(forward(`-o ${bridge}`, IF_ESTABLISHED, '-j ACCEPT')),
    insert(rule(stage1, `-i ${bridge} ! -o ${bridge}`, `-j ${stage2}`)),
    insert(rule(stage2, `-o ${bridge}`, '-j DROP')),
    ...(mode === 'routed' ? [append(rule(chains.name(), `-o ${bridge}`, icmpOf(family), '-j ACCEPT'))] : []),
    // an engine accepts all that comes from its bridges, without a word about where it goes
    ...(chains.besideEngine ? [append(forward(`! -i ${bridge} -o ${bridge}`, '-j DROP'))] : []),
  ]
}

function portRules(context: RuleContext, network: NetworkRules, port: PortRules): Operation[] {
  const { chains } = context
  const translated = port.hostPort !== 0
  const checksum = [matchPort(port, '--sport', port.containerPort), '-j CHECKSUM --checksum-fill']
  return [
    ...(translated ? [portTranslation(context, network, port)] : []),
    append(openPort(context, network, port)),
    ...(translated ? [ownPortMasquerade(context, network, port)] : []),
    ...(port.protocol === 'sctp' ? [append(chains.rule(network.family, 'mangle', 'POSTROUTING', ...checksum))] : []),
  ]
}

function removeBase(context: RuleContext, family: Family): Operation[] {
  const { chains } = context
  const drop = (end: string | undefined, jumps: Rule[], onlyWith?: string[]): Operation => ({
    act: 'drop',
    family,
    table: 'filter',
    chain: chains.name(end),
    jumps,
    ...(onlyWith ? { onlyWith } : {}),
  })
  return [
    { act: 'drop', family, table: 'nat', chain: chains.name(), jumps: natJumps(context, family) },
    drop('ISOLATION-STAGE-1', [jump(chains, family, 'ISOLATION-STAGE-1')]),
    drop('ISOLATION-STAGE-2', []),
    drop(undefined, []),
    drop('USER', [jump(chains, family, 'USER')], [RETURN]),
    ...(chains.besideEngine ? [drop('FORWARD', entries(chains, family), [])] : []),
  ]
}
