import { readAttributes } from '../attribute.ts'
import { NetlinkError } from '../error.ts'
import { cursorOf, type Message } from '../message.ts'
import { u16, u32 } from '../reader.ts'
import type { NetlinkSocket } from '../socket.ts'
import { LINK_ATTRIBUTES } from './link-attributes.ts'
import { IFLA, IFLA_INFO, interfaceFlags } from './link-constants.ts'
import type { LinkInfo, SlaveInfo } from './link-kinds/registry.ts'
import { RTEXT_FILTER, RTM } from './rtnetlink.ts'

/** A network interface (RTM_NEWLINK). Undefined = the kernel did not say. */
export interface Link {
  /** ifindex */
  index: number
  name: string
  /** ARPHRD_* */
  type: number
  /** IFF_* */
  flags: number
  /** The flags as `ip` prints them, NO-CARRIER included. */
  flagNames: readonly string[]
  mtu: number
  /** Hardware address; for tunnels the 4 or 16 bytes of an IP address as hexadecimal pairs. */
  mac: string | undefined
  broadcast: string | undefined
  permanentMac: string | undefined
  /** RFC 2863, as `ip` prints it. */
  operstate: string
  linkMode: string | undefined
  qdisc: string | undefined
  /** Packets. */
  txQueueLength: number | undefined
  group: number | undefined
  /** ifindex of the bridge, bond or VRF it belongs to. */
  master: number | undefined
  /** ifindex of the peer (veth) or of the device below, in namespace {@link netnsid} if given; 0 = a tunnel bound to none. */
  link: number | undefined
  netnsid: number | undefined
  promiscuity: number | undefined
  allmulticast: number | undefined
  minMtu: number | undefined
  maxMtu: number | undefined
  txQueues: number | undefined
  rxQueues: number | undefined
  gsoMaxSize: number | undefined
  gsoMaxSegments: number | undefined
  carrier: boolean | undefined
  carrierChanges: number | undefined
  protoDown: boolean | undefined
  /** IPv6 address generation: eui64, none, stable_secret, random. */
  addressGeneration: string | undefined
  alias: string | undefined
  altnames: readonly string[] | undefined
  parentDevice: string | undefined
  parentBus: string | undefined
  /** veth, bridge, vxlan…; undefined for hardware and loopback. */
  kind: string | undefined
  /** What is particular to its kind, for the kinds that have something. */
  info: LinkInfo | undefined
  /** Kind of its master. */
  slaveKind: string | undefined
  /** What its master keeps of it: bridge port, bond slave, VRF. */
  slave: SlaveInfo | undefined
  counters: LinkCounters | undefined
}

/** struct rtnl_link_stats64 (linux/if_link.h): packets, bytes and events since the link was made. */
export interface LinkCounters {
  rxPackets: number
  txPackets: number
  rxBytes: number
  txBytes: number
  rxErrors: number
  txErrors: number
  rxDropped: number
  txDropped: number
  multicast: number
  collisions: number
  rxOverErrors: number
  rxMissedErrors: number
  txCarrierErrors: number
}

/** struct ifinfomsg */
const HEADER_BYTES = 16

/** The link of an RTM_NEWLINK or RTM_DELLINK message. */
export function decodeLink(message: Message): Link {
  const cursor = cursorOf(message, HEADER_BYTES)
  const { bytes, start } = message
  const flags = u32(bytes, start + 8)
  const link = emptyLink(u32(bytes, start + 4), u16(bytes, start + 2), flags)
  readAttributes(link, cursor, LINK_ATTRIBUTES)
  return link
}

/** With every field, so that all links share one shape. */
function emptyLink(index: number, type: number, flags: number): Link {
  return {
    index,
    name: '',
    type,
    flags,
    flagNames: interfaceFlags(flags),
    mtu: 0,
    mac: undefined,
    broadcast: undefined,
    permanentMac: undefined,
    operstate: 'UNKNOWN',
    linkMode: undefined,
    qdisc: undefined,
    txQueueLength: undefined,
    group: undefined,
    master: undefined,
    link: undefined,
    netnsid: undefined,
    promiscuity: undefined,
    allmulticast: undefined,
    minMtu: undefined,
    maxMtu: undefined,
    txQueues: undefined,
    rxQueues: undefined,
    gsoMaxSize: undefined,
    gsoMaxSegments: undefined,
    carrier: undefined,
    carrierChanges: undefined,
    protoDown: undefined,
    addressGeneration: undefined,
    alias: undefined,
    altnames: undefined,
    parentDevice: undefined,
    parentBus: undefined,
    kind: undefined,
    info: undefined,
    slaveKind: undefined,
    slave: undefined,
    counters: undefined,
  }
}

export interface DumpLinksOptions {
  /** Only the ports of this master, filtered by the kernel. */
  readonly master?: number
  /** Only links of this kind, filtered by the kernel. */
  readonly kind?: string
  /** RTEXT_FILTER.*; default 0: no VF data. */
  readonly extended?: number
}

/** The links of the socket's namespace. */
export function dumpLinks(socket: NetlinkSocket, options: DumpLinksOptions = {}): Link[] {
  const { master, kind, extended = 0 } = options
  return socket.dump(
    {
      type: RTM.GETLINK,
      fill: (writer) => {
        writer.zeros(HEADER_BYTES)
        if (extended !== 0) writer.u32Attribute(IFLA.EXT_MASK, extended)
        if (master !== undefined) writer.u32Attribute(IFLA.MASTER, master)
        if (kind !== undefined) writer.nested(IFLA.LINKINFO, (info) => info.stringAttribute(IFLA_INFO.KIND, kind))
      },
    },
    decodeLink,
  )
}

/** One link by ifindex or name, without counters. Throws `kernel` with ENODEV when there is none. */
export function getLink(socket: NetlinkSocket, target: { index: number } | { name: string }): Link {
  const [link] = socket.request(
    {
      type: RTM.GETLINK,
      fill: (writer) => {
        writer
          .u32(0)
          .u32('index' in target ? target.index : 0)
          .u32(0)
          .u32(0)
        writer.u32Attribute(IFLA.EXT_MASK, RTEXT_FILTER.SKIP_STATS)
        if ('name' in target) writer.stringAttribute(IFLA.IFNAME, target.name)
      },
    },
    decodeLink,
  )
  if (!link) throw new NetlinkError('malformed', 'link: the kernel answered without one')
  return link
}
