import type { Check, DoctorFacts, Draft } from './check.ts'
import { type Failure, failureDraft, groupFailures, predictionsOf } from './check-journeys.ts'
import { at, some, sysctlEvidence, sysctlStep } from './draft.ts'

function check(facts: DoctorFacts): Draft[] {
  const { failures } = predictionsOf(facts)
  const found = failures.filter(({ where }) => where?.sysctl?.endsWith('.rp_filter') === true)
  return groupFailures(found).flatMap((group) => {
    const [{ where, leg }] = group as [Failure]
    const space = where === undefined ? undefined : facts.world.space(where.host ?? 0, where.namespace)
    if (space === undefined || where?.sysctl === undefined) return []
    const link = where.link ?? ''
    const own = `net.ipv4.conf.${link.includes('.') ? link.replaceAll('.', '/') : link}.rp_filter`
    const { evidence, about } = failureDraft(facts, group)
    const [, ...journeys] = evidence
    return [
      {
        severity: 'error',
        title: `${space.name} drops what comes in by ${link || 'an interface'}: strict reverse path filter`,
        ...at(space),
        subject: `${own} of ${space.name}`,
        evidence: [
          sysctlEvidence(space, where.sysctl),
          ...(where.sysctl === own ? [] : [sysctlEvidence(space, own)]),
          ...journeys,
        ],
        cause: `${leg.reason}. The answer to ${some([...new Set(group.map(({ probe }) => probe.text))], 2)} would leave by another interface, and rp_filter=1 drops such packets without a word (the greater of the value of \`all\` and that of the interface counts).`,
        fix: {
          steps: [sysctlStep(space, link === '' ? where.sysctl : own, '2')],
          summary: 'accepts sources that it has any route to (loose mode)',
        },
        about,
      },
    ]
  })
}

export const RP_FILTER_STRICT: Check = {
  id: 'rp-filter-strict',
  title: 'the strict reverse path filter drops asymmetric packets',
  needs: ['links', 'addrs', 'routes', 'rules', 'sysctl'],
  explains: ['unreachable-neighbour', 'unreachable-subnet', 'unreachable-outside', 'unreachable-published'],
  explanation: {
    symptom:
      'A host with two ways to a subnet answers over one and not over the other. tcpdump shows the packets coming in; the counter IPReversePathFilter rises.',
    why: 'With rp_filter=1 a packet is dropped unless its source would be routed out by the interface that it came in by. The effective value is the greater of net.ipv4.conf.all.rp_filter and that of the interface.',
    see: ['sysctl -a | grep -F .rp_filter', 'ip route get SOURCE', 'nstat -az TcpExtIPReversePathFilter'],
    fix: 'Loose mode (2) on that interface, or routes that are symmetric.',
    intended:
      'A host that must refuse forged sources and has one way to each subnet: then nothing is dropped and nothing is said.',
  },
  check,
}
