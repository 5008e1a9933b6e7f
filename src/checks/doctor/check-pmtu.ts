import { rulePlace } from '../../flow/firewall/traverse.ts'
import type { Space, SpaceLink } from '../../flow/world.ts'
import { isUp } from '../../flow/world.ts'
import type { FirewallRule } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, linkEvidence } from './draft.ts'
import { addressesOf, type HostMap } from './host-map.ts'
import { linkKey, spaceKey } from './keys.ts'
import { removalOf } from './rule-removal.ts'

/** A rule that drops "fragmentation needed" by its type or with all ICMP, in either tool's words. */
const DROPS_ICMP =
  /-p icmp\b(?!.*(?:ESTABLISHED|echo|--icmp-type (?!3\/4\b|3\b|any\b|fragmentation-needed|destination-unreachable))).*-j (?:DROP|REJECT)\b|icmp (?:type destination-unreachable|code frag-needed)\b.*\bdrop\b/

function check({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    const rule = space.namespace.firewall.find((each) => isBlocking(each) && !isClamped(space))
    if (rule === undefined) return []
    const small = smallLink(map, space)
    return small === undefined ? [] : [holeDraft(space, rule, small)]
  })
}

function isBlocking({ table, chain, text, family }: FirewallRule): boolean {
  if (family !== 'ip' && family !== 'inet') return false
  // answers to the host itself are another matter than those that it forwards or makes
  return table !== 'nat' && !/^PREROUTING$/.test(chain) && DROPS_ICMP.test(text)
}

/** Whoever makes TCP's segments smaller beforehand needs no message. */
function isClamped({ namespace }: Space): boolean {
  return namespace.firewall.some(({ text }) => text.includes('TCPMSS') || text.includes('maxseg'))
}

interface Small {
  readonly large: SpaceLink
  readonly small: SpaceLink
}

/** Two links that packets pass from one to the other, the second smaller. */
function smallLink(map: HostMap, space: Space): Small | undefined {
  const links = space.namespace.links
    .map((link) => ({ space, link }))
    .filter(
      (place) =>
        isUp(place.link) && place.link.kind !== 'loopback' && addressesOf(place).some((text) => text.includes('.')),
    )
  const [large] = [...links].sort((a, b) => b.link.mtu - a.link.mtu)
  const [small] = [...links].sort((a, b) => a.link.mtu - b.link.mtu)
  if (large === undefined || small === undefined || small.link.mtu >= large.link.mtu) return undefined
  // nobody sends from a link that only this host is on
  const isUsed = [large, small].every(
    ({ link }) => map.onSegment(map.segments.of({ link })).length > 1 || map.hasOutside(map.segments.of({ link })),
  )
  return isUsed && space.namespace.sysctls['net.ipv4.ip_forward'] === '1' ? { large, small } : undefined
}

function holeDraft(space: Space, rule: FirewallRule, { large, small }: Small): Draft {
  return {
    severity: 'error',
    title: `${space.name} cannot say that packets are too large for ${small.link.name}: a rule drops the message`,
    ...at(space),
    subject: `-A ${rule.chain} ${rule.text} in ${space.name}`,
    evidence: [
      {
        text: `-t ${rule.table} -A ${rule.chain} ${rule.text} in ${space.name} (${rule.packets} packets)`,
        place: rulePlace(space, rule),
      },
      linkEvidence(small),
      linkEvidence(large),
    ],
    cause: `Packets of up to ${large.link.mtu} bytes come in by ${large.link.name}, and ${small.link.name} takes ${small.link.mtu}. The sender is told by ICMP type 3 code 4, which the rule drops; nothing clamps the segments of TCP either, so large transfers hang and small ones work.`,
    fix: removalOf(space, rule),
    about: [spaceKey(space), linkKey(small), linkKey(large)],
  }
}

export const PMTU_BLACKHOLE: Check = {
  id: 'pmtu-blackhole',
  title: 'a smaller MTU on the way, and nobody may say so',
  needs: ['links', 'addrs', 'firewall', 'sysctl'],
  explains: ['mtu-mismatch', 'unreachable-subnet', 'unreachable-outside'],
  explanation: {
    symptom:
      'TCP connects and hangs with the first large answer (TLS certificates, downloads); small requests and pings work.',
    why: 'A router whose next link is smaller drops packets that must not be fragmented and tells the sender by ICMP type 3 code 4. A firewall that drops ICMP as a whole makes that a black hole.',
    see: ['ping -M do -s 1472 ADDRESS', 'tracepath ADDRESS', 'iptables -S | grep icmp', 'ip link | grep mtu'],
    fix: 'Let ICMP type 3 code 4 (and ICMPv6 type 2) through, or clamp: -j TCPMSS --clamp-mss-to-pmtu.',
    intended: 'Dropping echo requests is a matter of taste, and is not reported.',
  },
  check,
}
