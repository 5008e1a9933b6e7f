import { engineLayout } from './engine-layout.ts'
import { isLoopback, type NetworkRules, type PortRules } from './firewall.ts'
import {
  append,
  type Chains,
  first,
  IF_ESTABLISHED,
  icmpOf,
  insert,
  type Layout,
  type LayoutSettings,
  matchAddress,
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
 * The rules of Docker Engine 28: FORWARD has two jumps, a port that is not published is closed whatever the policy of
 * FORWARD, and containers cannot be addressed from outside past the published ports.
 */
export function docker28(settings: LayoutSettings): Layout {
  return engineLayout(
    {
      base,
      removeBase,
      network: networkRules,
      afterNetwork: () => [],
      endpoint: endpointRules,
      port: portRules,
    },
    settings,
  )
}

/** In FORWARD's own chain, in this order. */
const STEPS = ['CT', 'ISOLATION-STAGE-1', 'BRIDGE'] as const

function base(context: RuleContext, family: Family, surroundings: Surroundings): Operation[] {
  const { chains } = context
  const ends = ['FORWARD', 'BRIDGE', 'CT', 'ISOLATION-STAGE-1', 'ISOLATION-STAGE-2', 'USER']
  return [
    ...makeChains(family, { nat: [chains.name()], filter: [chains.name(), ...ends.map((end) => chains.name(end))] }),
    ...natJumps(context, family).map(append),
    ...[...STEPS].reverse().map((end) => first(step(chains, family, end))),
    ...entry(context, family, surroundings),
    ...(chains.besideEngine ? [] : [first(chains.rule(family, 'filter', 'FORWARD', `-j ${chains.name('FORWARD')}`))]),
    first(userJump(chains, family)),
    ...engineIsolation(context, family, surroundings),
  ]
}

function step(chains: Chains, family: Family, end: string): Rule {
  return chains.rule(family, 'filter', chains.name('FORWARD'), `-j ${chains.name(end)}`)
}

function userJump(chains: Chains, family: Family): Rule {
  return chains.rule(family, 'filter', chains.forward, `-j ${chains.name('USER')}`)
}

function networkRules(context: RuleContext, network: NetworkRules): Operation[] {
  const { family, bridge, icc, internal, mode } = network
  const { chains } = context
  const rule = (end: string | undefined, ...words: string[]): Rule =>
    chains.rule(family, 'filter', chains.name(end), ...words)
  const within = `-i ${bridge} -o ${bridge}`
  if (internal) {
    const between = append(rule('FORWARD', within, icc ? '-j ACCEPT' : '-j DROP'))
    return [...internalDrops(context, network), between]
  }
  const outward = icc
    ? [append(rule('FORWARD', `-i ${bridge}`, '-j ACCEPT'))]
    : [append(rule('FORWARD', within, '-j DROP')), append(rule('FORWARD', `-i ${bridge} ! -o ${bridge}`, '-j ACCEPT'))]
  const unpublished = mode === 'nat-unprotected' ? '-j ACCEPT' : '-j DROP'
  return [
    ...networkNat(context, network),
    ...(mode === 'routed' ? [append(rule(undefined, `-o ${bridge}`, icmpOf(family), '-j ACCEPT'))] : []),
    ...outward,
    append(rule(undefined, `! -i ${bridge} -o ${bridge}`, unpublished)),
    append(rule('CT', `-o ${bridge}`, IF_ESTABLISHED, '-j ACCEPT')),
    append(rule('BRIDGE', `-o ${bridge}`, `-j ${chains.name()}`)),
    ...isolation(context, network),
  ]
}

function isolation({ chains }: RuleContext, { family, bridge, mode }: NetworkRules): Operation[] {
  const [stage1, stage2] = [chains.name('ISOLATION-STAGE-1'), chains.name('ISOLATION-STAGE-2')]
  const rule = (chain: string, ...words: string[]): Rule => chains.rule(family, 'filter', chain, ...words)
  // the published ports of a routed network are for other networks too
  const open = [
    insert(rule(stage1, `-o ${bridge}`, '-j RETURN')),
    insert(rule(stage1, `-i ${bridge}`, IF_ESTABLISHED, '-j ACCEPT')),
  ]
  return [
    append(rule(stage1, `-i ${bridge} ! -o ${bridge}`, `-j ${stage2}`)),
    insert(rule(stage2, `-o ${bridge}`, '-j DROP')),
    ...(mode === 'routed' ? open : []),
  ]
}

/** Keeps out what is addressed to the container itself: its published ports are the host's. */
function endpointRules({ chains }: RuleContext, network: NetworkRules, address: string): Operation[] {
  const { family, bridge, internal, mode, trustedInterfaces } = network
  if (internal || mode !== 'nat') return []
  const to = matchAddress('-d', address)
  const rule = (...words: string[]): Operation => append(chains.rule(family, 'raw', 'PREROUTING', to, ...words))
  return [...trustedInterfaces.map((name) => rule(`-i ${name}`, '-j ACCEPT')), rule(`! -i ${bridge}`, '-j DROP')]
}

function portRules(context: RuleContext, network: NetworkRules, port: PortRules): Operation[] {
  const { chains, hairpin } = context
  const translated = port.hostPort !== 0
  const { hostAddress } = port
  // with route_localnet, or a neighbour that forges, 127.0.0.1 could be reached from outside
  const remote = [matchAddress('-d', hostAddress), '! -i lo', matchPort(port, '--dport', port.hostPort), '-j DROP']
  const guard = translated && network.family === 'ip' && isLoopback(hostAddress)
  return [
    ...(guard ? [append(chains.rule('ip', 'raw', 'PREROUTING', ...remote))] : []),
    ...(translated ? [portTranslation(context, network, port)] : []),
    ...(translated && hairpin ? [ownPortMasquerade(context, network, port)] : []),
    ...(network.mode === 'nat-unprotected' ? [] : [insert(openPort(context, network, port))]),
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
  const forward = chains.besideEngine
    ? entries(chains, family)
    : [chains.rule(family, 'filter', 'FORWARD', `-j ${chains.name('FORWARD')}`)]
  return [
    { act: 'drop', family, table: 'nat', chain: chains.name(), jumps: natJumps(context, family) },
    ...STEPS.map((end) => drop(end, [step(chains, family, end)])),
    drop('ISOLATION-STAGE-2', []),
    drop(undefined, []),
    drop('USER', [userJump(chains, family)], []),
    drop('FORWARD', forward, []),
  ]
}
