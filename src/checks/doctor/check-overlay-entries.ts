import { placeIn } from '../../flow/world.ts'
import type { FdbEntry, Neighbour } from '../../model/snapshot.ts'
import type { Check, DoctorFacts, Draft, Explanation } from './check.ts'
import { at, linkText, step } from './draft.ts'
import type { Endpoint, HostMap } from './host-map.ts'
import { linkKey, spaceKey } from './keys.ts'
import { addressOfVtep, remotesOf, type Vtep, vtepsOf } from './overlays.ts'

/** What one host should know of an endpoint of another one. */
interface Remote {
  readonly vtep: Vtep
  readonly endpoint: Endpoint
  readonly mac: string
  /** Where it is. */
  readonly host: Vtep
}

/** Devices that are told where everybody is, as Docker's are: they ask nobody, and flood to nobody. */
function isProgrammed({ vxlan, space, link }: Vtep): boolean {
  const floods = space.namespace.fdb.some((entry) => entry.link === link.index && entry.mac === '00:00:00:00:00:00')
  return vxlan.remote === undefined && !floods
}

function remotes(map: HostMap): Remote[] {
  return vtepsOf(map)
    .filter(isProgrammed)
    .flatMap((vtep) =>
      remotesOf(map, vtep).flatMap((host) =>
        host.local.flatMap((endpoint) => {
          const { mac } = endpoint.link
          const isTask = endpoint.ip.family === 4 && endpoint.subnet.length < 32
          return mac === undefined || !isTask ? [] : [{ vtep, endpoint, mac, host }]
        }),
      ),
    )
}

function fdbOf({ space, link }: Vtep, mac: string): FdbEntry | undefined {
  return space.namespace.fdb.find(
    (entry) => entry.link === link.index && entry.mac === mac && entry.destination !== undefined,
  )
}

function neighbourOf({ space, link }: Vtep, address: string): Neighbour | undefined {
  return space.namespace.neighbours.find(
    (entry) => entry.link === link.index && entry.address === address && entry.mac !== undefined,
  )
}

function about({ vtep, endpoint }: Remote): string[] {
  return [
    linkKey(vtep),
    spaceKey(vtep.space),
    spaceKey(endpoint.space),
    ...vtep.local.map(({ space }) => spaceKey(space)),
  ]
}

function checkFdbMissing({ map }: DoctorFacts): Draft[] {
  return remotes(map).flatMap((remote) => {
    const { vtep, endpoint, mac, host } = remote
    if (fdbOf(vtep, mac) !== undefined) return []
    const target = addressOfVtep(map, host)
    const words = (verb: string) => [
      'bridge',
      'fdb',
      verb,
      mac,
      'dev',
      vtep.link.name,
      'dst',
      target ?? '',
      'self',
      'permanent',
    ]
    return [
      {
        severity: 'error',
        title: `${linkText(vtep)} has no FDB entry for ${mac} (${endpoint.space.name}, ${endpoint.ip.text})`,
        ...at(vtep.space),
        subject: `FDB of ${linkText(vtep)}`,
        evidence: [
          {
            text: `no entry for ${mac} with a destination on ${linkText(vtep)}`,
            place: placeIn(vtep.space, 'fdb', mac, { link: vtep.link.name }),
          },
          {
            text: `${mac} is ${linkText(endpoint)}, behind ${target ?? 'an unknown host'}`,
            place: placeIn(endpoint.space, 'link', endpoint.text, { link: endpoint.link.name }),
          },
        ],
        cause:
          'The device does not flood and asks nobody: frames to a MAC that it has no entry for go nowhere. The entry was deleted, or the message that a task had started never came.',
        ...(target === undefined
          ? {}
          : {
              fix: {
                steps: [step(vtep.space, words('add'), words('del').slice(0, -1))],
                summary: 'adds where the MAC is',
              },
            }),
        about: about(remote),
      },
    ]
  })
}

function checkFdbStale({ map }: DoctorFacts): Draft[] {
  return [
    ...remotes(map).flatMap((remote) => {
      const entry = fdbOf(remote.vtep, remote.mac)
      const isStale = entry?.destination !== undefined && !remote.host.addresses.includes(entry.destination)
      return isStale ? [staleDraft(map, remote, entry)] : []
    }),
    ...vtepsOf(map).flatMap(localBehindRemote),
  ]
}

function staleDraft(map: HostMap, remote: Remote, entry: FdbEntry): Draft {
  const { vtep, endpoint, mac, host } = remote
  const target = addressOfVtep(map, host) ?? ''
  const words = (to: string) => ['bridge', 'fdb', 'replace', mac, 'dev', vtep.link.name, 'dst', to, 'self', 'permanent']
  return {
    severity: 'error',
    title: `${linkText(vtep)} sends ${mac} (${endpoint.space.name}) to ${entry.destination}, and it is at ${target}`,
    ...at(vtep.space),
    subject: `FDB of ${linkText(vtep)}`,
    evidence: [
      {
        text: `${mac} dev ${vtep.link.name} dst ${entry.destination} ${entry.states.join(' ')} in ${vtep.space.name}`,
        place: placeIn(vtep.space, 'fdb', mac, { link: vtep.link.name }),
      },
      {
        text: `${mac} is ${linkText(endpoint)}, behind ${target} of ${host.underlay.name}`,
        place: placeIn(endpoint.space, 'link', endpoint.text, { link: endpoint.link.name }),
      },
    ],
    cause:
      'A task moved to another host, and this one was not told. The entry is permanent, so what the device learns from frames does not correct it: it drops those from elsewhere instead.',
    fix: { steps: [step(vtep.space, words(target), words(entry.destination ?? ''))], summary: `sends it to ${target}` },
    about: about(remote),
  }
}

/** An entry that sends a MAC away which is on this very host. */
function localBehindRemote(vtep: Vtep): Draft[] {
  return vtep.local.flatMap((endpoint) => {
    const { mac = '' } = endpoint.link
    const entry = fdbOf(vtep, mac)
    if (entry?.destination === undefined || vtep.addresses.includes(entry.destination)) return []
    const words = ['dev', vtep.link.name, 'dst', entry.destination, 'self']
    return [
      {
        severity: 'error',
        title: `${linkText(vtep)} sends ${mac} to ${entry.destination}, and it is ${endpoint.space.name} of this host`,
        ...at(vtep.space),
        subject: `FDB of ${linkText(vtep)}`,
        evidence: [
          {
            text: `${mac} ${words.join(' ')} in ${vtep.space.name}`,
            place: placeIn(vtep.space, 'fdb', mac, { link: vtep.link.name }),
          },
        ],
        cause: 'The entry was left when the task came to this host.',
        fix: {
          steps: [
            step(
              vtep.space,
              ['bridge', 'fdb', 'del', mac, ...words],
              ['bridge', 'fdb', 'add', mac, ...words, 'permanent'],
            ),
          ],
          summary: 'removes it',
        },
        about: [linkKey(vtep), spaceKey(vtep.space), spaceKey(endpoint.space)],
      },
    ]
  })
}

function checkNeighbourMissing({ map }: DoctorFacts): Draft[] {
  return remotes(map)
    .filter(({ vtep }) => vtep.vxlan.proxy)
    .flatMap((remote) => {
      const { vtep, endpoint, mac } = remote
      const address = endpoint.ip.text
      if (neighbourOf(vtep, address) !== undefined) return []
      const words = (verb: string) => [
        'ip',
        'neigh',
        verb,
        address,
        'lladdr',
        mac,
        'dev',
        vtep.link.name,
        'nud',
        'permanent',
      ]
      return [
        {
          severity: 'error',
          title: `${linkText(vtep)} cannot answer for ${address} (${endpoint.space.name}): no neighbour entry`,
          ...at(vtep.space),
          subject: `neighbours of ${linkText(vtep)}`,
          evidence: [
            {
              text: `no permanent neighbour ${address} on ${linkText(vtep)}, which answers ARP for others (proxy)`,
              place: placeIn(vtep.space, 'neighbour', address, { link: vtep.link.name }),
            },
            ...incomplete(vtep, address),
          ],
          cause:
            'ARP questions do not cross the overlay: the VXLAN device answers them from its neighbour table. Without an entry the neighbour stays INCOMPLETE in every container that asks.',
          fix: {
            steps: [step(vtep.space, words('replace'), words('del').slice(0, 4).concat('dev', vtep.link.name))],
            summary: 'adds it',
          },
          about: about(remote),
        },
      ]
    })
}

function incomplete({ local }: Vtep, address: string): Draft['evidence'] {
  return local.flatMap(({ space, link }) =>
    space.namespace.neighbours
      .filter(
        (entry) =>
          entry.address === address &&
          entry.link === link.index &&
          entry.states.some((state) => state === 'INCOMPLETE' || state === 'FAILED'),
      )
      .map(({ states }) => ({
        text: `${address} dev ${link.name} ${states.join(' ')} in ${space.name}`,
        place: placeIn(space, 'neighbour', address, { link: link.name }),
      })),
  )
}

function checkNeighbourStale({ map }: DoctorFacts): Draft[] {
  const onOverlays = remotes(map).flatMap((remote): Draft[] => {
    const { vtep, endpoint, mac } = remote
    const entry = neighbourOf(vtep, endpoint.ip.text)
    return entry === undefined || entry.mac === mac ? [] : [wrongMac(vtep, entry, endpoint, about(remote))]
  })
  const permanent = map.endpoints
    .filter(({ link }) => link.kind !== 'vxlan')
    .flatMap((own): Draft[] =>
      own.space.namespace.neighbours
        .filter(
          (entry) => entry.link === own.link.index && entry.states.includes('PERMANENT') && entry.mac !== undefined,
        )
        .flatMap((entry) => {
          const holders = map.onSegment(own.segment).filter((each) => each.ip.text === entry.address)
          const [holder] = holders
          if (holder === undefined || holders.some(({ link }) => link.mac === entry.mac)) return []
          return [wrongMac(own, entry, holder, [spaceKey(own.space), spaceKey(holder.space), linkKey(own)])]
        }),
    )
  return [...onOverlays, ...permanent]
}

function wrongMac(
  place: Pick<Vtep, 'space' | 'link'>,
  entry: Neighbour,
  holder: Endpoint,
  keys: readonly string[],
): Draft {
  const words = (mac: string) => [
    'ip',
    'neigh',
    'replace',
    entry.address,
    'lladdr',
    mac,
    'dev',
    place.link.name,
    'nud',
    'permanent',
  ]
  return {
    severity: 'error',
    title: `${linkText(place)} takes ${entry.mac} for ${entry.address}, and ${holder.space.name} has ${holder.link.mac}`,
    ...at(place.space),
    subject: `neighbours of ${linkText(place)}`,
    evidence: [
      {
        text: `${entry.address} dev ${place.link.name} lladdr ${entry.mac} ${entry.states.join(' ')} in ${place.space.name}`,
        place: placeIn(place.space, 'neighbour', entry.address, { link: place.link.name }),
      },
      {
        text: `${entry.address} is on ${linkText(holder)}, MAC ${holder.link.mac}`,
        place: placeIn(holder.space, 'link', holder.text, { link: holder.link.name }),
      },
    ],
    cause:
      'The address went to another endpoint with another MAC, and the permanent entry of the former one stayed: nobody asks again.',
    fix: {
      steps: [step(place.space, words(holder.link.mac ?? ''), words(entry.mac ?? ''))],
      summary: 'corrects the entry',
    },
    about: keys,
  }
}

const OVERLAY_PAGE: Omit<Explanation, 'symptom'> = {
  why: 'The overlay of an engine learns nothing from the network: each host is told the MAC, the address and the host of every remote endpoint, and keeps them as permanent FDB and neighbour entries of the VXLAN device. What is missing or old there is missing for every container of the host.',
  see: [
    'tsnet-shoot show fdb',
    'tsnet-shoot show neigh',
    'nsenter --net=/run/docker/netns/1-NETWORK bridge fdb show dev vxlan0',
    'nsenter --net=/run/docker/netns/1-NETWORK ip neigh show dev vxlan0',
  ],
  fix: 'Put the entry right by hand for now. If it comes back, look at the control plane: port 7946 of TCP and UDP between the hosts.',
  intended:
    'An overlay that floods (an entry for 00:00:00:00:00:00, or a multicast group) needs no entries, and nothing is said of it.',
}

function overlayCheck(id: string, title: string, symptom: string, check: Check['check']): Check {
  return {
    id,
    title,
    check,
    needs: ['links', 'addrs', 'neigh', 'fdb'],
    explains: ['unreachable-neighbour', 'unreachable-subnet', 'unreachable-vip'],
    explanation: { symptom, ...OVERLAY_PAGE },
  }
}

export const FDB_MISSING = overlayCheck(
  'fdb-missing',
  'an overlay does not know where a MAC is',
  'One pair of tasks cannot talk across hosts; ARP is answered, and nothing comes after it.',
  checkFdbMissing,
)
export const FDB_STALE = overlayCheck(
  'fdb-stale',
  'an overlay sends a MAC to the wrong host',
  'One task cannot be reached from some hosts, often after it moved.',
  checkFdbStale,
)
export const NEIGH_MISSING = overlayCheck(
  'neigh-missing',
  'an overlay does not answer for an address',
  'The neighbour is INCOMPLETE in the container: "No route to host" after three seconds.',
  checkNeighbourMissing,
)
export const NEIGH_STALE = overlayCheck(
  'neigh-stale',
  'a permanent neighbour entry has an old MAC',
  'An address does not answer, though everything is up; others that learn by ARP reach it.',
  checkNeighbourStale,
)
