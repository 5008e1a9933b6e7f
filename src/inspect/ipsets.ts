import { dumpIpSets, formatIpSetMember, type IpSetTable, NETLINK } from 'netlink-ts'
import { isModuleActive } from '../kernel/modules.ts'
import type { IpSet } from '../model/snapshot.ts'
import type { NamespaceSession } from './session.ts'

/** The sets of a namespace with their members. */
export function readIpSets(session: NamespaceSession): IpSet[] {
  if (!isModuleActive('ip_set')) return []
  return dumpIpSets(session.socket(NETLINK.NETFILTER)).map(toIpSet)
}

export function toIpSet({ name, type, family, members, references, options }: IpSetTable): IpSet {
  return {
    name,
    type,
    ...(family === undefined ? {} : { family }),
    members: members.map(formatIpSetMember),
    references,
    options,
  }
}
