import { placeIn, type Space } from '../../flow/world.ts'
import { serviceKey } from '../../model/entry-key.ts'
import type { IpvsService } from '../../model/snapshot.ts'
import type { DoctorFacts, Draft } from './check.ts'
import { at, iptables, step } from './draft.ts'
import { addressKey, spaceKey } from './keys.ts'
import { MARK_TARGETS, type Mark, marksOf, ruleLine, serviceCheck, serviceText } from './service-marks.ts'

function isBalancer({ namespace: { ipvs, owner } }: Space): boolean {
  return (
    owner.sandbox === 'ingress' || owner.sandbox === 'load-balancer' || ipvs.some(({ fwmark }) => fwmark !== undefined)
  )
}

function checkMarks({ world }: DoctorFacts): Draft[] {
  return world.spaces.filter(isBalancer).flatMap((space) => {
    const marks = marksOf(space)
    const services = space.namespace.ipvs.filter(({ fwmark }) => fwmark !== undefined)
    const known = services.flatMap(({ fwmark }) => fwmark ?? [])
    // without a single service the kernel may have none at all
    if (known.length === 0) return []
    const lost = marks.filter(({ mark }) => !known.includes(mark))
    const unmarked = services.filter(({ fwmark }) => !marks.some(({ mark }) => mark === fwmark))
    return [
      ...lost.map((mark) =>
        lostDraft(space, mark, missingMark(marks, mark, known) ?? siblingMark(marks, mark, known) ?? only(known)),
      ),
      ...(lost.length > 0 ? [] : unmarked.map((service) => unmarkedDraft(space, service))),
    ]
  })
}

/** Of the ingress network a service has a rule for its port and one for its address: that which no rule of the kind sets. */
function missingMark(marks: readonly Mark[], { rule: { chain } }: Mark, known: readonly number[]): number | undefined {
  return only(known.filter((each) => !marks.some(({ mark, rule }) => mark === each && rule.chain === chain)))
}

function only(marks: readonly number[]): number | undefined {
  return marks.length === 1 ? marks[0] : undefined
}

/** What other rules for the same address set. */
function siblingMark(marks: readonly Mark[], wrong: Mark, known: readonly number[]): number | undefined {
  return marks.find(
    ({ mark, address, port }) =>
      known.includes(mark) &&
      ((address !== undefined && address === wrong.address) || (port !== undefined && port === wrong.port)),
  )?.mark
}

function lostDraft(space: Space, { rule, mark, address }: Mark, right: number | undefined): Draft {
  const words = (value: number) => [
    iptables(rule),
    '-t',
    'mangle',
    '-R',
    rule.chain,
    String(rule.position),
    ...rule.text
      .split(' ')
      .map((word, at, all) => (MARK_TARGETS.has(all[at - 1] ?? '') ? `0x${value.toString(16)}/0xffffffff` : word)),
  ]
  return {
    severity: 'error',
    title: `${space.name} marks packets with ${mark}, and there is no service of that mark`,
    ...at(space),
    subject: `mark ${mark} of ${space.name}`,
    evidence: [
      ruleLine(space, rule),
      {
        text: `services of ${space.name}: ${space.namespace.ipvs.map(serviceText).join(', ')}`,
        place: placeIn(space, 'ipvs', `mark ${mark}`),
      },
    ],
    cause:
      'The virtual address takes the packet, and no balancer feels responsible: it ends at the address itself, where nobody listens.',
    ...(right === undefined
      ? {}
      : {
          fix: { steps: [step(space, words(right), words(mark))], summary: `sets the mark of the service, ${right}` },
        }),
    about: [spaceKey(space), ...(address === undefined ? [] : [addressKey(address)])],
  }
}

function unmarkedDraft(space: Space, service: IpvsService): Draft {
  const { fwmark } = service
  return {
    severity: 'error',
    title: `the service of mark ${fwmark} in ${space.name} gets nothing: no rule sets that mark`,
    ...at(space),
    subject: `mark ${fwmark} of ${space.name}`,
    evidence: [
      {
        text: `IPVS service of mark ${fwmark} in ${space.name}`,
        place: placeIn(space, 'ipvs', `mark ${fwmark}`, { entry: serviceKey(service) }),
      },
      { text: `no rule of mangle in ${space.name} sets mark ${fwmark}` },
    ],
    cause:
      'Packets to the virtual address or the published port have to be marked before the balancer takes them. The mangle table was flushed, or lost a rule.',
    about: [spaceKey(space)],
  }
}

export const FWMARK_MISMATCH = serviceCheck(
  'fwmark-mismatch',
  'marks of rules and of services do not agree',
  checkMarks,
  {
    symptom: 'The virtual address takes the connection and nothing comes.',
    why: 'A rule of mangle marks packets to the address or port, and the balancer serves that mark. When the two differ the packet is not balanced.',
    see: [
      'nsenter --net=/run/docker/netns/lb_NETWORK iptables -t mangle -S',
      'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -Ln',
    ],
    fix: 'Give the rule the mark of the service.',
    intended: 'Never.',
  },
)
