import type { FdbEntry, Link } from '../../../model/snapshot.ts'
import { overlayName } from '../../build/lab-paths.ts'
import { type EndpointObject, objectsOf, type PeerObject } from '../../resolve/lab-object.ts'
import { command, type Fault, type FaultPlan, type Probe, ping } from '../fault.ts'
import type { LabFacts } from '../lab-facts.ts'
import { ipv4Of, linkWith } from '../members.ts'

/** A container of an overlay network that knows one on another host. */
interface RemotePair {
  readonly near: EndpointObject
  readonly far: PeerObject
  /** Plain. */
  readonly farAddress: string
  /** Interface of the near one in the network. */
  readonly link: Link
  /** Namespace of the network on the near host. */
  readonly place: string
  readonly vxlan: Link
  /** By which the far one's host is found. */
  readonly entry: FdbEntry | undefined
  readonly probe: Probe
}

/** One for each container that somebody on another host talks to. */
function remotePairs(facts: LabFacts): readonly RemotePair[] {
  const endpoints = objectsOf(facts.lab, 'endpoint')
  return objectsOf(facts.lab, 'peer').flatMap((far) => {
    const near = endpoints.find(
      ({ host, network, ipv4 }) => host === far.host && network === far.network && ipv4 !== undefined,
    )
    return near === undefined ? [] : (pairOf(facts, near, far) ?? [])
  })
}

function pairOf({ places }: LabFacts, near: EndpointObject, far: PeerObject): RemotePair | undefined {
  const place = overlayName(far.network, far.host)
  const [inside, sandbox] = [places.get(near.container), places.get(place)]
  const vxlan = sandbox?.links.find(({ kind }) => kind === 'vxlan')
  const link = inside === undefined ? undefined : linkWith(inside, near.ipv4 ?? '')
  if (vxlan === undefined || link === undefined) return undefined
  const farAddress = far.address.split('/')[0] ?? ''
  const entry = sandbox?.fdb.find(({ mac, destination }) => mac === far.mac && destination !== undefined)
  return { near, far, farAddress, link, place, vxlan, entry, probe: ping(near.container, farAddress) }
}

/** What a container has learnt is forgotten: it asks again. */
function forget({ near, link }: RemotePair) {
  return command(near.container, 'ip', 'neighbour', 'flush', 'dev', link.name)
}

function planOf(pair: RemotePair, symptom: string): Pick<FaultPlan, 'target' | 'symptom' | 'probes'> {
  return {
    target: `${pair.near.host}:${pair.far.container}`,
    symptom: symptom.replace('NEAR', pair.near.container).replace('FAR', pair.far.container),
    probes: [pair.probe],
  }
}

export const FDB_MISSING: Fault = {
  id: 'fdb-missing',
  summary: 'the VXLAN device does not know behind which host a container is',
  find: (facts) =>
    remotePairs(facts).flatMap((pair): readonly FaultPlan[] => {
      const { place, vxlan, entry, far } = pair
      if (entry?.destination === undefined) return []
      return [
        {
          ...planOf(pair, 'NEAR does not reach FAR on the other host, and reaches others there'),
          steps: [command(place, 'bridge', 'fdb', 'delete', far.mac, 'dev', vxlan.name, 'dst', entry.destination)],
          expected: { places: [place], mentions: [far.mac] },
        },
      ]
    }),
}

export const FDB_STALE: Fault = {
  id: 'fdb-stale',
  summary: 'the VXLAN device sends what is for a container to a host that it is not on',
  find: (facts) =>
    remotePairs(facts).flatMap((pair): readonly FaultPlan[] => {
      const { place, vxlan, entry, far } = pair
      const wrong = hostAddresses(facts).find(
        (address) => address !== far.vtep && address !== vxlan.vxlan?.local && !isAt(facts, address, far.host),
      )
      if (entry === undefined || wrong === undefined) return []
      return [
        {
          ...planOf(pair, 'NEAR does not reach FAR on the other host, and reaches others there'),
          steps: [command(place, 'bridge', 'fdb', 'replace', far.mac, 'dev', vxlan.name, 'dst', wrong)],
          expected: { places: [place], mentions: [far.mac, wrong] },
        },
      ]
    }),
}

function hostAddresses({ lab }: LabFacts): readonly string[] {
  return objectsOf(lab, 'attachment').flatMap(({ addresses }) => ipv4Of(addresses) ?? [])
}

function isAt({ lab }: LabFacts, address: string, host: string): boolean {
  return objectsOf(lab, 'attachment').some(({ node, addresses }) => node === host && ipv4Of(addresses) === address)
}

export const NEIGH_MISSING: Fault = {
  id: 'neigh-missing',
  summary: 'the VXLAN device that answers for others does not know the MAC address of a container',
  find: (facts) =>
    remotePairs(facts).map((pair) => ({
      ...planOf(pair, 'NEAR does not find FAR on the other host, and finds others there'),
      steps: [command(pair.place, 'ip', 'neighbour', 'delete', pair.farAddress, 'dev', pair.vxlan.name), forget(pair)],
      expected: { places: [pair.place], mentions: [pair.farAddress] },
    })),
}

const NOBODYS_MAC = '02:42:0a:ff:ff:99'

export const NEIGH_STALE: Fault = {
  id: 'neigh-stale',
  summary: 'the VXLAN device answers with the MAC address of a container that is gone',
  find: (facts) =>
    remotePairs(facts).map((pair) => ({
      ...planOf(pair, 'NEAR does not reach FAR on the other host, and reaches others there'),
      steps: [
        command(
          pair.place,
          ...`ip neighbour replace ${pair.farAddress} lladdr ${NOBODYS_MAC} dev ${pair.vxlan.name} nud permanent`.split(
            ' ',
          ),
        ),
        forget(pair),
      ],
      around: [pair.near.container],
      // it has learnt the wrong one
      stir: [{ from: pair.near.container, command: forget(pair).command }],
      expected: { places: [pair.place], mentions: [pair.farAddress, NOBODYS_MAC] },
    })),
}

/** The host on the other side, each once, and who notices. */
function pairsByFarHost(
  facts: LabFacts,
  wanted: (pair: RemotePair) => boolean,
): readonly { readonly host: string; readonly pair: RemotePair }[] {
  const hosts = new Map<string, RemotePair>()
  for (const pair of remotePairs(facts).filter(wanted)) {
    const host = objectsOf(facts.lab, 'endpoint').find(
      ({ container, network }) => container === pair.far.container && network === pair.far.network,
    )?.host
    if (host !== undefined && !hosts.has(host)) hosts.set(host, pair)
  }
  return [...hosts].map(([host, pair]) => ({ host, pair }))
}

export const VXLAN_PORT_BLOCKED: Fault = {
  id: 'vxlan-port-blocked',
  summary: 'the firewall of a host drops the UDP port of VXLAN',
  find: (facts) =>
    pairsByFarHost(facts, (pair) => !isEncrypted(facts, pair)).map(({ host, pair }) => ({
      ...planOf(pair, `NEAR reaches nobody on ${host}, and the hosts reach each other`),
      target: host,
      steps: [
        command(
          host,
          ...`iptables -I INPUT -p udp -m udp --dport ${pair.vxlan.vxlan?.port ?? 4789} -j DROP`.split(' '),
        ),
      ],
      expected: { places: [host], mentions: [String(pair.vxlan.vxlan?.port ?? 4789), 'DROP'] },
    })),
}

function isEncrypted({ lab }: LabFacts, { far }: RemotePair): boolean {
  return objectsOf(lab, 'network').some(
    ({ name, options }) => name === far.network && options['encrypted'] !== undefined,
  )
}

const ETHERNET_MTU = '1500'

export const MTU_OVERLAY_EXCEEDS_UNDERLAY: Fault = {
  id: 'mtu-overlay-exceeds-underlay',
  summary: 'an overlay network has the MTU of the network below it',
  find: (facts) => {
    const networks = new Map(remotePairs(facts).map((pair) => [pair.far.network, pair]))
    return [...networks].map(([network, { probe: _, near, link }]) => ({
      target: network,
      symptom: `small packets pass in ${network}, and large ones are lost, sent again, and lost`,
      steps: [
        ...objectsOf(facts.lab, 'network')
          .filter(({ name }) => name === network)
          .flatMap(({ host }) => sandboxLinks(facts, overlayName(network, host))),
        ...objectsOf(facts.lab, 'endpoint')
          .filter((endpoint) => endpoint.network === network)
          .flatMap(({ container, ipv4 = '' }) => {
            const inside = facts.places.get(container)
            const own = inside === undefined ? undefined : linkWith(inside, ipv4)
            return own === undefined ? [] : [setMtu(container, own.name)]
          }),
      ],
      expected: {
        places: [...facts.places.keys()].filter((place) => place.startsWith(`${network}@`) || place === near.container),
        mentions: [ETHERNET_MTU, link.name],
      },
      probes: [],
    }))
  },
}

function sandboxLinks({ places }: LabFacts, place: string) {
  const links = places.get(place)?.links ?? []
  return links
    .filter(({ name, mtu }) => name !== 'lo' && mtu < Number(ETHERNET_MTU))
    .map(({ name }) => setMtu(place, name))
}

function setMtu(place: string, name: string) {
  return command(place, 'ip', 'link', 'set', 'dev', name, 'mtu', ETHERNET_MTU)
}

export const ESP_BLOCKED: Fault = {
  id: 'esp-blocked',
  summary: 'the firewall of a host drops ESP',
  find: (facts) =>
    pairsByFarHost(facts, (pair) => isEncrypted(facts, pair)).map(({ host, pair }) => ({
      ...planOf(
        pair,
        `NEAR does not reach FAR in the encrypted network, and other networks work between the same hosts`,
      ),
      target: host,
      steps: [command(host, ...'iptables -I INPUT -p esp -j DROP'.split(' '))],
      expected: { places: [host], mentions: ['esp', 'DROP'] },
    })),
}

export const XFRM_MISMATCH: Fault = {
  id: 'xfrm-mismatch',
  summary: 'one host has lost the association by which it takes in what another encrypts',
  find: (facts) =>
    pairsByFarHost(facts, (pair) => isEncrypted(facts, pair)).flatMap(({ host, pair }): readonly FaultPlan[] => {
      const own = pair.far.vtep
      const used = facts.places
        .get(pair.near.host)
        ?.xfrm.policies.find(({ direction, destination }) => direction === 'out' && destination.startsWith(`${own}/`))
        ?.templates[0]
      if (used?.spi === undefined) return []
      const spi = `0x${used.spi.toString(16).padStart(8, '0')}`
      return [
        {
          ...planOf(
            pair,
            'NEAR does not reach FAR in the encrypted network, and other networks work between the same hosts',
          ),
          target: host,
          steps: [
            command(host, ...`ip xfrm state delete src ${used.source} dst ${own} proto esp spi ${spi}`.split(' ')),
          ],
          around: [pair.near.host],
          expected: { places: [host, pair.near.host], mentions: [spi] },
        },
      ]
    }),
}
