import type { Space } from '../../flow/world.ts'
import { socketKey } from '../../model/entry-key.ts'
import type { Socket } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, evidence, linkText, step, sysctlEvidence, sysctlStep } from './draft.ts'
import { spaceKey } from './keys.ts'

/** Of a limit: close enough to say so. */
const NEARLY = 0.9

const CONNTRACK_MAX = 'net.netfilter.nf_conntrack_max'

function checkConntrack({ world }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    const { count, max, dropped = 0, earlyDropped = 0 } = space.namespace.conntrack
    if (max <= 0 || count < max * NEARLY) return []
    const isFull = count >= max * 0.99
    return [
      {
        severity: isFull ? 'error' : 'warning',
        title: `the connection table of ${space.name} is ${isFull ? 'full' : 'nearly full'}: ${count} of ${max}`,
        ...at(space),
        subject: `connection tracking of ${space.name}`,
        evidence: [
          evidence(
            space,
            'conntrack',
            `${count} connections of ${max} in ${space.name}; dropped ${dropped}, dropped early ${earlyDropped}`,
          ),
          sysctlEvidence(space, CONNTRACK_MAX),
        ],
        cause:
          'When the table is full, new connections are dropped without a word, and the log says "nf_conntrack: table full, dropping packet"; existing ones go on.',
        ...(space.namespace.owner.kind === 'host' || space.namespace.sysctls[CONNTRACK_MAX] !== undefined
          ? { fix: { steps: [conntrackStep(space, max)], summary: `allows ${max * 4} connections` } }
          : {}),
        about: [spaceKey(space)],
      },
    ]
  })
}

/** Only the initial namespace has the limit; it holds for all. */
function conntrackStep(space: Space, max: number) {
  const host =
    space.world.spaces.find((each) => each.host === space.host && each.namespace.owner.kind === 'host') ?? space
  return step(host, ['sysctl', '-w', `${CONNTRACK_MAX}=${max * 4}`], ['sysctl', '-w', `${CONNTRACK_MAX}=${max}`])
}

/** BR_PORT_BITS 10 of net/bridge/br_private.h. */
const BRIDGE_PORTS = 1023

function checkLimits(facts: DoctorFacts): Draft[] {
  return [...bridgePorts(facts), ...neighbourTables(facts), ...acceptQueues(facts), ...ephemeralPorts(facts)]
}

function bridgePorts({ map }: DoctorFacts): Draft[] {
  return map.networks
    .filter(({ ports }) => ports.length >= BRIDGE_PORTS * NEARLY)
    .map((network) => ({
      id: 'limit-bridge-ports',
      severity: network.ports.length >= BRIDGE_PORTS ? 'error' : 'warning',
      title: `${linkText(network)} has ${network.ports.length} ports of ${BRIDGE_PORTS}`,
      ...at(network.space),
      subject: `ports of ${linkText(network)}`,
      evidence: [
        evidence(network.space, 'link', `${network.ports.length} links have ${network.link.name} as their master`, {
          link: network.link.name,
        }),
      ],
      cause: `A bridge of the kernel has ${BRIDGE_PORTS} ports at the most ("exchange full"): the next container on this network does not start.`,
      about: [spaceKey(network.space)],
    }))
}

/** The limit of the initial namespace holds for the entries of all; permanent and NOARP ones do not count. */
function neighbourTables({ snapshots, world }: DoctorFacts): Draft[] {
  return snapshots.flatMap((_, host) => {
    const spaces = world.spaces.filter((space) => space.host === host)
    const owner = spaces.find(({ namespace }) => namespace.owner.kind === 'host')
    const name = 'net.ipv4.neigh.default.gc_thresh3'
    const most = Number(owner?.namespace.sysctls[name])
    if (owner === undefined || !(most > 0)) return []
    const count = spaces.reduce(
      (sum, { namespace }) =>
        sum +
        namespace.neighbours.filter(
          ({ address, states }) => !address.includes(':') && !states.includes('PERMANENT') && !states.includes('NOARP'),
        ).length,
      0,
    )
    if (count < most * NEARLY) return []
    return [
      {
        id: 'limit-neighbours',
        severity: count >= most ? 'error' : 'warning',
        title: `the neighbour table is ${count >= most ? 'full' : 'nearly full'}: ${count} of ${most}`,
        ...at(owner),
        subject: `neighbour table of ${owner.snapshot.hostname}`,
        evidence: [
          evidence(owner, 'neighbour', `${count} entries in ${spaces.length} namespaces`),
          sysctlEvidence(owner, name),
        ],
        cause:
          'All namespaces share one limit. When it is reached, new neighbours are refused ("neighbour: arp_cache: neighbor table overflow!"), and connections to them fail at random.',
        fix: { steps: [sysctlStep(owner, name, String(most * 4))], summary: `allows ${most * 4} entries` },
        about: [spaceKey(owner)],
      },
    ]
  })
}

function acceptQueues({ world }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) =>
    space.namespace.sockets.filter(isFullListener).map((socket) => ({
      id: 'limit-accept-queue',
      severity: 'error',
      title: `${socket.processes?.[0]?.command ?? 'a program'} in ${space.name} does not accept connections on port ${socket.localPort}: ${socket.receiveQueue} wait`,
      ...at(space),
      subject: `port ${socket.localPort} of ${space.name}`,
      evidence: [
        evidence(
          space,
          'socket',
          `${socket.protocol} LISTEN ${socket.local}:${socket.localPort}: accept queue ${socket.receiveQueue} of ${socket.sendQueue} in ${space.name}`,
          { entry: socketKey(socket) },
        ),
        sysctlEvidence(space, 'net.core.somaxconn'),
      ],
      cause:
        'The queue of connections that the program has not accepted yet is full, so the kernel drops new ones without a word. The program hangs, or its backlog is too small for the load.',
      about: [spaceKey(space)],
    })),
  )
}

function isFullListener({ protocol, state, receiveQueue, sendQueue }: Socket): boolean {
  return protocol === 'tcp' && state === 'LISTEN' && sendQueue > 0 && receiveQueue > sendQueue
}

function ephemeralPorts({ world }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    const name = 'net.ipv4.ip_local_port_range'
    const [low = 0, high = 0] = (space.namespace.sysctls[name] ?? '').split(/\s+/).map(Number)
    if (!(high > low)) return []
    const busy = mostToOne(space.namespace.sockets, low, high)
    if (busy === undefined || busy.count < (high - low + 1) * NEARLY) return []
    return [
      {
        id: 'limit-ephemeral-ports',
        severity: 'warning',
        title: `${space.name} has ${busy.count} connections to ${busy.to}, of ${high - low + 1} ports`,
        ...at(space),
        subject: `ports of ${space.name}`,
        evidence: [
          evidence(space, 'socket', `${busy.count} sockets from one address to ${busy.to} in ${space.name}`),
          sysctlEvidence(space, name),
        ],
        cause:
          'Each connection to one address and port needs a local port of its own; without one left, connect() fails with EADDRNOTAVAIL.',
        fix: {
          steps: [sysctlStep(space, name, '1024 65535')],
          summary: 'allows more ports',
          warning: 'ports of programs that listen above 1024 may be taken before they start',
        },
        about: [spaceKey(space)],
      },
    ]
  })
}

function mostToOne(
  sockets: readonly Socket[],
  low: number,
  high: number,
): { readonly to: string; readonly count: number } | undefined {
  // far from the limit without counting
  if (sockets.length < (high - low) * NEARLY) return undefined
  const counts = new Map<string, number>()
  for (const { protocol, local, localPort = 0, remote, remotePort } of sockets) {
    if (protocol !== 'tcp' || remote === undefined || localPort < low || localPort > high) continue
    const key = `${local} ${remote}:${remotePort}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1])
  return most === undefined ? undefined : { to: most[0].split(' ')[1] ?? '', count: most[1] }
}

export const CONNTRACK_FULL: Check = {
  id: 'conntrack-full',
  title: 'the connection tracking table is full, or nearly',
  needs: ['conntrack', 'sysctl'],
  explains: [
    'unreachable-neighbour',
    'unreachable-subnet',
    'unreachable-outside',
    'unreachable-published',
    'unreachable-own-port',
    'unreachable-vip',
  ],
  explanation: {
    symptom: 'New connections hang now and then, under load above all; existing ones work.',
    why: 'Every connection that a host translates or tracks has an entry until it times out (five days for an established TCP connection that nobody closed). When nf_conntrack_max is reached, packets of new ones are dropped.',
    see: [
      'sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max',
      'conntrack -S',
      'dmesg | grep conntrack',
    ],
    fix: 'Raise net.netfilter.nf_conntrack_max (and the buckets with it), shorten the timeouts, or find who opens so many.',
    intended: 'Never.',
  },
  check: checkConntrack,
}

export const LIMITS: Check = {
  id: 'limits',
  title: 'a limit of the kernel is close or reached',
  needs: ['links', 'neigh', 'sockets', 'sysctl'],
  explanation: {
    symptom:
      'Things fail at random or from a certain number on: a container does not start, neighbours are not found, connections are not accepted.',
    why: 'A bridge has 1023 ports, all namespaces share one neighbour table, a listener has a queue of limited length, and connections to one address need a local port each. The ids are limit-bridge-ports, limit-neighbours, limit-accept-queue and limit-ephemeral-ports.',
    see: [
      'bridge link | wc -l',
      'ip -s neigh | wc -l',
      'ss -ltn',
      'sysctl net.ipv4.neigh.default.gc_thresh3 net.core.somaxconn net.ipv4.ip_local_port_range',
    ],
    fix: 'Raise the limit, or spread the load: more networks, more addresses.',
    intended: 'Never.',
  },
  check: checkLimits,
}
