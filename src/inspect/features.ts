import { existsSync, readdirSync } from 'node:fs'
import { findGenericFamily, NETLINK, NetlinkError, NetlinkSocket } from 'netlink-ts'
import { messageOf } from '../errors.ts'
import { isModuleActive } from '../kernel/modules.ts'

/**
 * What this kernel offers us, or why not: features of the machine and rights of this process together, as far
 * as they decide what can be shown. Nothing is loaded to find out.
 */
export function readFeatures(): Record<string, true | string> {
  return {
    netlink: attempt(() => new NetlinkSocket(NETLINK.ROUTE).close()),
    nf_tables: protocolOf('nf_tables', NETLINK.NETFILTER),
    ip_tables: existsSync('/proc/net/ip_tables_names') || 'legacy iptables is not in use in this namespace',
    nf_conntrack: existsSync('/proc/sys/net/netfilter/nf_conntrack_max') || 'connection tracking is not loaded',
    br_netfilter: existsSync('/proc/sys/net/bridge') || 'br_netfilter is not loaded: bridged frames pass no iptables',
    ip_vs: isModuleActive('ip_vs') ? genericFamily('IPVS') : 'ip_vs is not loaded',
    xfrm: isModuleActive('xfrm_user')
      ? attempt(() => new NetlinkSocket(NETLINK.XFRM).close())
      : 'xfrm_user is not loaded',
    ipv6: existsSync('/proc/net/if_inet6') || 'this kernel has no IPv6',
    other_processes:
      canReadPid1() || 'processes of others cannot be read: needs CAP_SYS_PTRACE, and --pid host in a container',
  }
}

function protocolOf(module: string, protocol: number): true | string {
  return isModuleActive(module) ? attempt(() => new NetlinkSocket(protocol).close()) : `${module} is not loaded`
}

function genericFamily(name: string): true | string {
  return attempt(() => {
    const socket = new NetlinkSocket(NETLINK.GENERIC)
    try {
      if (!findGenericFamily(socket, name)) throw new NetlinkError('unsupported', `this kernel has no ${name}`)
    } finally {
      socket.close()
    }
  })
}

function attempt(action: () => void): true | string {
  try {
    action()
    return true
  } catch (error) {
    return messageOf(error)
  }
}

function canReadPid1(): boolean {
  try {
    readdirSync('/proc/1/fd')
    return true
  } catch {
    return false
  }
}
