import type { Space, SpaceLink } from '../../flow/world.ts'
import { linkSysctlName, sysctlOf } from '../../flow/world.ts'
import type { Check, DoctorFacts, Draft, Evidence } from './check.ts'
import { at, evidence, some, sysctlEvidence, sysctlStep } from './draft.ts'
import type { Endpoint, HostMap } from './host-map.ts'
import { linkKey, spaceKey } from './keys.ts'
import { defaultRoutes } from './routes.ts'

const IP_FORWARD = 'net.ipv4.ip_forward'

function check({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    const clients = clientsOf(map, space)
    const nat = natRule(space)
    if (clients.length === 0 && nat === undefined) return []
    if (sysctlOf(space, IP_FORWARD) === 0) return [offDraft(space, clients, nat)]
    return linksOff(map, space, clients)
  })
}

/** Those whose default route leads here, to a namespace that has somewhere else to send packets. */
function clientsOf(map: HostMap, space: Space): Endpoint[] {
  const own = map.of(space).filter(({ ip }) => ip.family === 4)
  if (new Set(own.map(({ link }) => link)).size < 2) return []
  return own.flatMap((gateway) =>
    map
      .onSegment(gateway.segment)
      .filter(
        (each) => each.space !== space && defaultRoutes(each.space).some(({ gateway: via }) => via === gateway.ip.text),
      ),
  )
}

/** A rule that is of use only to what is forwarded. */
function natRule(space: Space): Evidence | undefined {
  const rule = space.namespace.firewall.find(
    ({ table, chain, text }) =>
      table === 'nat' && chain === 'POSTROUTING' && /-j (MASQUERADE|SNAT)/.test(text) && text.includes('! -o '),
  )
  return rule === undefined ? undefined : evidence(space, 'rule', `-t nat -A ${rule.chain} ${rule.text}`)
}

function offDraft(space: Space, clients: readonly Endpoint[], nat: Evidence | undefined): Draft {
  const names = [...new Set(clients.map((each) => each.space.name))]
  return {
    severity: 'error',
    title: `${space.name} does not forward: ${IP_FORWARD} is 0`,
    ...at(space),
    subject: `${IP_FORWARD} of ${space.name}`,
    evidence: [
      sysctlEvidence(space, IP_FORWARD),
      ...clients
        .slice(0, 3)
        .map(({ space: client, text }) =>
          evidence(client, 'route', `${client.name} (${text}) has its default route through ${space.name}`),
        ),
      ...(nat === undefined ? [] : [nat]),
    ],
    cause: `Without forwarding every packet that is not for ${space.name} itself ends there without a word${names.length > 0 ? `: ${some(names)} reach nothing beyond their own subnet` : ', so published ports and the way out are dead'}. \`sysctl --system\`, a hardening script or a network manager often writes it back to 0.`,
    fix: { steps: [sysctlStep(space, IP_FORWARD, '1')], summary: 'switches forwarding on until the next boot' },
    about: [spaceKey(space), ...clients.map((each) => spaceKey(each.space))],
  }
}

/** Forwarding is on in general and off for one interface that clients come in by. */
function linksOff(map: HostMap, space: Space, clients: readonly Endpoint[]): Draft[] {
  const segments = new Set(clients.map(({ segment }) => segment))
  const places: SpaceLink[] = [
    ...new Set(
      map
        .of(space)
        .filter(({ segment }) => segments.has(segment))
        .map(({ link }) => link),
    ),
  ].map((link) => ({ space, link }))
  return places.flatMap((place) => {
    const name = linkSysctlName(4, place.link.name, 'forwarding')
    if (sysctlOf(space, name) !== 0) return []
    return [
      {
        severity: 'error',
        title: `${space.name} does not forward what comes in by ${place.link.name}: ${name} is 0`,
        ...at(space),
        subject: `${name} of ${space.name}`,
        evidence: [sysctlEvidence(space, name), sysctlEvidence(space, IP_FORWARD)],
        cause: `The sysctl of the interface decides, not the general one: whatever comes in by ${place.link.name} and is not for ${space.name} itself ends there without a word.`,
        fix: { steps: [sysctlStep(space, name, '1')], summary: 'switches forwarding on for this interface' },
        about: [linkKey(place), spaceKey(space)],
      },
    ]
  })
}

export const IP_FORWARD_OFF: Check = {
  id: 'ip-forward-off',
  title: 'a host or router that others use does not forward',
  needs: ['links', 'addrs', 'routes', 'sysctl'],
  explains: ['*'],
  explanation: {
    symptom:
      'Containers reach their own subnet and the host, and nothing else; published ports answer from the host alone, if at all.',
    why: 'A namespace hands packets on only while net.ipv4.ip_forward and the forwarding of the interface that they come in by are 1. Docker writes it when it starts, and anything that loads /etc/sysctl.d afterwards may write it back.',
    see: [
      'sysctl net.ipv4.ip_forward',
      'sysctl -a | grep -F .forwarding',
      'grep -r ip_forward /etc/sysctl.conf /etc/sysctl.d',
    ],
    fix: 'Set net.ipv4.ip_forward=1, and write it to a file of /etc/sysctl.d so that it stays.',
    intended: 'A host that must not route. Then nobody should have a default route through it.',
  },
  check,
}
