import { NetlinkError } from '../error.ts'
import { numberOf } from '../fields.ts'
import { AF } from '../libc.ts'
import { NLM_F } from '../message.ts'
import type { Request } from '../socket.ts'
import type { Writer } from '../writer.ts'
import { ADDR_GEN_MODES, IFF, IFLA, IFLA_INET6, IFLA_INFO } from './link-constants.ts'
import { encodeLinkInfo, encodeSlaveInfo, type LinkInfo, type SlaveInfo } from './link-kinds/registry.ts'
import { RTM } from './rtnetlink.ts'

/** linux/veth.h, linux/if_link.h: a second link that is made together with the first. */
const VETH_INFO_PEER = 1
const IFLA_NETKIT_PEER_INFO = 1

/** The namespace that a new or moved link shall live in. */
export type LinkNamespace = { readonly fd: number } | { readonly pid: number }

/** What can be set of any link; absent = unchanged, or the kernel's choice. */
export interface LinkSettings {
  readonly name?: string | undefined
  readonly up?: boolean | undefined
  readonly mac?: string | undefined
  readonly mtu?: number | undefined
  /** Packets. */
  readonly txQueueLength?: number | undefined
  readonly group?: number | undefined
  /** ifindex of the bridge, bond or VRF; 0 = none. */
  readonly master?: number | undefined
  /** '' removes it. */
  readonly alias?: string | undefined
  readonly namespace?: LinkNamespace | undefined
  /** Index that it shall have there. */
  readonly newIndex?: number | undefined
  readonly promiscuous?: boolean | undefined
  readonly arp?: boolean | undefined
  readonly multicast?: boolean | undefined
  readonly allmulticast?: boolean | undefined
  readonly carrier?: boolean | undefined
  readonly protoDown?: boolean | undefined
  /** eui64, none, stable_secret, random. */
  readonly addressGeneration?: string | undefined
  /** What the master keeps of it: bridge port, bond slave. */
  readonly slave?: SlaveInfo | undefined
}

/** Of the second end of a pair: the kernel refuses (ENOTCONN) to bring it up before both ends exist. */
export type PeerSettings = Omit<LinkSettings, 'up'>

/** A new link. */
export interface LinkSpec extends LinkSettings {
  /** veth, bridge, vlan, vxlan, macvlan, ipvlan, dummy, ifb, bond… */
  readonly kind: string
  /** Of the same kind. */
  readonly info?: LinkInfo | undefined
  /** The other end of a veth or netkit pair. */
  readonly peer?: PeerSettings | undefined
  /** The device below (vlan, macvlan, ipvlan, vxlan with a device): ifindex… */
  readonly link?: number | undefined
  /** …in the namespace with this id. */
  readonly linkNetnsid?: number | undefined
  readonly index?: number | undefined
  readonly txQueues?: number | undefined
  readonly rxQueues?: number | undefined
}

const FLAGS = [
  ['up', IFF.UP],
  ['promiscuous', IFF.PROMISC],
  ['multicast', IFF.MULTICAST],
  ['allmulticast', IFF.ALLMULTI],
] as const

/** struct ifinfomsg of link `index` (0 = none yet) with the flags that shall change. */
function encodeHeader(writer: Writer, index: number, settings: LinkSettings): void {
  let flags = 0
  let change = 0
  for (const [name, bit] of FLAGS) {
    if (settings[name] === undefined) continue
    change |= bit
    if (settings[name]) flags |= bit
  }
  if (settings.arp !== undefined) change |= IFF.NOARP
  if (settings.arp === false) flags |= IFF.NOARP
  writer.u8(AF.UNSPEC).u8(0).u16(0).u32(index).u32(flags).u32(change)
}

function encodeSettings(writer: Writer, settings: LinkSettings): void {
  const numbers = [
    [IFLA.MTU, settings.mtu],
    [IFLA.TXQLEN, settings.txQueueLength],
    [IFLA.GROUP, settings.group],
    [IFLA.MASTER, settings.master],
  ] as const
  for (const [type, value] of numbers) if (value !== undefined) writer.u32Attribute(type, value)
  if (settings.name !== undefined) writer.stringAttribute(IFLA.IFNAME, settings.name)
  if (settings.mac !== undefined) writer.macAttribute(IFLA.ADDRESS, settings.mac)
  if (settings.alias !== undefined) encodeAlias(writer, settings.alias)
  if (settings.carrier !== undefined) writer.u8Attribute(IFLA.CARRIER, settings.carrier ? 1 : 0)
  if (settings.protoDown !== undefined) writer.u8Attribute(IFLA.PROTO_DOWN, settings.protoDown ? 1 : 0)
  if (settings.namespace) encodeNamespace(writer, settings.namespace)
  if (settings.newIndex !== undefined) writer.u32Attribute(IFLA.NEW_IFINDEX, settings.newIndex)
  const mode = settings.addressGeneration
  if (mode !== undefined) encodeAddressGeneration(writer, mode)
}

/** Not terminated by a NUL; empty removes it. */
function encodeAlias(writer: Writer, alias: string): void {
  writer.bytesAttribute(IFLA.IFALIAS, new TextEncoder().encode(alias))
}

function encodeNamespace(writer: Writer, namespace: LinkNamespace): void {
  if ('fd' in namespace) writer.u32Attribute(IFLA.NET_NS_FD, namespace.fd)
  else writer.u32Attribute(IFLA.NET_NS_PID, namespace.pid)
}

function encodeAddressGeneration(writer: Writer, mode: string): void {
  writer.nested(IFLA.AF_SPEC, (families) =>
    families.nested(AF.INET6, (inet6) => inet6.u8Attribute(IFLA_INET6.ADDR_GEN_MODE, numberOf(ADDR_GEN_MODES, mode))),
  )
}

/** Makes a link, for a veth or netkit both ends at once. */
export function createLink(spec: LinkSpec): Request {
  const { info, peer } = spec
  if (info && info.kind !== spec.kind) throw new NetlinkError('usage', `link: ${spec.kind} with data of ${info.kind}`)
  return {
    type: RTM.NEWLINK,
    flags: NLM_F.CREATE | NLM_F.EXCL,
    fill: (writer) => {
      encodeHeader(writer, spec.index ?? 0, spec)
      encodeSettings(writer, spec)
      if (spec.link !== undefined) writer.u32Attribute(IFLA.LINK, spec.link)
      if (spec.linkNetnsid !== undefined) writer.u32Attribute(IFLA.LINK_NETNSID, spec.linkNetnsid)
      if (spec.txQueues !== undefined) writer.u32Attribute(IFLA.NUM_TX_QUEUES, spec.txQueues)
      if (spec.rxQueues !== undefined) writer.u32Attribute(IFLA.NUM_RX_QUEUES, spec.rxQueues)
      writer.nested(IFLA.LINKINFO, (nest) => {
        nest.stringAttribute(IFLA_INFO.KIND, spec.kind)
        if (info || peer) nest.nested(IFLA_INFO.DATA, (data) => encodeData(data, spec.kind, { info, peer }))
      })
    },
  }
}

function encodeData(
  writer: Writer,
  kind: string,
  { info, peer }: { info: LinkInfo | undefined; peer: PeerSettings | undefined },
): void {
  if (info) encodeLinkInfo(writer, info)
  if (!peer) return
  writer.nested(kind === 'netkit' ? IFLA_NETKIT_PEER_INFO : VETH_INFO_PEER, (end) => {
    encodeHeader(end, 0, peer)
    encodeSettings(end, peer)
  })
}

/** A veth pair: `name` here (or in `settings.namespace`), `peer` possibly elsewhere. */
export function createVethPair(name: string, peer: PeerSettings, settings: LinkSettings = {}): Request {
  return createLink({ ...settings, kind: 'veth', name, peer })
}

/** Changes a link: settings of any link, data of its kind (`info`), data of its master's (`slave`). */
export function changeLink(index: number, settings: LinkSettings & { readonly info?: LinkInfo }): Request {
  const { info, slave } = settings
  return {
    type: RTM.NEWLINK,
    fill: (writer) => {
      encodeHeader(writer, index, settings)
      encodeSettings(writer, settings)
      if (!info && !slave) return
      writer.nested(IFLA.LINKINFO, (nest) => {
        if (info) {
          nest.stringAttribute(IFLA_INFO.KIND, info.kind)
          nest.nested(IFLA_INFO.DATA, (data) => encodeLinkInfo(data, info))
        }
        if (slave) {
          nest.stringAttribute(IFLA_INFO.SLAVE_KIND, slave.kind)
          nest.nested(IFLA_INFO.SLAVE_DATA, (data) => encodeSlaveInfo(data, slave))
        }
      })
    },
  }
}

/**
 * Deletes a link, or all links of a group; both ends of a pair go. The kernel waits for grace periods (some 17 ms)
 * once a request, so a group of 200 takes no longer than a few single links.
 */
export function deleteLink(
  target: { readonly index: number } | { readonly name: string } | { readonly group: number },
): Request {
  return {
    type: RTM.DELLINK,
    fill: (writer) => {
      encodeHeader(writer, 'index' in target ? target.index : 0, {})
      if ('name' in target) writer.stringAttribute(IFLA.IFNAME, target.name)
      if ('group' in target) writer.u32Attribute(IFLA.GROUP, target.group)
    },
  }
}

/** Adds further names (up to 127 bytes each) to a link. */
export function addAltnames(index: number, names: readonly string[]): Request {
  return altnames(RTM.NEWLINKPROP, NLM_F.CREATE | NLM_F.EXCL | NLM_F.APPEND, { index, names })
}

export function deleteAltnames(index: number, names: readonly string[]): Request {
  return altnames(RTM.DELLINKPROP, 0, { index, names })
}

function altnames(
  type: number,
  flags: number,
  { index, names }: { readonly index: number; readonly names: readonly string[] },
): Request {
  return {
    type,
    flags,
    fill: (writer) => {
      encodeHeader(writer, index, {})
      writer.nested(IFLA.PROP_LIST, (list) => {
        for (const name of names) list.stringAttribute(IFLA.ALT_IFNAME, name)
      })
    },
  }
}
