import { malformed } from '../error.ts'
import type { Message } from '../message.ts'
import type { NetlinkSocket } from '../socket.ts'
import type { GenericFamily } from './family.ts'
import { genericAttributes, genericRequest } from './genetlink.ts'
import { IPVS_CMD, IPVS_CMD_ATTR, IPVS_DAEMON_ATTR, IPVS_INFO_ATTR } from './ipvs-constants.ts'

export interface IpvsVersion {
  /** `1.2.1` */
  readonly version: string
  /** Buckets of the connection table. */
  readonly connectionTableSize: number
}

/** IPVS_CMD_SET_INFO, the answer to GET_INFO. */
export function decodeIpvsVersion(message: Message): IpvsVersion {
  const attributes = genericAttributes(message)
  const code = attributes.u32(IPVS_INFO_ATTR.VERSION) ?? 0
  return {
    version: `${code >>> 16}.${(code >>> 8) & 0xff}.${code & 0xff}`,
    connectionTableSize: attributes.u32(IPVS_INFO_ATTR.CONN_TAB_SIZE) ?? 0,
  }
}

export function getIpvsVersion(socket: NetlinkSocket, family: GenericFamily): IpvsVersion {
  return only(socket.request(genericRequest(family.id, { command: IPVS_CMD.GET_INFO }), decodeIpvsVersion))
}

/** Seconds without a packet after which a connection is forgotten. */
export interface IpvsTimeouts {
  readonly tcpS: number
  readonly tcpFinS: number
  readonly udpS: number
}

/** IPVS_CMD_SET_CONFIG, the answer to GET_CONFIG. */
export function decodeIpvsTimeouts(message: Message): IpvsTimeouts {
  const attributes = genericAttributes(message)
  return {
    tcpS: attributes.u32(IPVS_CMD_ATTR.TIMEOUT_TCP) ?? 0,
    tcpFinS: attributes.u32(IPVS_CMD_ATTR.TIMEOUT_TCP_FIN) ?? 0,
    udpS: attributes.u32(IPVS_CMD_ATTR.TIMEOUT_UDP) ?? 0,
  }
}

export function getIpvsTimeouts(socket: NetlinkSocket, family: GenericFamily): IpvsTimeouts {
  return only(socket.request(genericRequest(family.id, { command: IPVS_CMD.GET_CONFIG }), decodeIpvsTimeouts))
}

function only<T>([answer]: readonly T[]): T {
  if (answer === undefined) throw malformed('IPVS: no answer')
  return answer
}

/** A synchronisation daemon: copies connections to or from another director. */
export interface IpvsDaemon {
  readonly state: string
  readonly interfaceName: string
  readonly syncId: number
}

/** linux/ip_vs.h: IP_VS_STATE_* */
const DAEMON_STATES = ['none', 'master', 'backup'] as const

/** IPVS_CMD_NEW_DAEMON. */
export function decodeIpvsDaemon(message: Message): IpvsDaemon {
  const daemon = genericAttributes(message).nested(IPVS_CMD_ATTR.DAEMON)
  if (!daemon) throw malformed('IPVS daemon: attribute is missing')
  const state = daemon.u32(IPVS_DAEMON_ATTR.STATE) ?? 0
  return {
    state: DAEMON_STATES[state] ?? String(state),
    interfaceName: daemon.string(IPVS_DAEMON_ATTR.MCAST_IFN) ?? '',
    syncId: daemon.u32(IPVS_DAEMON_ATTR.SYNC_ID) ?? 0,
  }
}

export function dumpIpvsDaemons(socket: NetlinkSocket, family: GenericFamily): IpvsDaemon[] {
  return socket.dump(genericRequest(family.id, { command: IPVS_CMD.GET_DAEMON }), decodeIpvsDaemon)
}
