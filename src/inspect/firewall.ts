import { dumpNftTables, inNamespace, NETLINK } from 'netlink-ts'
import { listPlainTable } from '../kernel/firewall/plain-table.ts'
import { type Firewall, type FirewallSource, readFirewall } from '../kernel/firewall/read-firewall.ts'
import { isModuleActive } from '../kernel/modules.ts'
import type { NamespaceSession } from './session.ts'

/** The packet filter of an open namespace: tools are started only when there is more to tell than a dump says. */
export function readFirewallOf(session: NamespaceSession, name: string): Promise<Firewall> {
  return readFirewall({
    // Our own descriptor cannot come to mean another namespace, as a process id can.
    namespace: { path: `/proc/self/fd/${session.fd}`, inode: session.inode },
    name,
    ...nftOf(session),
    inside: (path, action) => inNamespace({ path }, action),
  })
}

function nftOf(session: NamespaceSession): Pick<FirewallSource, 'nftTables' | 'plainTable'> {
  if (!isModuleActive('nf_tables')) return { nftTables: [] }
  const socket = session.socket(NETLINK.NETFILTER)
  const tables = dumpNftTables(socket)
  return {
    nftTables: tables.map(({ familyName, name }) => ({ family: familyName, name })),
    plainTable: listPlainTable(socket, tables),
  }
}
