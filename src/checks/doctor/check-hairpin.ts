import type { Space } from '../../flow/world.ts'
import { placeIn } from '../../flow/world.ts'
import type { FixStep } from '../../model/finding.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { type Failure, failureDraft, groupFailures, predictionsOf } from './check-journeys.ts'
import { at, iptables, linkText, step, sysctlEvidence } from './draft.ts'
import type { HostMap } from './host-map.ts'
import { type PublishedRule, publishedRules } from './published-ports.ts'

const BRIDGE_NF = 'net.bridge.bridge-nf-call-iptables'

function check(facts: DoctorFacts): Draft[] {
  const { failures } = predictionsOf(facts)
  const dead = new Set(
    failures
      .filter(({ probe, where }) => probe.kind === 'published' && where?.kind !== 'rule')
      .map(({ probe }) => probe.rule),
  )
  const own = failures.filter(
    ({ probe, where }) =>
      probe.kind === 'hairpin' && where?.kind !== 'rule' && where?.kind !== 'policy' && !dead.has(probe.rule),
  )
  return groupFailures(own).map((group) => hairpinDraft(facts, group))
}

function hairpinDraft(facts: DoctorFacts, group: readonly Failure[]): Draft {
  const [{ probe, leg }] = group as [Failure]
  const { evidence, about } = failureDraft(facts, group)
  const container = probe.source
  const published = facts.world.spaces.flatMap(publishedRules).find(({ rule }) => rule === probe.rule)
  const port = portOf(facts.map, container, published?.space)
  const host = port?.space ?? container
  const masquerade = published === undefined ? undefined : ownMasquerade(published)
  return {
    severity: 'error',
    title: `${container.name} cannot reach its own published port`,
    ...at(host),
    subject: port === undefined ? container.name : `hairpin mode of ${linkText(port)}`,
    evidence: [
      ...(port === undefined
        ? []
        : [
            {
              text: `hairpin ${port.link.port?.hairpin === true ? 'on' : 'off'} at ${linkText(port)}, the port of ${container.name}`,
              place: placeIn(host, 'bridge-port', `hairpin of ${port.link.name}`, { link: port.link.name }),
            },
          ]),
      ...(masquerade === undefined
        ? [{ text: `no rule of nat POSTROUTING masquerades ${published?.address ?? container.name} for itself` }]
        : []),
      sysctlEvidence(host, BRIDGE_NF),
      ...evidence,
    ],
    cause: `${leg.reason}. A frame that must go back out of the port that it came in by needs hairpin mode at that port, and a source that is not the container's own address, or it answers itself past the translation. The userland proxy makes both unnecessary.`,
    fix: {
      steps: [
        ...hairpinStep(port),
        ...(published === undefined || masquerade !== undefined ? [] : [masqueradeStep(published)]),
      ],
      summary: 'switches hairpin mode on at the port, and hides the container behind the host for itself',
    },
    about,
  }
}

/** Its port on the bridge of the host that publishes it. */
function portOf(map: HostMap, container: Space, host: Space | undefined): ReturnType<HostMap['peer']> {
  return map
    .of(container)
    .flatMap((each) => map.peer(each) ?? [])
    .find(({ link, space }) => link.master !== undefined && (host === undefined || space === host))
}

function hairpinStep(port: ReturnType<HostMap['peer']>): FixStep[] {
  if (port === undefined || port.link.port?.hairpin === true) return []
  const words = (state: string) => ['bridge', 'link', 'set', 'dev', port.link.name, 'hairpin', state]
  return [step(port.space, words('on'), words('off'))]
}

function ownMasquerade({ space, address }: PublishedRule): string | undefined {
  return space.namespace.firewall.find(
    ({ text }) => text.includes(`-s ${address}/32 -d ${address}/32`) && text.includes('MASQUERADE'),
  )?.text
}

function masqueradeStep({ space, rule, address, targetPort, protocol }: PublishedRule): FixStep {
  const text = [
    '-s',
    `${address}/32`,
    '-d',
    `${address}/32`,
    '-p',
    protocol,
    '-m',
    protocol,
    '--dport',
    String(targetPort),
    '-j',
    'MASQUERADE',
  ]
  const words = (verb: string) => [iptables(rule), '-t', 'nat', verb, 'POSTROUTING', ...text]
  return step(space, words('-A'), words('-D'))
}

export const HAIRPIN_OFF: Check = {
  id: 'hairpin-off',
  title: 'a container cannot reach its own published port',
  needs: ['links', 'addrs', 'routes', 'firewall', 'sockets', 'sysctl'],
  explains: [],
  explanation: {
    symptom:
      'A published port answers everybody but the container behind it (and, without masquerading, its neighbours).',
    why: 'Without the userland proxy the packet is translated and has to leave the bridge by the port that it came in by: a bridge refuses that unless the port is in hairpin mode. Then the container sees its own address as the source and answers itself, unless a rule masquerades it.',
    see: [
      'bridge -d link show | grep hairpin',
      'iptables -t nat -S POSTROUTING',
      'tsnet-shoot path WEB HOST:PORT --detailed',
    ],
    fix: 'Hairpin mode on that port and a MASQUERADE rule for the container to itself; Docker sets both with userland-proxy=false.',
    intended: 'Nobody in the container uses its public name. Then it does no harm.',
  },
  check,
}
