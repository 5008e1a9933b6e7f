import { dumpNftTables, inNamespace, NETLINK } from 'netlink-ts'
import { type Firewall, readFirewall } from '../kernel/firewall/read-firewall.ts'
import { isModuleActive } from '../kernel/modules.ts'
import type { NamespaceSession } from './session.ts'

/** The packet filter of an open namespace: the save tools are started only when there is a table to save. */
export function readFirewallOf(session: NamespaceSession, name: string): Promise<Firewall> {
  return readFirewall({
    // Our own descriptor cannot come to mean another namespace, as a process id can.
    namespace: { path: `/proc/self/fd/${session.fd}`, inode: session.inode },
    name,
    nftTables: nftTables(session),
    inside: (path, action) => inNamespace({ path }, action),
  })
}

function nftTables(session: NamespaceSession) {
  if (!isModuleActive('nf_tables')) return []
  return dumpNftTables(session.socket(NETLINK.NETFILTER)).map(({ familyName, name }) => ({ family: familyName, name }))
}
