import { list, number, object, type Schema, text, yesNo } from './schema.ts'
import type {
  BridgeInfo,
  BridgePortInfo,
  EndpointReference,
  Link,
  LinkCounters,
  PortVlan,
  VxlanInfo,
} from './snapshot.ts'

const reference = object<EndpointReference>({ index: number }, { namespace: number })

const counters = object<LinkCounters>(
  {
    rxPackets: number,
    rxBytes: number,
    rxErrors: number,
    rxDropped: number,
    rxMulticast: number,
    txPackets: number,
    txBytes: number,
    txErrors: number,
    txDropped: number,
  },
  {},
)

const bridge = object<BridgeInfo>(
  { stp: yesNo, vlanFiltering: yesNo, forwardDelayMs: number, ageingTimeMs: number },
  {
    vlanDefaultPvid: number,
    groupForwardMask: number,
    multicastSnooping: yesNo,
    nfCallIptables: yesNo,
    nfCallIp6tables: yesNo,
    nfCallArptables: yesNo,
    bridgeId: text,
    rootId: text,
  },
)

const port = object<BridgePortInfo>(
  {
    state: text,
    hairpin: yesNo,
    isolated: yesNo,
    learning: yesNo,
    flood: yesNo,
    guard: yesNo,
    rootBlock: yesNo,
    fastLeave: yesNo,
    proxyArp: yesNo,
    neighSuppress: yesNo,
    cost: number,
    priority: number,
    number,
  },
  {
    multicastFlood: yesNo,
    broadcastFlood: yesNo,
    proxyArpWifi: yesNo,
    vlanTunnel: yesNo,
    locked: yesNo,
    vlans: list(object<PortVlan>({ id: number, pvid: yesNo, untagged: yesNo }, {})),
  },
)

const vxlan = object<VxlanInfo>(
  { vni: number, port: number, learning: yesNo, proxy: yesNo, rsc: yesNo, l2miss: yesNo, l3miss: yesNo },
  { underlay: number, local: text, remote: text, ttl: number, ageingS: number, external: yesNo, udpChecksum: yesNo },
)

export const linkSchema: Schema<Link> = object<Link>(
  { index: number, name: text, kind: text, mtu: number, flags: list(text), operstate: text, counters },
  {
    mac: text,
    qdisc: text,
    txQueueLength: number,
    group: number,
    master: number,
    peer: reference,
    parent: reference,
    netnsid: number,
    bridge,
    port,
    vxlan,
    vlan: object({ id: number, protocol: text }, {}),
    macvlan: object({ mode: text }, {}),
    ipvlan: object({ mode: text, flags: list(text) }, {}),
    tun: object({ type: text }, {}),
    bond: object<NonNullable<Link['bond']>>({ mode: text }, { activeSlave: number }),
    alias: text,
    altnames: list(text),
    madeBy: text,
  },
)
