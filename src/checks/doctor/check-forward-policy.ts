import type { Space } from '../../flow/world.ts'
import type { FixStep } from '../../model/finding.ts'
import type { FirewallChain } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { type Failure, failureDraft, groupFailures, predictionsOf } from './check-journeys.ts'
import { at, iptables, some, step } from './draft.ts'

function check(facts: DoctorFacts): Draft[] {
  const { failures } = predictionsOf(facts)
  const found = failures.filter(({ where }) => where?.kind === 'policy')
  return groupFailures(found, { apart: false }).flatMap((group) => {
    const [first] = group as [Failure]
    const { where } = first
    const space = where === undefined ? undefined : facts.world.space(where.host ?? 0, where.namespace)
    const chain = space?.namespace.chains.find(
      (each) =>
        each.hook === 'forward' &&
        each.backend === where?.backend &&
        each.family === where?.family &&
        each.table === where?.table &&
        each.chain === where?.chain,
    )
    return space === undefined || chain === undefined ? [] : [policyDraft(facts, space, chain, group)]
  })
}

function policyDraft(facts: DoctorFacts, space: Space, chain: FirewallChain, group: readonly Failure[]): Draft {
  const name = `${chain.table} ${chain.chain}`
  // what an engine set up to work, against what somebody may have left out on purpose
  const isMeant = group.some(({ probe }) => probe.kind !== 'routed') || !acceptsAnything(space, chain)
  const counter = chain.packets === undefined ? '' : `, ${chain.packets} packets so far`
  const { about, evidence } = failureDraft(facts, group)
  const [place, ...journeys] = evidence
  return {
    id: isMeant ? 'forward-policy-drop' : 'blocked-by-policy',
    severity: isMeant ? 'error' : 'info',
    title: `${space.name} forwards nothing that no rule accepts: policy ${chain.policy} of ${name}`,
    ...at(space),
    subject: `policy of ${name} in ${space.name}`,
    evidence: [
      {
        ...place,
        text: `-P ${chain.chain} ${chain.policy} (${chain.backend}, table ${chain.table}${counter}) in ${space.name}`,
      },
      ...journeys,
    ],
    cause: `No rule accepts ${some([...new Set(group.map(({ probe }) => probe.text))], 2)}, so the policy decides. Docker sets the policy to DROP when it has to switch forwarding on, and other firewalls do as well: then whatever they do not know is cut off${chain.packets === undefined ? '' : ', frames inside one bridge too where bridge-nf-call-iptables is 1'}.`,
    fix: {
      steps: [policyStep(space, chain)],
      summary: 'lets pass what no rule decides',
      warning: 'everything that no rule stops is forwarded then; an ACCEPT rule for the pair in question is narrower',
    },
    about,
  }
}

function policyStep(space: Space, chain: FirewallChain): FixStep {
  if (/^[A-Z]+$/.test(chain.chain)) {
    const table = chain.table === 'filter' ? [] : ['-t', chain.table]
    const words = (policy: string) => [iptables(chain), ...table, '-P', chain.chain, policy]
    return step(space, words('ACCEPT'), words('DROP'))
  }
  const words = (policy: string) => ['nft', 'chain', chain.family, chain.table, chain.chain, `{ policy ${policy}; }`]
  return step(space, words('accept'), words('drop'))
}

/** A chain that accepts some things decides on purpose about the others; answers alone are no decision. */
function acceptsAnything({ namespace }: Space, { backend, family, table }: FirewallChain): boolean {
  return namespace.firewall.some(
    (rule) =>
      rule.backend === backend &&
      rule.family === family &&
      rule.table === table &&
      /FORWARD|DOCKER|forward/.test(rule.chain) &&
      /-j ACCEPT|\baccept\b/.test(rule.text) &&
      !/ESTABLISHED|established/.test(rule.text),
  )
}

export const FORWARD_POLICY_DROP: Check = {
  id: 'forward-policy-drop',
  title: 'nothing is forwarded that no rule accepts',
  needs: ['links', 'addrs', 'routes', 'firewall'],
  explains: [
    'unreachable-neighbour',
    'unreachable-subnet',
    'unreachable-outside',
    'unreachable-published',
    'hairpin-off',
  ],
  explanation: {
    symptom:
      'Containers or subnets cannot talk to each other or to the outside; the host itself can. Nobody gets an error.',
    why: 'A base chain whose policy is DROP drops what none of its rules accepts. With bridge-nf-call-iptables=1 that includes frames between two ports of one bridge. Two firewalls that do not know each other, an engine that stopped, or `iptables -F` without `-P ACCEPT` leave such a host.',
    see: [
      'iptables -vnL FORWARD',
      'nft list ruleset | grep -A3 "hook forward"',
      'sysctl net.bridge.bridge-nf-call-iptables',
    ],
    fix: 'Accept the pair in DOCKER-USER (or in the firewall that owns the policy), or let the policy be ACCEPT.',
    intended:
      'A firewall that denies by default. Between subnets of a router nothing is said when it accepts anything at all.',
  },
  check,
}
