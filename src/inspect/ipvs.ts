import { existsSync } from 'node:fs'
import {
  dumpIpvsDestinations,
  dumpIpvsServices,
  findGenericFamily,
  IP_VS_SVC_F,
  IPVS_GENL_NAME,
  type IpvsRealServer,
  type IpvsVirtualService,
  ipProtocolName,
  NETLINK,
} from 'netlink-ts'
import type { IpvsDestination, IpvsService } from '../model/snapshot.ts'
import type { NamespaceSession } from './session.ts'

const AF_INET6 = 10
/** There in every namespace as soon as IPVS is loaded; looking at it loads nothing. */
const IPVS_FILE = '/proc/net/ip_vs'

/** The virtual services of a namespace with their destinations. */
export function readIpvs(session: NamespaceSession): IpvsService[] {
  if (!existsSync(IPVS_FILE)) return []
  const socket = session.socket(NETLINK.GENERIC)
  const family = findGenericFamily(socket, IPVS_GENL_NAME)
  if (!family) return []
  return dumpIpvsServices(socket, family).map((service) =>
    toIpvsService(service, dumpIpvsDestinations(socket, family, service)),
  )
}

export function toIpvsService(service: IpvsVirtualService, destinations: readonly IpvsRealServer[]): IpvsService {
  const { fwmark, address, port, persistentS, counters } = service
  return {
    protocol: fwmark === undefined ? ipProtocolName(service.protocol) : '',
    family: service.family === AF_INET6 ? 6 : 4,
    ...(fwmark === undefined ? {} : { fwmark }),
    ...(address === undefined ? {} : { address }),
    ...(port === undefined ? {} : { port }),
    scheduler: service.scheduler,
    flags: flagNames(service.flags),
    ...(persistentS === 0 ? {} : { persistentS }),
    ...(counters
      ? { packetsIn: counters.packetsIn, bytesIn: counters.bytesIn, connections: counters.connections }
      : {}),
    destinations: destinations.map(toIpvsDestination),
  }
}

/** As ipvsadm(8) writes them. */
const FLAG_NAMES: readonly (readonly [flag: number, name: string])[] = [
  [IP_VS_SVC_F.PERSISTENT, 'persistent'],
  [IP_VS_SVC_F.ONEPACKET, 'ops'],
  [IP_VS_SVC_F.SCHED1, 'flag-1'],
  [IP_VS_SVC_F.SCHED2, 'flag-2'],
  [IP_VS_SVC_F.SCHED3, 'flag-3'],
]

function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter(([flag]) => flags & flag).map(([, name]) => name)
}

function toIpvsDestination({ address, port, weight, forward, active, inactive }: IpvsRealServer): IpvsDestination {
  return { address, port, weight, forward: forward as IpvsDestination['forward'], active, inactive }
}
