import { malformed } from '../error.ts'
import { AF } from '../libc.ts'
import type { Message } from '../message.ts'
import type { NetlinkSocket, Request } from '../socket.ts'
import type { GenericFamily } from './family.ts'
import { genericAttributes, genericRequest } from './genetlink.ts'
import {
  IPVS_CMD,
  IPVS_CMD_ATTR,
  IPVS_DEST_ATTR,
  type IpvsForward,
  ipvsForwardName,
  ipvsForwardNumber,
  ipvsTunnelName,
} from './ipvs-constants.ts'
import {
  decodeIpvsAddress,
  decodeIpvsCounters,
  type IpvsCounters,
  type IpvsServiceKey,
  writeIpvsAddress,
  writeIpvsServiceKey,
} from './ipvs-service.ts'

/** A real server behind a virtual service. */
export interface IpvsRealServer {
  /** AF_INET or AF_INET6. */
  readonly family: number
  readonly address: string
  readonly port: number
  /** `masq`, `route`, `tunnel`, `local`, `bypass`. */
  readonly forward: string
  /** 0 = gets no new connections. */
  readonly weight: number
  readonly upperThreshold: number
  readonly lowerThreshold: number
  /** Connections: established, all others, and persistence templates. */
  readonly active: number
  readonly inactive: number
  readonly persistent: number
  /** Of forwarding by tunnel: `ipip`, `gue`, `gre`. */
  readonly tunnelType: string | undefined
  /** UDP port of a gue tunnel. */
  readonly tunnelPort: number | undefined
  readonly counters: IpvsCounters | undefined
}

/** IPVS_CMD_NEW_DEST. Kernels before 3.18 do not tell the family: it is that of the service then. */
export function decodeIpvsDestination(message: Message, serviceFamily: number = AF.INET): IpvsRealServer {
  const destination = genericAttributes(message).nested(IPVS_CMD_ATTR.DEST)
  if (!destination) throw malformed('IPVS destination: attribute is missing')
  const family = destination.u16(IPVS_DEST_ATTR.ADDR_FAMILY) ?? serviceFamily
  const address = decodeIpvsAddress(destination, IPVS_DEST_ATTR.ADDR, family)
  if (address === undefined) throw malformed('IPVS destination: address is missing')
  const count = (type: number) => destination.u32(type) ?? 0
  const forward = ipvsForwardName(count(IPVS_DEST_ATTR.FWD_METHOD))
  const tunnel = forward === 'tunnel' ? destination.u8(IPVS_DEST_ATTR.TUN_TYPE) : undefined
  return {
    family,
    address,
    port: destination.u16be(IPVS_DEST_ATTR.PORT) ?? 0,
    forward,
    weight: destination.s32(IPVS_DEST_ATTR.WEIGHT) ?? 0,
    upperThreshold: count(IPVS_DEST_ATTR.U_THRESH),
    lowerThreshold: count(IPVS_DEST_ATTR.L_THRESH),
    active: count(IPVS_DEST_ATTR.ACTIVE_CONNS),
    inactive: count(IPVS_DEST_ATTR.INACT_CONNS),
    persistent: count(IPVS_DEST_ATTR.PERSIST_CONNS),
    tunnelType: tunnel === undefined ? undefined : ipvsTunnelName(tunnel),
    tunnelPort: tunnel === undefined ? undefined : destination.u16be(IPVS_DEST_ATTR.TUN_PORT),
    counters: decodeIpvsCounters(destination, IPVS_DEST_ATTR.STATS, IPVS_DEST_ATTR.STATS64),
  }
}

/** The real servers of one virtual service. */
export function dumpIpvsDestinations(
  socket: NetlinkSocket,
  family: GenericFamily,
  service: IpvsServiceKey,
): IpvsRealServer[] {
  const request = genericRequest(family.id, {
    command: IPVS_CMD.GET_DEST,
    fill: (writer) => writer.nested(IPVS_CMD_ATTR.SERVICE, (w) => writeIpvsServiceKey(w, service)),
  })
  return socket.dump(request, (message) => decodeIpvsDestination(message, service.family))
}

export interface IpvsDestinationSpecification {
  readonly service: IpvsServiceKey
  readonly address: string
  readonly port: number
  readonly forward: IpvsForward
  readonly weight: number
}

export function newIpvsDestination(family: GenericFamily, destination: IpvsDestinationSpecification): Request {
  return genericRequest(family.id, {
    command: IPVS_CMD.NEW_DEST,
    fill: (writer) => {
      writer.nested(IPVS_CMD_ATTR.SERVICE, (w) => writeIpvsServiceKey(w, destination.service))
      writer.nested(IPVS_CMD_ATTR.DEST, (w) => {
        writeIpvsAddress(w, IPVS_DEST_ATTR.ADDR, destination.address)
        w.u16beAttribute(IPVS_DEST_ATTR.PORT, destination.port)
        w.u32Attribute(IPVS_DEST_ATTR.FWD_METHOD, ipvsForwardNumber(destination.forward))
        w.u32Attribute(IPVS_DEST_ATTR.WEIGHT, destination.weight)
        w.u32Attribute(IPVS_DEST_ATTR.U_THRESH, 0).u32Attribute(IPVS_DEST_ATTR.L_THRESH, 0)
        w.u16Attribute(IPVS_DEST_ATTR.ADDR_FAMILY, destination.address.includes(':') ? AF.INET6 : AF.INET)
      })
    },
  })
}
