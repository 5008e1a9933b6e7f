import { placeIn, type Space } from '../../flow/world.ts'
import { serviceKey } from '../../model/entry-key.ts'
import type { IpvsDestination, IpvsService } from '../../model/snapshot.ts'
import type { DoctorFacts, Draft } from './check.ts'
import { at, some, step } from './draft.ts'
import { type Backend, backendsOf, isAlive } from './ipvs-backends.ts'
import { addressKey, spaceKey } from './keys.ts'
import { marksOf, ruleLine, serviceCheck, serviceText } from './service-marks.ts'

function services({ world }: DoctorFacts): { readonly space: Space; readonly service: IpvsService }[] {
  return world.spaces.flatMap((space) => space.namespace.ipvs.map((service) => ({ space, service })))
}

function serviceWords({ protocol, address, port, fwmark }: IpvsService): string[] {
  if (fwmark !== undefined) return ['-f', String(fwmark)]
  return [protocol === 'udp' ? '-u' : '-t', `${address}:${port}`]
}

function checkNoBackend(facts: DoctorFacts): Draft[] {
  return services(facts)
    .filter(({ service }) => service.destinations.every(({ weight }) => weight === 0))
    .map(({ space, service }) => {
      const { backends, evidence } = backendsOf(facts.map, space, service)
      const has = service.destinations.length > 0
      return {
        severity: 'error',
        title: `the service ${serviceText(service)} of ${space.name} has ${has ? 'only backends of weight 0' : 'no backend'}`,
        ...at(space),
        subject: `IPVS service ${serviceText(service)} of ${space.name}`,
        evidence: [
          {
            text: `${serviceText(service)} ${service.scheduler}, ${service.destinations.length} destinations${has ? ' of weight 0' : ''}, in ${space.name}`,
            place: placeIn(space, 'ipvs', serviceText(service), { entry: serviceKey(service) }),
          },
          ...marksOf(space)
            .filter(({ mark }) => mark === service.fwmark)
            .map(({ rule }) => ruleLine(space, rule)),
          ...evidence,
        ],
        cause:
          'The virtual address accepts nothing: connections are refused or hang. All tasks ended, none is healthy, or the entries were lost.',
        ...(backends.length === 0
          ? {}
          : {
              fix: {
                steps: backends.map((each) => backendStep(space, service, each)),
                summary: `sends connections to ${some(backends.map(({ address }) => address))}`,
              },
            }),
        about: [
          spaceKey(space),
          `ipvs ${space.host} ${space.namespace.inode} ${serviceText(service)}`,
          ...(service.address === undefined ? [] : [addressKey(service.address)]),
        ],
      }
    })
}

function backendStep(space: Space, service: IpvsService, { address, port }: Backend) {
  const has = service.destinations.some((each) => each.address === address)
  const to = [...serviceWords(service), '-r', `${address}:${port}`]
  return step(
    space,
    ['ipvsadm', has ? '-e' : '-a', ...to, '-m', '-w', '1'],
    has ? ['ipvsadm', '-e', ...to, '-m', '-w', '0'] : ['ipvsadm', '-d', ...to],
  )
}

function checkDeadBackend(facts: DoctorFacts): Draft[] {
  const { map } = facts
  return services(facts).flatMap(({ space, service }) => {
    const isSeen = map.of(space).some(({ segment }) => !map.hasOutside(segment))
    const dead = service.destinations.filter(
      ({ address, weight }) => weight > 0 && isSeen && !isAlive(map, space, address),
    )
    const idle = service.destinations.filter(({ address, weight }) => weight === 0 && isAlive(map, space, address))
    const isPartly = service.destinations.some(({ weight }) => weight > 0)
    return [
      ...dead.map((each) => deadDraft(space, service, each)),
      ...(isPartly ? idle.map((each) => idleDraft(space, service, each)) : []),
    ]
  })
}

function destinationLine(space: Space, service: IpvsService, destination: IpvsDestination) {
  const { address, port, weight, active, inactive } = destination
  return {
    text: `${serviceText(service)} → ${address}:${port} weight ${weight}, ${active} active, ${inactive} inactive, in ${space.name}`,
    place: placeIn(space, 'ipvs', serviceText(service), { entry: serviceKey(service, destination) }),
  }
}

function deadDraft(space: Space, service: IpvsService, destination: IpvsDestination): Draft {
  const { address, port, weight } = destination
  const to = [...serviceWords(service), '-r', `${address}:${port}`]
  return {
    severity: 'error',
    title: `the service ${serviceText(service)} of ${space.name} sends to ${address}, which no live task has`,
    ...at(space),
    subject: `IPVS destination ${address} of ${space.name}`,
    evidence: [destinationLine(space, service, destination), { text: `nobody on the network has ${address}` }],
    cause: `Every ${ordinal(service.destinations.length)} connection goes to an address that nobody answers for. A task ended, and its balancer was not told.`,
    fix: {
      steps: [step(space, ['ipvsadm', '-d', ...to], ['ipvsadm', '-a', ...to, '-m', '-w', String(weight)])],
      summary: 'takes the destination away',
    },
    about: [spaceKey(space), addressKey(address)],
  }
}

function ordinal(count: number): string {
  return count === 2 ? 'second' : count === 3 ? 'third' : `${count}th`
}

function idleDraft(space: Space, service: IpvsService, destination: IpvsDestination): Draft {
  return {
    severity: 'warning',
    title: `the service ${serviceText(service)} of ${space.name} sends nothing to ${destination.address}: weight 0`,
    ...at(space),
    subject: `IPVS destination ${destination.address} of ${space.name}`,
    evidence: [destinationLine(space, service, destination)],
    cause: 'An engine sets the weight to 0 while a task ends. When the task stays, it was forgotten.',
    fix: { steps: [backendStep(space, service, destination)], summary: 'gives it weight 1' },
    about: [spaceKey(space), addressKey(destination.address)],
  }
}

export const IPVS_NO_BACKEND = serviceCheck('ipvs-no-backend', 'a virtual address has no backend', checkNoBackend, {
  symptom: 'A service is refused or hangs at its name, while its tasks are running.',
  why: 'The balancer of a node has the service and no destination, or only such of weight 0.',
  see: ['nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -Ln', 'docker service ps SERVICE', 'tsnet-shoot show ipvs'],
  fix: 'Add the destination, or let the engine do it: docker service update --force SERVICE.',
  intended: 'A service with no healthy task.',
})

export const IPVS_DEAD_BACKEND = serviceCheck(
  'ipvs-dead-backend',
  'a virtual address sends to a task that is gone',
  checkDeadBackend,
  {
    symptom: 'Every second, third or n-th connection to a service hangs or is refused.',
    why: 'A destination of the balancer is an address that no task has, or a live one has weight 0 and gets nothing.',
    see: [
      'nsenter --net=/run/docker/netns/lb_NETWORK ipvsadm -Ln',
      'docker service ps SERVICE',
      'docker network inspect -v NETWORK',
    ],
    fix: 'Remove the destination; restart the engine of that node if more are wrong.',
    intended: 'For some seconds while a task ends: its weight is 0 and it is still there.',
  },
)
