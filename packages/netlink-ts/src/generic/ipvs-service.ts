import { formatIpv4, formatIpv6, parseAddress } from '../address.ts'
import type { Attributes } from '../attribute.ts'
import { malformed } from '../error.ts'
import { AF } from '../libc.ts'
import type { Message } from '../message.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import type { Writer } from '../writer.ts'
import type { GenericFamily } from './family.ts'
import { genericAttributes, genericRequest } from './genetlink.ts'
import { IP_VS_SVC_F, IPVS_CMD, IPVS_CMD_ATTR, IPVS_STATS_ATTR, IPVS_SVC_ATTR } from './ipvs-constants.ts'

/** Exact up to 2^53. */
export interface IpvsCounters {
  readonly connections: number
  readonly packetsIn: number
  readonly packetsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** What names a virtual service: protocol, address and port, or a firewall mark. */
export interface IpvsServiceKey {
  /** AF_INET or AF_INET6. */
  readonly family: number
  /** IPPROTO_*; 0 for a firewall-mark service. */
  readonly protocol: number
  readonly address: string | undefined
  readonly port: number | undefined
  readonly fwmark: number | undefined
}

export interface IpvsVirtualService extends IpvsServiceKey {
  /** `rr`, `wlc`, `sh`… */
  readonly scheduler: string
  /** IP_VS_SVC_F_* */
  readonly flags: number
  /** Seconds that a client stays with its destination; 0 without IP_VS_SVC_F_PERSISTENT. */
  readonly persistentS: number
  /** Persistence granularity: an IPv4 mask as text (`255.255.255.255`), or an IPv6 prefix length. */
  readonly netmask: string | number
  /** Persistence engine: `sip`. */
  readonly persistenceEngine: string | undefined
  readonly counters: IpvsCounters | undefined
}

/** IPVS_CMD_NEW_SERVICE. */
export function decodeIpvsService(message: Message): IpvsVirtualService {
  const service = genericAttributes(message).nested(IPVS_CMD_ATTR.SERVICE)
  if (!service) throw malformed('IPVS service: attribute is missing')
  const family = service.u16(IPVS_SVC_ATTR.AF) ?? AF.INET
  const flagsAt = service.offset(IPVS_SVC_ATTR.FLAGS, 8)
  const flags = flagsAt === undefined ? 0 : (service.u32(IPVS_SVC_ATTR.FLAGS) as number)
  return {
    ...decodeKey(service, family),
    scheduler: service.string(IPVS_SVC_ATTR.SCHED_NAME) ?? '',
    flags,
    persistentS: flags & IP_VS_SVC_F.PERSISTENT ? (service.u32(IPVS_SVC_ATTR.TIMEOUT) ?? 0) : 0,
    netmask: decodeNetmask(service, family),
    persistenceEngine: service.string(IPVS_SVC_ATTR.PE_NAME),
    counters: decodeIpvsCounters(service, IPVS_SVC_ATTR.STATS, IPVS_SVC_ATTR.STATS64),
  }
}

function decodeKey(service: Attributes, family: number): IpvsServiceKey {
  return {
    family,
    protocol: service.u16(IPVS_SVC_ATTR.PROTOCOL) ?? 0,
    address: decodeIpvsAddress(service, IPVS_SVC_ATTR.ADDR, family),
    port: service.u16be(IPVS_SVC_ATTR.PORT),
    fwmark: service.u32(IPVS_SVC_ATTR.FWMARK),
  }
}

/** union nf_inet_addr: 16 bytes, of which IPv4 uses the first 4. */
export function decodeIpvsAddress(attributes: Attributes, type: number, family: number): string | undefined {
  const at = attributes.offset(type, family === AF.INET6 ? 16 : 4)
  if (at === undefined) return undefined
  return family === AF.INET6 ? formatIpv6(attributes.bytes, at) : formatIpv4(attributes.bytes, at)
}

function decodeNetmask(service: Attributes, family: number): string | number {
  const at = service.offset(IPVS_SVC_ATTR.NETMASK, 4)
  if (family === AF.INET6) return service.u32(IPVS_SVC_ATTR.NETMASK) ?? 128
  return at === undefined ? '255.255.255.255' : formatIpv4(service.bytes, at)
}

/** The 64-bit counters, or on kernels before 4.1 those of 32 bits. */
export function decodeIpvsCounters(attributes: Attributes, stats: number, stats64: number): IpvsCounters | undefined {
  const wide = attributes.nested(stats64)
  const narrow = wide ? undefined : attributes.nested(stats)
  if (!wide && !narrow) return undefined
  const count = (type: number) => wide?.u64(type) ?? narrow?.u32(type) ?? 0
  // Bytes have 64 bits in both.
  const bytes = (type: number) => (wide ?? narrow)?.u64(type) ?? 0
  return {
    connections: count(IPVS_STATS_ATTR.CONNS),
    packetsIn: count(IPVS_STATS_ATTR.INPKTS),
    packetsOut: count(IPVS_STATS_ATTR.OUTPKTS),
    bytesIn: bytes(IPVS_STATS_ATTR.INBYTES),
    bytesOut: bytes(IPVS_STATS_ATTR.OUTBYTES),
  }
}

/** The virtual services of the socket's namespace; `family` is that named {@link IPVS_GENL_NAME}. */
export function dumpIpvsServices(socket: NetlinkSocket, family: GenericFamily): IpvsVirtualService[] {
  return socket.dump(genericRequest(family.id, { command: IPVS_CMD.GET_SERVICE }), decodeIpvsService)
}

/** Writes the attributes that name a service. */
export function writeIpvsServiceKey(writer: Writer, key: IpvsServiceKey): Writer {
  writer.u16Attribute(IPVS_SVC_ATTR.AF, key.family)
  if (key.fwmark !== undefined) return writer.u32Attribute(IPVS_SVC_ATTR.FWMARK, key.fwmark)
  if (key.address === undefined || key.port === undefined) throw malformed('IPVS service: address and port, or fwmark')
  writer.u16Attribute(IPVS_SVC_ATTR.PROTOCOL, key.protocol)
  writeIpvsAddress(writer, IPVS_SVC_ATTR.ADDR, key.address)
  return writer.u16beAttribute(IPVS_SVC_ATTR.PORT, key.port)
}

/** union nf_inet_addr. */
export function writeIpvsAddress(writer: Writer, type: number, address: string): Writer {
  const bytes = parseAddress(address)
  return writer.attribute(type, (w) => w.raw(bytes).zeros(16 - bytes.length))
}

export interface IpvsServiceSpecification {
  readonly key: IpvsServiceKey
  readonly scheduler: string
  /** IP_VS_SVC_F_* */
  readonly flags?: number
  /** Makes it persistent. */
  readonly persistentS?: number
}

export function newIpvsService(family: GenericFamily, service: IpvsServiceSpecification): Request {
  const persistent = service.persistentS === undefined ? 0 : IP_VS_SVC_F.PERSISTENT
  return genericRequest(family.id, {
    command: IPVS_CMD.NEW_SERVICE,
    fill: (writer) =>
      writer.nested(IPVS_CMD_ATTR.SERVICE, (w) => {
        writeIpvsServiceKey(w, service.key).stringAttribute(IPVS_SVC_ATTR.SCHED_NAME, service.scheduler)
        w.attribute(IPVS_SVC_ATTR.FLAGS, (flags) => flags.u32((service.flags ?? 0) | persistent).u32(0xffff_ffff))
        w.u32Attribute(IPVS_SVC_ATTR.TIMEOUT, service.persistentS ?? 0)
        w.u32Attribute(IPVS_SVC_ATTR.NETMASK, service.key.family === AF.INET6 ? 128 : 0xffff_ffff)
      }),
  })
}

export function deleteIpvsService(family: GenericFamily, key: IpvsServiceKey): Request {
  return genericRequest(family.id, {
    command: IPVS_CMD.DEL_SERVICE,
    fill: (writer) => writer.nested(IPVS_CMD_ATTR.SERVICE, (w) => writeIpvsServiceKey(w, key)),
  })
}
