import { isEveryAddress, type NetworkRules, type PortRules, socketText } from './firewall.ts'
import {
  append,
  type Chains,
  first,
  insert,
  loopbackOf,
  matchAddress,
  matchPort,
  remove,
  type Surroundings,
  sourceTarget,
  TO_LOCAL,
} from './layout.ts'
import type { Family, Operation, Rule, Table } from './rule.ts'

/** What no layout changes: translation, and how we stand beside an engine. */
export interface RuleContext {
  readonly chains: Chains
  /** No userland proxy. */
  readonly hairpin: boolean
}

/** Packets to an address of the host may be for a published port. */
export function natJumps({ chains, hairpin }: RuleContext, family: Family): Rule[] {
  // a connection of the host to its own 127.0.0.1 is carried by the proxy, where there is one
  const elsewhere = hairpin ? undefined : `! -d ${loopbackOf(family)}`
  return [
    chains.rule(family, 'nat', 'PREROUTING', TO_LOCAL, `-j ${chains.name()}`),
    chains.rule(family, 'nat', 'OUTPUT', elsewhere, TO_LOCAL, `-j ${chains.name()}`),
  ]
}

export function networkNat({ chains, hairpin }: RuleContext, network: NetworkRules): Operation[] {
  const { family, bridge, subnet, masquerade, mode } = network
  const target = sourceTarget(network)
  const outward = chains.rule(family, 'nat', 'POSTROUTING', `-s ${subnet} ! -o ${bridge}`, target)
  const toProxy = chains.rule(family, 'nat', chains.name(), `-i ${bridge}`, '-j RETURN')
  const fromHost = chains.rule(family, 'nat', 'POSTROUTING', `-o ${bridge}`, '-m addrtype --src-type LOCAL', target)
  return [
    ...(masquerade && mode !== 'routed' ? [insert(outward)] : []),
    ...(masquerade && !hairpin ? [insert(toProxy)] : []),
    ...(hairpin ? [insert(fromHost)] : []),
  ]
}

export function portTranslation({ chains, hairpin }: RuleContext, network: NetworkRules, port: PortRules): Operation {
  const { family, bridge } = network
  const words = [
    // a client that is known by a link-local address could not be answered
    family === 'ip6' ? '! -s fe80::/10' : undefined,
    isEveryAddress(port.hostAddress) ? undefined : matchAddress('-d', port.hostAddress),
    hairpin ? undefined : `! -i ${bridge}`,
    matchPort(port, '--dport', port.hostPort),
    `-j DNAT --to-destination ${socketText(port.containerAddress, port.containerPort)}`,
  ]
  return append(chains.rule(family, 'nat', chains.name(), ...words))
}

/** A container that connects to its own published port must not see itself as the other end. */
export function ownPortMasquerade({ chains }: RuleContext, { family }: NetworkRules, port: PortRules): Operation {
  const { containerAddress, containerPort } = port
  const words = [
    matchAddress('-s', containerAddress),
    matchAddress('-d', containerAddress),
    matchPort(port, '--dport', containerPort),
    '-j MASQUERADE',
  ]
  return append(chains.rule(family, 'nat', 'POSTROUTING', ...words))
}

export function openPort({ chains }: RuleContext, { family, bridge }: NetworkRules, port: PortRules): Rule {
  const { containerAddress, containerPort } = port
  const match = matchPort(port, '--dport', containerPort)
  const to = `${matchAddress('-d', containerAddress)} ! -i ${bridge} -o ${bridge}`
  return chains.rule(family, 'filter', chains.name(), to, match, '-j ACCEPT')
}

/** Packets of an internal network that come from or go elsewhere. */
export function internalDrops({ chains }: RuleContext, { family, bridge, subnet }: NetworkRules): Operation[] {
  const stage1 = chains.name('ISOLATION-STAGE-1')
  const [leaving, entering] =
    family === 'ip'
      ? [`! -d ${subnet} -i ${bridge}`, `! -s ${subnet} -o ${bridge}`]
      : [`! -d ${subnet} -i ${bridge} ! -o ${bridge}`, `! -s ${subnet} ! -i ${bridge} -o ${bridge}`]
  return [leaving, entering].map((match) => insert(chains.rule(family, 'filter', stage1, match, '-j DROP')))
}

/**
 * Beside an engine, the one jump into our rules for forwarded packets. An engine puts its own jumps first when it
 * starts, and flushes its own chains, but not DOCKER-USER, which it has read before everything else: there we stay
 * before its rules, which accept whatever comes from its bridges.
 */
export function entry({ chains }: RuleContext, family: Family, surroundings: Surroundings): Operation[] {
  if (!chains.besideEngine) return []
  const [inForward, inEngine] = entries(chains, family)
  return surroundings.hasChain('filter', ENGINE_USER)
    ? [remove(inForward), first(inEngine)]
    : [remove(inEngine), first(inForward)]
}

const ENGINE_USER = 'DOCKER-USER'

/** Both places of {@link entry}. */
export function entries(chains: Chains, family: Family): [inForward: Rule, inEngine: Rule] {
  const jump = `-j ${chains.forward}`
  return [chains.rule(family, 'filter', 'FORWARD', jump), chains.rule(family, 'filter', ENGINE_USER, jump)]
}

/**
 * Beside an engine, what keeps our containers out of its networks, for packets that leave one of ours: its own rules
 * for what may enter one of its bridges, called before ours accept.
 */
export function engineIsolation({ chains }: RuleContext, family: Family, surroundings: Surroundings): Operation[] {
  if (!chains.besideEngine) return []
  const stage2 = chains.name('ISOLATION-STAGE-2')
  const rule = (...words: string[]): Operation => insert(chains.rule(family, 'filter', stage2, ...words))
  // what belongs to a connection of one of its containers it accepts elsewhere
  const begun = '-m conntrack ! --ctstate RELATED,ESTABLISHED'
  if (surroundings.hasChain('filter', 'DOCKER-BRIDGE')) return [rule(begun, '-j DOCKER-BRIDGE')]
  // up to 27 they say nothing of published ports: what was translated came to one
  return surroundings.hasChain('filter', 'DOCKER-ISOLATION-STAGE-2')
    ? [rule('-m conntrack ! --ctstate DNAT', '-j DOCKER-ISOLATION-STAGE-2')]
    : []
}

export function makeChains(family: Family, names: Readonly<Partial<Record<Table, readonly string[]>>>): Operation[] {
  return (Object.entries(names) as [Table, readonly string[]][]).flatMap(([table, chains]) =>
    chains.map((chain): Operation => ({ act: 'chain', family, table, chain })),
  )
}
