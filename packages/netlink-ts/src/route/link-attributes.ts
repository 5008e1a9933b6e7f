import { type AttributeCursor, type AttributeReaders, readAttributes } from '../attribute.ts'
import { AF } from '../libc.ts'
import { u64 } from '../reader.ts'
import type { Link, LinkCounters } from './link.ts'
import { ADDR_GEN_MODES, IFLA, IFLA_INET6, IFLA_INFO, LINK_MODES, OPERSTATES } from './link-constants.ts'
import { decodeLinkInfo, decodeSlaveInfo } from './link-kinds/registry.ts'

/** How each attribute of RTM_NEWLINK gets into a {@link Link}. */
export const LINK_ATTRIBUTES: AttributeReaders<Link> = {
  [IFLA.IFNAME]: (link, cursor) => {
    link.name = cursor.string()
  },
  [IFLA.ADDRESS]: (link, cursor) => {
    link.mac = cursor.mac()
  },
  [IFLA.BROADCAST]: (link, cursor) => {
    link.broadcast = cursor.mac()
  },
  [IFLA.PERM_ADDRESS]: (link, cursor) => {
    link.permanentMac = cursor.mac()
  },
  [IFLA.MTU]: (link, cursor) => {
    link.mtu = cursor.u32()
  },
  [IFLA.LINK]: (link, cursor) => {
    link.link = cursor.u32()
  },
  [IFLA.LINK_NETNSID]: (link, cursor) => {
    link.netnsid = cursor.s32()
  },
  [IFLA.QDISC]: (link, cursor) => {
    link.qdisc = cursor.string()
  },
  [IFLA.MASTER]: (link, cursor) => {
    link.master = cursor.u32()
  },
  [IFLA.TXQLEN]: (link, cursor) => {
    link.txQueueLength = cursor.u32()
  },
  [IFLA.OPERSTATE]: (link, cursor) => {
    link.operstate = OPERSTATES[cursor.u8()] ?? String(cursor.u8())
  },
  [IFLA.LINKMODE]: (link, cursor) => {
    link.linkMode = LINK_MODES[cursor.u8()] ?? String(cursor.u8())
  },
  [IFLA.LINKINFO]: (link, cursor) => {
    readAttributes(link, cursor.nested(), INFO_ATTRIBUTES)
  },
  [IFLA.IFALIAS]: (link, cursor) => {
    link.alias = cursor.string()
  },
  [IFLA.STATS64]: (link, cursor) => {
    link.counters = readCounters(cursor.bytes, cursor.at(13 * 8))
  },
  [IFLA.AF_SPEC]: (link, cursor) => {
    link.addressGeneration = readAddressGeneration(cursor.nested()) ?? link.addressGeneration
  },
  [IFLA.GROUP]: (link, cursor) => {
    link.group = cursor.u32()
  },
  [IFLA.PROP_LIST]: (link, cursor) => {
    link.altnames = readAltnames(cursor.nested())
  },
  [IFLA.PARENT_DEV_NAME]: (link, cursor) => {
    link.parentDevice = cursor.string()
  },
  [IFLA.PARENT_DEV_BUS_NAME]: (link, cursor) => {
    link.parentBus = cursor.string()
  },
  [IFLA.PROMISCUITY]: (link, cursor) => {
    link.promiscuity = cursor.u32()
  },
  [IFLA.ALLMULTI]: (link, cursor) => {
    link.allmulticast = cursor.u32()
  },
  [IFLA.MIN_MTU]: (link, cursor) => {
    link.minMtu = cursor.u32()
  },
  [IFLA.MAX_MTU]: (link, cursor) => {
    link.maxMtu = cursor.u32()
  },
  [IFLA.NUM_TX_QUEUES]: (link, cursor) => {
    link.txQueues = cursor.u32()
  },
  [IFLA.NUM_RX_QUEUES]: (link, cursor) => {
    link.rxQueues = cursor.u32()
  },
  [IFLA.GSO_MAX_SIZE]: (link, cursor) => {
    link.gsoMaxSize = cursor.u32()
  },
  [IFLA.GSO_MAX_SEGS]: (link, cursor) => {
    link.gsoMaxSegments = cursor.u32()
  },
  [IFLA.CARRIER]: (link, cursor) => {
    link.carrier = cursor.u8() !== 0
  },
  [IFLA.CARRIER_CHANGES]: (link, cursor) => {
    link.carrierChanges = cursor.u32()
  },
  [IFLA.PROTO_DOWN]: (link, cursor) => {
    link.protoDown = cursor.u8() !== 0
  },
}

/** The kind comes before its data, as the kernel writes them. */
const INFO_ATTRIBUTES: AttributeReaders<Link> = {
  [IFLA_INFO.KIND]: (link, cursor) => {
    link.kind = cursor.string()
  },
  [IFLA_INFO.DATA]: (link, cursor) => {
    if (link.kind !== undefined) link.info = decodeLinkInfo(link.kind, cursor.bytes, cursor.start, cursor.end)
  },
  [IFLA_INFO.SLAVE_KIND]: (link, cursor) => {
    link.slaveKind = cursor.string()
  },
  [IFLA_INFO.SLAVE_DATA]: (link, cursor) => {
    if (link.slaveKind !== undefined) {
      link.slave = decodeSlaveInfo(link.slaveKind, cursor.bytes, cursor.start, cursor.end)
    }
  },
}

function readAltnames(cursor: AttributeCursor): readonly string[] {
  const names: string[] = []
  while (cursor.next()) {
    if (cursor.type === IFLA.ALT_IFNAME) names.push(cursor.string())
  }
  return names
}

function readAddressGeneration(families: AttributeCursor): string | undefined {
  while (families.next()) {
    if (families.type !== AF.INET6) continue
    const cursor = families.nested()
    while (cursor.next()) {
      if (cursor.type === IFLA_INET6.ADDR_GEN_MODE) return ADDR_GEN_MODES[cursor.u8()] ?? String(cursor.u8())
    }
  }
  return undefined
}

function readCounters(bytes: Uint8Array, at: number): LinkCounters {
  return {
    rxPackets: u64(bytes, at),
    txPackets: u64(bytes, at + 8),
    rxBytes: u64(bytes, at + 16),
    txBytes: u64(bytes, at + 24),
    rxErrors: u64(bytes, at + 32),
    txErrors: u64(bytes, at + 40),
    rxDropped: u64(bytes, at + 48),
    txDropped: u64(bytes, at + 56),
    multicast: u64(bytes, at + 64),
    collisions: u64(bytes, at + 72),
    rxOverErrors: u64(bytes, at + 88),
    rxMissedErrors: u64(bytes, at + 120),
    txCarrierErrors: u64(bytes, at + 136),
  }
}
