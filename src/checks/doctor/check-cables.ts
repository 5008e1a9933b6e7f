import { contains } from '../../flow/address.ts'
import { placeIn, type Space, type SpaceLink } from '../../flow/world.ts'
import type { Check, DoctorFacts, Draft } from './check.ts'
import { at, evidence, linkEvidence, linkText, step } from './draft.ts'
import type { BridgeNetwork, Endpoint, HostMap } from './host-map.ts'
import { addressKey, linkKey, spaceKey } from './keys.ts'

function checkEnslaved({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) =>
    space.namespace.links.flatMap((link) => {
      if (link.kind !== 'veth' || link.master !== undefined) return []
      const found = loneCable(map, { space, link })
      return found === undefined ? [] : [loneDraft(found)]
    }),
  )
}

interface LoneCable {
  readonly port: SpaceLink
  readonly end: Endpoint
  readonly network: BridgeNetwork
}

/** A host's end without a bridge, whose other end has an address in the subnet of one. */
function loneCable(map: HostMap, port: SpaceLink): LoneCable | undefined {
  const { space, link } = port
  if (map.of(space).some((each) => each.link === link)) return undefined
  const peer = map.peer(port)
  if (peer === undefined || peer.space === space || peer.link.master !== undefined) return undefined
  const isRouted = space.namespace.routes.some((route) => route.link === link.index && route.family === 4)
  if (isRouted) return undefined
  const ends = map.of(peer.space).filter((each) => each.link === peer.link && each.ip.family === 4)
  for (const end of ends) {
    const network = map.networks.find((each) => each.space === space && isAround(map, each, end))
    if (network !== undefined) return { port, end, network }
  }
  return undefined
}

/** By the bridge's address, or by those of its other members: a bridge of an overlay need have none. */
function isAround(map: HostMap, { gateways, members, link, space }: BridgeNetwork, end: Endpoint): boolean {
  if (gateways.some(({ subnet }) => contains(subnet, end.ip))) return true
  const isOverlay = space.namespace.links.some((each) => each.master === link.index && each.kind === 'vxlan')
  const others = isOverlay ? map.onSegment(map.segments.of({ link })) : members
  return others.some(({ subnet, ip }) => contains(subnet, end.ip) && ip.text !== end.ip.text)
}

function loneDraft({ port, end, network }: LoneCable): Draft {
  const { space, link } = port
  const words = (...rest: readonly string[]) => ['ip', 'link', 'set', 'dev', link.name, ...rest]
  return {
    severity: 'error',
    title: `the cable of ${end.space.name} is on no bridge: ${linkText(port)}`,
    ...at(space),
    subject: linkText(port),
    evidence: [
      linkEvidence(port, ' has no master'),
      evidence(end.space, 'link', `its other end is ${linkText(end)}, ${end.text}`, { link: end.link.name }),
      linkEvidence(network, ` is the bridge of that subnet`),
    ],
    cause: `${end.space.name} is up and alone: frames leave it and end in ${space.name}. Network managers that claim every interface, and restarts of an engine in the middle of a container's start, leave such cables.`,
    fix: {
      steps: [step(space, words('master', network.link.name), words('nomaster'))],
      summary: `puts it on ${network.link.name}`,
    },
    about: [linkKey(port), linkKey(end), spaceKey(end.space), addressKey(end.ip.text)],
  }
}

function checkMtu({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) =>
    space.namespace.links.flatMap((link) => {
      const place = { space, link }
      const peer = link.kind === 'veth' ? map.peer(place) : undefined
      // each cable once, told at its larger end
      if (peer === undefined || link.mtu <= peer.link.mtu) return []
      return [mtuDraft(place, peer)]
    }),
  )
}

function mtuDraft(large: SpaceLink, small: SpaceLink): Draft {
  const words = (mtu: number) => ['ip', 'link', 'set', 'dev', large.link.name, 'mtu', String(mtu)]
  return {
    severity: 'warning',
    title: `the two ends of a cable differ in MTU: ${linkText(large)} ${large.link.mtu}, ${linkText(small)} ${small.link.mtu}`,
    ...at(large.space),
    subject: `MTU of ${linkText(large)}`,
    evidence: [linkEvidence(large), linkEvidence(small)],
    cause: `What ${large.space.name} sends of more than ${small.link.mtu} bytes is dropped at the other end without a word and without a message to the sender.`,
    fix: {
      steps: [step(large.space, words(small.link.mtu), words(large.link.mtu))],
      summary: 'makes both the smaller one',
    },
    about: [linkKey(large), linkKey(small), spaceKey(large.space), spaceKey(small.space)],
  }
}

function checkVlans({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) =>
    space.namespace.links.flatMap((link) => {
      if (link.vlan === undefined) return []
      const parent = map.world.other(space, link.parent)
      const port = parent === undefined ? undefined : map.peer(parent)
      return port === undefined ? [] : vlanDraft(map, { space, link }, port)
    }),
  )
}

function vlanDraft(map: HostMap, sub: SpaceLink, port: SpaceLink): Draft[] {
  const id = sub.link.vlan?.id ?? 0
  const bridge = port.space.namespace.links.find(({ index }) => index === port.link.master)
  if (bridge?.bridge?.vlanFiltering !== true) return []
  const own = (port.link.port?.vlans ?? []).find((each) => each.id === id)
  if (own !== undefined && !own.untagged) return []
  if (!isUsed(map, sub)) return []
  const words = (verb: string) => ['bridge', 'vlan', verb, 'vid', String(id), 'dev', port.link.name]
  const allowed = (port.link.port?.vlans ?? []).map((each) => `${each.id}${each.untagged ? ' untagged' : ''}`)
  return [
    {
      severity: 'error',
      title: `VLAN ${id} of ${linkText(sub)} does not pass the port ${port.link.name} of ${port.space.name}`,
      ...at(port.space),
      subject: `VLANs of ${linkText(port)}`,
      evidence: [
        {
          text: `port ${port.link.name} of ${bridge.name} in ${port.space.name} lets through VLAN ${allowed.join(', ') || 'none'}, not ${id} tagged`,
          place: placeIn(port.space, 'bridge-port', port.link.name, { link: port.link.name }),
        },
        linkEvidence(sub, ` vlan id ${id}`),
      ],
      cause: `The switch at the other end of the cable filters VLANs: tagged frames of ${id} are dropped at that port, and all containers of that VLAN are cut off beyond this host.`,
      fix: { steps: [step(port.space, words('add'), words('del'))], summary: `lets VLAN ${id} through` },
      about: [
        linkKey(sub),
        linkKey(port),
        ...map.world.childrenOf(sub).map((child) => spaceKey(child.space)),
        spaceKey(sub.space),
      ],
    },
  ]
}

function isUsed(map: HostMap, sub: SpaceLink): boolean {
  return (
    map.world.childrenOf(sub).length > 0 ||
    sub.link.master !== undefined ||
    map.of(sub.space).some(({ link }) => link === sub.link)
  )
}

/** Kinds of owners that are containers beyond doubt. */
const OWNED: ReadonlySet<string> = new Set(['docker', 'podman', 'cri', 'lab', 'docker-sandbox'])

function checkLeaked({ world, map }: DoctorFacts): Draft[] {
  return world.spaces.flatMap((space) => {
    if (!isOwnerless(space)) return []
    const { links } = space.namespace
    const ports = links.flatMap((link) => {
      const peer = map.peer({ space, link })
      return peer?.link.master === undefined ? [] : [peer]
    })
    const port = ports.find((each) => isEngineBridge(map, each))
    return port === undefined ? [] : [leakedDraft(map, space, port)]
  })
}

/** Nobody lives in it, and no engine says that it is a container's. */
function isOwnerless({ namespace: { owner, pids, inode }, snapshot }: Space): boolean {
  if (pids.length > 0) return false
  if (owner.kind === 'netns' || owner.kind === 'fd') return true
  // a sandbox of an engine that was asked and does not know it
  const isAsked = snapshot.networks.some(({ engine }) => engine === 'docker')
  const isKnown = snapshot.containers.some(({ namespace }) => namespace === inode)
  return owner.kind === 'docker' && owner.containerId === undefined && isAsked && !isKnown
}

/** A bridge where others are containers of an engine or a lab: `ip netns` alone is how people build their own. */
function isEngineBridge(map: HostMap, { space, link: { master } }: SpaceLink): boolean {
  const network = map.networks.find((each) => each.space === space && each.link.index === master)
  if (network === undefined) return false
  const isMade = network.link.madeBy !== undefined || network.link.alias?.startsWith('tsnet:') === true
  return isMade || network.members.some(({ space: { namespace } }) => OWNED.has(namespace.owner.kind))
}

function leakedDraft(map: HostMap, space: Space, port: SpaceLink): Draft {
  const { owner, names, inode } = space.namespace
  const own = map.of(space).filter(({ ip }) => ip.family === 4)
  const [holder] = own
  const held =
    owner.kind === 'fd'
      ? `held open by ${owner.process?.command ?? 'a process'} (pid ${owner.process?.pid ?? '?'})`
      : `kept by ${names[0] ?? 'a bind mount'}`
  return {
    severity: 'warning',
    title: `a namespace that no container owns is still on a bridge: ${space.name}${holder === undefined ? '' : ` with ${holder.text}`}`,
    ...at(space),
    subject: `namespace ${space.name}`,
    evidence: [
      evidence(space, 'kernel', `namespace ${inode} has no process and is ${held}`),
      linkEvidence(port, ' leads to it'),
      ...own
        .slice(0, 2)
        .map((each) => evidence(space, 'link', `${each.text} on ${linkText(each)}`, { link: each.link.name })),
    ],
    cause:
      'Its container is gone, and the kernel answers for its address as long as something holds the namespace. The engine may give the address to another container.',
    fix: {
      steps: [step(port.space, ['ip', 'link', 'del', 'dev', port.link.name])],
      summary: 'removes the cable to it; the namespace goes when nobody holds it any more',
      warning: 'nothing brings the cable back: look whose namespace it is first',
    },
    about: [spaceKey(space), linkKey(port)],
  }
}

export const VETH_NOT_ENSLAVED: Check = {
  id: 'veth-not-enslaved',
  title: 'the cable of a container is on no bridge',
  needs: ['links', 'addrs', 'routes'],
  explains: [
    'unreachable-neighbour',
    'unreachable-subnet',
    'unreachable-outside',
    'unreachable-published',
    'published-port-unreachable',
    'default-route-wrong',
    'hairpin-off',
    'fdb-stale',
    'fdb-missing',
    'neigh-missing',
  ],
  explanation: {
    symptom: 'A container is up, has its address and route, and reaches nobody, not even its gateway.',
    why: "The host's end of its veth is in no bridge. NetworkManager, systemd-networkd and `ip link set nomaster` take it out.",
    see: ['bridge link', 'ip -d link show type veth', 'networkctl list'],
    fix: 'Put the end back on the bridge of the network, and tell the network manager to leave veth and br- interfaces alone.',
    intended:
      'Plugins that route to each container (calico, ptp) use no bridge: where a route leads into the cable, nothing is said.',
  },
  check: checkEnslaved,
}

export const MTU_MISMATCH: Check = {
  id: 'mtu-mismatch',
  title: 'the two ends of a cable differ in MTU',
  needs: ['links'],
  explanation: {
    symptom: 'Large packets pass in one direction only.',
    why: 'A veth drops what is larger than the MTU of its other end, and no message tells the sender.',
    see: ['ip link show dev eth0', 'ip -s link show'],
    fix: 'Give both ends the same MTU.',
    intended: 'Hardly ever.',
  },
  check: checkMtu,
}

export const VLAN_NOT_TRUNKED: Check = {
  id: 'vlan-not-trunked',
  title: 'a switch port does not let the VLAN of a sub-interface through',
  needs: ['links'],
  explains: ['unreachable-neighbour', 'unreachable-subnet', 'default-route-wrong'],
  explanation: {
    symptom: 'The containers of one VLAN reach each other on the host, and nobody beyond; other VLANs work.',
    why: 'Frames of eth0.N carry the tag N, and the port of the switch must have N as a tagged VLAN.',
    see: ['bridge vlan show', 'ip -d link show eth0.10', 'tcpdump -eni eth0 vlan'],
    fix: 'Add the VLAN to the port.',
    intended: 'A VLAN that shall stay inside one host.',
  },
  check: checkVlans,
}

export const LEAKED_NAMESPACE: Check = {
  id: 'leaked-namespace',
  title: 'a namespace without a container is still wired to a bridge',
  needs: ['links', 'addrs'],
  explains: ['duplicate-address', 'unreachable-neighbour', 'default-route-wrong'],
  explanation: {
    symptom:
      'An address answers that no container owns; a network cannot be removed, or a new container gets an address that is taken.',
    why: 'A network namespace lives as long as a process, an open descriptor or a bind mount holds it, with all its links. A killed engine or plugin leaves mounts below /run/docker/netns or /run/netns.',
    see: ['tsnet-shoot ns', 'lsns -t net', 'ls /run/docker/netns /run/netns'],
    fix: 'End who holds it, or unmount it; removing the host end of its cable takes it off the bridge at once.',
    intended: 'A namespace that you put on the bridge yourself, as a probe for example.',
  },
  check: checkLeaked,
}
