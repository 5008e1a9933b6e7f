import { predict } from '../../flow/predict.ts'
import { placeIn, type Space, type SpaceLink } from '../../flow/world.ts'
import type { FixStep } from '../../model/finding.ts'
import type { Journey, Place } from '../../model/journey.ts'
import type { Link } from '../../model/snapshot.ts'
import { groupBy } from '../../model/wiring.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, linkEvidence, linkText, some, step } from './draft.ts'
import type { Endpoint, HostMap } from './host-map.ts'
import { linkKey, placeKeys, spaceKey } from './keys.ts'
import { addressOfVtep, remotesOf, type Vtep, vtepsOf } from './overlays.ts'
import { ruleRemoval } from './rule-removal.ts'

/** Bytes that VXLAN puts before an Ethernet frame's IP packet: outer IP, UDP, VXLAN, inner Ethernet (RFC 7348). */
const OVERHEAD = { 4: 50, 6: 70 } as const
/** Of ESP in transport mode with AES-GCM: header, IV, padding and ICV at the least. */
const ESP_OVERHEAD = 26

/** One finding a network: all its hosts are told the same. */
function checkMtu({ map }: DoctorFacts): Draft[] {
  return [...groupBy(vtepsOf(map), ({ network }) => network).values()].flatMap((vteps) => {
    const tight = vteps.flatMap((vtep) => tightIn(map, vtep) ?? [])
    const [first] = [...tight].sort((a, b) => a.most - b.most)
    return first === undefined ? [] : [mtuDraft(map, first, tight)]
  })
}

interface Tight {
  readonly vtep: Vtep
  readonly outer: Endpoint
  /** Bytes of the largest packet that can be carried. */
  readonly most: number
  readonly large: readonly Endpoint[]
  readonly encrypted: boolean
}

function tightIn(map: HostMap, vtep: Vtep): Tight | undefined {
  const outer = outerEndpoint(map, vtep)
  if (outer === undefined) return undefined
  const encrypted = isEncrypted(vtep)
  const most = outer.link.mtu - OVERHEAD[outer.ip.family] - (encrypted ? ESP_OVERHEAD : 0)
  const large = vtep.local.filter(({ link, ip }) => ip.family === 4 && link.mtu > most)
  return large.length === 0 ? undefined : { vtep, outer, most, large, encrypted }
}

function outerEndpoint(map: HostMap, vtep: Vtep): Endpoint | undefined {
  const address = addressOfVtep(map, vtep)
  return map.of(vtep.underlay).find(({ ip }) => ip.text === address)
}

/** The policies of Docker are for marked packets, and a rule for each network marks those of its VXLAN id. */
function isEncrypted({ underlay: { namespace }, vxlan: { vni } }: Vtep): boolean {
  const policies = namespace.xfrm.policies.filter(
    ({ direction, destinationPort }) => direction === 'out' && destinationPort !== undefined,
  )
  if (policies.length === 0 || policies.some(({ mark }) => mark === undefined)) return policies.length > 0
  // as `u32` and as `bpf` compare it: in the upper three of four bytes
  const id = vni * 256
  const inRule = new RegExp(`\\b(${id}|0x${id.toString(16)})\\b`)
  return namespace.firewall.some(({ table, text }) => table === 'mangle' && text.includes('MARK') && inRule.test(text))
}

function mtuDraft(map: HostMap, { vtep, outer, most, encrypted }: Tight, all: readonly Tight[]): Draft {
  const overhead = outer.link.mtu - most
  const large = all.flatMap((each) => each.large)
  const [first] = large as [Endpoint]
  const names = [...new Set(large.map(({ space }) => space.name))]
  // both ends of each cable, or the larger one would send what the other drops
  const ends = large.flatMap((each): SpaceLink[] => {
    const peer = map.peer(each)
    return peer === undefined ? [each] : [each, peer]
  })
  const devices = all.map((each) => each.vtep).filter(({ link }) => link.mtu > most)
  return {
    severity: 'error',
    title: `packets of ${some(names)} are up to ${first.link.mtu} bytes, and the overlay takes ${most}`,
    ...at(first.space),
    subject: `MTU of ${linkText(first)}`,
    evidence: [
      ...large.slice(0, 3).map((each) => linkEvidence(each)),
      linkEvidence(vtep),
      linkEvidence(
        outer,
        ` carries it: ${outer.link.mtu} − ${overhead} (VXLAN${encrypted ? ' and ESP' : ''}) = ${most}`,
      ),
    ],
    cause: `Each packet gets ${overhead} bytes more on its way between the hosts. What is larger than ${most} is dropped or cut up there: small answers such as DNS and handshakes pass, and transfers hang.`,
    fix: {
      steps: [...ends, ...devices].map(({ space, link }) => mtuStep(space, link, most)),
      summary: `makes their packets ${most} bytes at most`,
      warning: 'new containers get the MTU of the network: give it com.docker.network.driver.mtu as well',
    },
    about: [
      ...all.flatMap((each) => [linkKey(each.vtep), spaceKey(each.vtep.space)]),
      ...large.flatMap((each) => [linkKey(each), spaceKey(each.space)]),
    ],
  }
}

function mtuStep(space: Space, link: Link, mtu: number): FixStep {
  const words = (value: number) => ['ip', 'link', 'set', 'dev', link.name, 'mtu', String(value)]
  return step(space, words(mtu), words(link.mtu))
}

/** Outer packets of each pair of hosts, by UDP and as ESP, and what stops them. */
function checkBlocked(facts: DoctorFacts, kind: 'udp' | 'esp'): Draft[] {
  const found = new Map<string, Draft>()
  for (const vtep of vtepsOf(facts.map)) {
    if (kind === 'esp' && !vtep.underlay.namespace.xfrm.states.some(({ protocol }) => protocol === 'esp')) continue
    for (const remote of remotesOf(facts.map, vtep)) {
      const draft = blockedDraft(facts, kind, [vtep, remote])
      if (draft !== undefined) found.set(`${draft.host} ${draft.namespace} ${draft.subject}`, draft)
    }
  }
  return [...found.values()]
}

function blockedDraft(
  { map, world }: DoctorFacts,
  kind: 'udp' | 'esp',
  [from, to]: readonly [Vtep, Vtep],
): Draft | undefined {
  const destination = addressOfVtep(map, to)
  if (destination === undefined) return undefined
  const { namespace, host, name } = from.underlay
  const several = world.facts.snapshots.length > 1
  const source = { namespace: namespace.inode, name, ...(several ? { host } : {}) }
  const { port } = to.vxlan
  const journey = predict(world, {
    source,
    destination,
    ...(kind === 'udp' ? { protocol: 'udp', sourcePort: 50_000, destinationPort: port } : { protocol: '50' }),
  })
  const { where } = journey
  if (journey.verdict !== 'dropped' && journey.verdict !== 'rejected') return undefined
  if (where === undefined || (where.kind !== 'rule' && where.kind !== 'policy')) return undefined
  // the rules of an encrypted overlay refuse what is not encrypted
  if (/--pol none|u32|bpf/.test(where.text)) return undefined
  return toDraft(journey, where, { kind, from, to, space: world.space(where.host ?? 0, where.namespace) })
}

function toDraft(
  journey: Journey,
  where: Place,
  {
    kind,
    from,
    to,
    space,
  }: { readonly kind: 'udp' | 'esp'; readonly from: Vtep; readonly to: Vtep; readonly space: Space | undefined },
): Draft {
  const what = kind === 'udp' ? `UDP port ${to.vxlan.port}` : 'ESP (IP protocol 50)'
  const fix = space === undefined ? undefined : ruleRemoval(space, where)
  return {
    severity: 'error',
    title: `a rule in ${where.name} stops ${what}, which carries the overlay from ${from.underlay.name} to ${to.underlay.name}`,
    ...(space === undefined ? {} : at(space)),
    subject: `${where.text} in ${where.name}`,
    evidence: [
      { text: `${where.table === undefined ? '' : `-t ${where.table} `}${where.text} in ${where.name}`, place: where },
      { text: `${from.underlay.name} → ${journey.flow.destination} ${what}: ${journey.reason}` },
      {
        text: `${linkText(to)}: tx ${to.link.counters.txPackets}, rx ${to.link.counters.rxPackets} packets`,
        place: placeIn(to.space, 'link', to.link.name, { link: to.link.name }),
      },
    ],
    cause: `The hosts wrap packets of their containers in ${what}. Names and the control plane go by other ports, so they go on working.`,
    ...(fix === undefined ? {} : { fix }),
    about: [
      ...placeKeys(where),
      spaceKey(from.space),
      spaceKey(to.space),
      linkKey(to),
      ...[from, to].flatMap(({ local }) => local.map((each) => spaceKey(each.space))),
    ],
  }
}

export const MTU_OVERLAY_EXCEEDS_UNDERLAY: Check = {
  id: 'mtu-overlay-exceeds-underlay',
  title: 'packets of an overlay are too large for what carries it',
  needs: ['links', 'addrs', 'fdb', 'xfrm'],
  explains: ['mtu-mismatch', 'pmtu-blackhole', 'unreachable-neighbour'],
  explanation: {
    symptom: 'Small packets pass, large ones hang: ping works, DNS answers, a TLS handshake or a download never ends.',
    why: 'VXLAN adds 50 bytes over IPv4 (70 over IPv6), ESP 26 to 36 more. The MTU of the containers must be smaller by that than the MTU of the interface that carries the packets. Cloud networks (1450, 8951) and VPNs have less than 1500.',
    see: ['ip link show dev eth0', 'ping -M do -s 1422 ADDRESS', 'tsnet-shoot path WEB DB --mtu'],
    fix: 'Make the network with -o com.docker.network.driver.mtu=VALUE, or raise the MTU of the interface below.',
    intended: 'Never for long: a larger MTU inside works only until somebody sends a large packet.',
  },
  check: checkMtu,
}

export const VXLAN_PORT_BLOCKED: Check = {
  id: 'vxlan-port-blocked',
  title: 'a rule stops the packets that carry an overlay',
  needs: ['links', 'addrs', 'fdb', 'firewall'],
  explains: ['unreachable-neighbour', 'unreachable-subnet'],
  explanation: {
    symptom:
      'Names resolve, tasks are running, and no packet between tasks of different hosts arrives; tx of vxlan0 grows, rx of the other host does not.',
    why: 'A firewall of a host, or between the hosts, does not let UDP port 4789 (or that of --data-path-port) through.',
    see: ['iptables -vnL INPUT | grep 4789', 'tcpdump -ni eth0 udp port 4789', 'ip -s link show vxlan0'],
    fix: 'Accept UDP port 4789 from the other hosts.',
    intended: 'An encrypted overlay refuses unencrypted VXLAN with `-m policy --pol none`: that is left alone.',
  },
  check: (facts) => checkBlocked(facts, 'udp'),
}

export const ESP_BLOCKED: Check = {
  id: 'esp-blocked',
  title: 'a rule stops the encrypted packets of an overlay',
  needs: ['links', 'addrs', 'fdb', 'firewall', 'xfrm'],
  explains: ['vxlan-port-blocked', 'unreachable-neighbour'],
  explanation: {
    symptom: 'Networks with --opt encrypted do not work between hosts, others do.',
    why: 'Their packets are ESP, IP protocol 50, and no UDP. Many firewalls and cloud security groups know TCP and UDP alone.',
    see: ['iptables -vnL INPUT | grep -w -e esp -e 50', 'tcpdump -ni eth0 ip proto 50', 'ip -s xfrm state'],
    fix: 'Accept IP protocol 50 from the other hosts.',
    intended: 'No encrypted overlay spans these hosts; then there are no associations, and nothing is said.',
  },
  check: (facts) => checkBlocked(facts, 'esp'),
}
