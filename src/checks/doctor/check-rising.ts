import type { Space } from '../../flow/world.ts'
import type { HostSnapshot, Link, Namespace, Socket } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, evidence, linkText, sysctlEvidence, sysctlStep } from './draft.ts'
import { linkKey, spaceKey } from './keys.ts'

/** Fewer than these in the time between two readings are nobody's trouble. */
const FEW = 3

function check({ before, world }: DoctorFacts): Draft[] {
  if (before === undefined) return []
  return world.spaces.flatMap((space) => {
    const old = before[space.host]?.namespaces.find(({ inode }) => inode === space.namespace.inode)
    if (old === undefined) return []
    const seconds = secondsBetween(before[space.host], space.snapshot)
    return [
      ...linkDrafts(space, old, seconds),
      ...queueDrafts(space, old, seconds),
      ...connectionDrafts(space, old, seconds),
      ...backlogDrafts(space, old, seconds),
      ...socketDrafts(space, old, seconds),
    ]
  })
}

function secondsBetween(before: HostSnapshot | undefined, after: HostSnapshot): string {
  const ms = Date.parse(after.takenAt) - Date.parse(before?.takenAt ?? after.takenAt)
  return `${Math.round(ms / 100) / 10} s`
}

const COUNTERS = ['rxErrors', 'rxDropped', 'txErrors', 'txDropped'] as const

function linkDrafts(space: Space, { links }: Namespace, seconds: string): Draft[] {
  const byIndex = new Map(links.map((link) => [link.index, link]))
  return space.namespace.links.flatMap((link) => {
    const old = byIndex.get(link.index)
    if (old === undefined || link.kind === 'loopback') return []
    const risen = COUNTERS.map((name) => ({ name, by: link.counters[name] - old.counters[name] })).filter(
      ({ by }) => by >= FEW,
    )
    return risen.length === 0 ? [] : [risingDraft(space, link, { risen, seconds })]
  })
}

function risingDraft(
  space: Space,
  link: Link,
  {
    risen,
    seconds,
  }: { readonly risen: readonly { readonly name: string; readonly by: number }[]; readonly seconds: string },
): Draft {
  const place = { space, link }
  const what = risen.map(({ name, by }) => `${name} +${by}`).join(', ')
  return {
    severity: 'warning',
    title: `${linkText(place)} loses packets: ${what} in ${seconds}`,
    ...at(space),
    subject: `counters of ${linkText(place)}`,
    evidence: risen.map(({ name, by }) =>
      evidence(
        space,
        'link',
        `${name} of ${linkText(place)}: +${by} in ${seconds}, now ${link.counters[name as (typeof COUNTERS)[number]]}`,
        { link: link.name },
      ),
    ),
    cause: risen.some(({ name }) => name === 'rxDropped')
      ? 'Frames arrive that the kernel does not keep: for a protocol, VLAN or address that nobody here wants, or more than it can take. Broadcasts of unknown protocols are the harmless case.'
      : 'The kernel could not send: the queue is full, the other end is down, or the frame is too large for it.',
    about: [linkKey(place), spaceKey(space)],
  }
}

function queueDrafts(space: Space, { qdiscs }: Namespace, seconds: string): Draft[] {
  const before = new Map(qdiscs.map((qdisc) => [`${qdisc.link} ${qdisc.handle} ${qdisc.parent}`, qdisc]))
  return space.namespace.qdiscs.flatMap((qdisc) => {
    const old = before.get(`${qdisc.link} ${qdisc.handle} ${qdisc.parent}`)
    const by = old === undefined ? 0 : qdisc.dropped - old.dropped
    const link = space.namespace.links.find(({ index }) => index === qdisc.link)
    if (by < FEW || link === undefined) return []
    const place = { space, link }
    return [
      {
        severity: 'warning',
        title: `the queue ${qdisc.kind} of ${linkText(place)} drops: +${by} in ${seconds}`,
        ...at(space),
        subject: `queue of ${linkText(place)}`,
        evidence: [
          evidence(
            space,
            'link',
            `qdisc ${qdisc.kind} ${qdisc.handle}: dropped +${by} in ${seconds}, backlog ${qdisc.backlogPackets} packets`,
            { link: link.name },
          ),
        ],
        cause: 'More is sent than the queue lets out: a rate limit, or a link that is too slow.',
        about: [linkKey(place), spaceKey(space)],
      },
    ]
  })
}

function connectionDrafts(space: Space, old: Namespace, seconds: string): Draft[] {
  const now = space.namespace.conntrack
  const dropped = (now.dropped ?? 0) - (old.conntrack.dropped ?? 0)
  const failed = (now.insertFailed ?? 0) - (old.conntrack.insertFailed ?? 0)
  if (dropped < FEW && failed < FEW) return []
  return [
    {
      severity: 'warning',
      title: `connection tracking of ${space.name} drops: ${dropped} dropped, ${failed} not entered in ${seconds}`,
      ...at(space),
      subject: `connection tracking of ${space.name}`,
      evidence: [
        evidence(
          space,
          'conntrack',
          `dropped +${dropped}, insert_failed +${failed} in ${seconds}; ${now.count} of ${now.max} entries`,
        ),
      ],
      cause:
        'Entries could not be made: the table is full, or two packets of one new connection raced for an entry, as parallel DNS questions by UDP do.',
      about: [spaceKey(space)],
    },
  ]
}

const BACKLOG = 'net.core.netdev_max_backlog'

/** Frames that no CPU had room for: not a link's counter tells of them. */
function backlogDrafts(space: Space, { softnet: old }: Namespace, seconds: string): Draft[] {
  const { softnet } = space.namespace
  const by = softnet === undefined || old === undefined ? 0 : softnet.dropped - old.dropped
  if (softnet === undefined || by < FEW) return []
  const limit = Number(space.namespace.sysctls[BACKLOG])
  const fix =
    limit > 0 ? { steps: [sysctlStep(space, BACKLOG, String(limit * 4))], summary: 'gives them more room' } : undefined
  return [
    {
      severity: 'warning',
      title: `the receive queues of the CPUs overflow: +${by} packets in ${seconds}`,
      ...at(space),
      subject: 'softnet backlog',
      evidence: [
        evidence(space, 'kernel', `/proc/net/softnet_stat: dropped +${by} in ${seconds}, now ${softnet.dropped}`),
        sysctlEvidence(space, BACKLOG),
      ],
      cause:
        'Frames from veth, bridges and tunnels wait in a queue of each CPU, and it was full: bursts, or one CPU that does the work of all.',
      ...(fix === undefined ? {} : { fix }),
      about: [spaceKey(space)],
    },
  ]
}

function socketDrafts(space: Space, { sockets }: Namespace, seconds: string): Draft[] {
  const before = new Map(sockets.map((socket) => [socketKey(socket), socket.drops ?? 0]))
  return space.namespace.sockets.flatMap((socket) => {
    // a raw socket gets copies, whose loss is nobody's loss
    if (socket.protocol !== 'tcp' && socket.protocol !== 'udp') return []
    const by = (socket.drops ?? 0) - (before.get(socketKey(socket)) ?? socket.drops ?? 0)
    return by < FEW ? [] : [socketDraft(space, socket, `+${by} in ${seconds}`)]
  })
}

/** One that nobody has has inode 0: those are told apart by their ends. */
function socketKey({ protocol, inode, local, localPort, remote, remotePort }: Socket): string {
  return `${protocol} ${inode} ${local} ${localPort} ${remote} ${remotePort}`
}

function socketDraft(space: Space, socket: Socket, risen: string): Draft {
  const { protocol, state, local, localPort, receiveQueue, drops, processes } = socket
  const who = processes?.[0]?.command ?? 'a program'
  const isListener = state === 'LISTEN'
  return {
    severity: 'warning',
    title: `${who} in ${space.name} loses ${isListener ? 'connections' : 'packets'} on ${protocol} port ${localPort}: ${risen}`,
    ...at(space),
    subject: `${protocol} port ${localPort} of ${space.name}`,
    evidence: [
      evidence(
        space,
        'socket',
        `${protocol} ${state} ${local}:${localPort}: drops ${risen}, now ${drops}; ${receiveQueue} wait, in ${space.name}`,
      ),
    ],
    cause: isListener
      ? 'The queue of connections that the program has not accepted yet was full, or what came did not open one: the kernel dropped it without a word.'
      : 'The program reads slower than packets come, or its buffer (SO_RCVBUF, net.core.rmem_default) is too small for a burst.',
    about: [spaceKey(space)],
  }
}

export const DROPS_RISING: Check = {
  id: 'drops-rising',
  title: 'counters of lost packets rise',
  needs: ['links', 'qdisc', 'conntrack', 'sockets'],
  explanation: {
    symptom: 'Transfers are slow, questions are asked twice, connections hang for a second now and then.',
    why: 'Links, queues, sockets, the backlog of the CPUs and the connection table count what they lose. A count alone says little, for it may be of last year; that it rises says that packets are lost now. Found with --watch alone.',
    see: ['ip -s -s link', 'tc -s qdisc', 'conntrack -S', 'cat /proc/net/softnet_stat', 'ss -uampn'],
    fix: 'Find what is lost with `tsnet-shoot trace`; then give the queue, the table or the link what it lacks.',
    intended: 'A rate limit that does its work.',
  },
  check,
}
