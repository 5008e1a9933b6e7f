import { closeSync, constants, openSync, readdirSync, readFileSync } from 'node:fs'

/** Documentation/networking/ip-sysctl.rst, nf_conntrack-sysctl.rst, ipvs-sysctl.rst: those that decide a packet's way. */
const SINGLE = [
  'bridge.bridge-nf-call-arptables',
  'bridge.bridge-nf-call-ip6tables',
  'bridge.bridge-nf-call-iptables',
  'bridge.bridge-nf-pass-vlan-input-dev',
  'core.netdev_max_backlog',
  'core.somaxconn',
  'ipv4.fib_multipath_hash_policy',
  'ipv4.fwmark_reflect',
  'ipv4.icmp_echo_ignore_all',
  'ipv4.icmp_ratelimit',
  'ipv4.icmp_ratemask',
  'ipv4.ip_default_ttl',
  'ipv4.ip_early_demux',
  'ipv4.ip_forward',
  'ipv4.ip_local_port_range',
  'ipv4.ip_local_reserved_ports',
  'ipv4.ip_no_pmtu_disc',
  'ipv4.ip_nonlocal_bind',
  'ipv4.ip_unprivileged_port_start',
  'ipv4.neigh.default.gc_thresh1',
  'ipv4.neigh.default.gc_thresh2',
  'ipv4.neigh.default.gc_thresh3',
  'ipv4.ping_group_range',
  'ipv4.tcp_fwmark_accept',
  'ipv4.tcp_l3mdev_accept',
  'ipv4.tcp_max_syn_backlog',
  'ipv4.tcp_mtu_probing',
  'ipv4.tcp_syncookies',
  'ipv4.vs.conn_reuse_mode',
  'ipv4.vs.conntrack',
  'ipv4.vs.expire_nodest_conn',
  'ipv4.vs.expire_quiescent_template',
  'ipv6.bindv6only',
  'ipv6.neigh.default.gc_thresh3',
  'netfilter.nf_conntrack_acct',
  'netfilter.nf_conntrack_buckets',
  'netfilter.nf_conntrack_checksum',
  'netfilter.nf_conntrack_count',
  'netfilter.nf_conntrack_max',
  'netfilter.nf_conntrack_tcp_be_liberal',
  'netfilter.nf_conntrack_tcp_loose',
] as const

const PER_INTERFACE_4 = [
  'accept_local',
  'arp_announce',
  'arp_filter',
  'arp_ignore',
  'forwarding',
  'ignore_routes_with_linkdown',
  'log_martians',
  'proxy_arp',
  'proxy_arp_pvlan',
  'route_localnet',
  'rp_filter',
  'send_redirects',
  'src_valid_mark',
] as const

const PER_INTERFACE_6 = ['accept_dad', 'accept_ra', 'disable_ipv6', 'forwarding', 'proxy_ndp'] as const

/** Interfaces whose per-interface values are read; a host with more has them capped. */
const MAX_INTERFACES = 2048

const ROOT = '/proc/sys/net'

/**
 * The sysctls that matter, of the namespace that the calling thread is in: `net.ipv4.ip_forward` → `1`.
 * Names are as `sysctl` prints them; a dot in an interface name becomes a slash there (`eth0/10`).
 * One that this kernel lacks is left out. Must run between setns in and out, hence synchronous.
 *
 * Every folder is looked up once: the kernel keeps those of all namespaces in one list, which it walks for each name.
 */
export function readSysctls(): Record<string, string> {
  const values: Record<string, string> = {}
  const folders = new Map<string, number | undefined>()
  try {
    for (const name of SINGLE) {
      const folder = name.slice(0, name.lastIndexOf('.'))
      if (!folders.has(folder)) folders.set(folder, openFolder(`${ROOT}/${folder.replaceAll('.', '/')}`))
      keep(values, `net.${name}`, fileIn(folders.get(folder), name.slice(folder.length + 1)))
    }
    readInterfaces(values, 'ipv4', PER_INTERFACE_4)
    readInterfaces(values, 'ipv6', PER_INTERFACE_6)
  } finally {
    for (const folder of folders.values()) closeFolder(folder)
  }
  return values
}

function readInterfaces(values: Record<string, string>, family: string, names: readonly string[]): void {
  const conf = openFolder(`${ROOT}/${family}/conf`)
  for (const link of list(conf).slice(0, MAX_INTERFACES)) {
    const prefix = `net.${family}.conf.${link.replaceAll('.', '/')}`
    const folder = openFolder(fileIn(conf, link))
    for (const name of names) keep(values, `${prefix}.${name}`, fileIn(folder, name))
    closeFolder(folder)
  }
  closeFolder(conf)
}

/** Undefined when this kernel has none, as without IPv6, or the interface went away. */
function openFolder(path: string | undefined): number | undefined {
  if (path === undefined) return undefined
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch {
    return undefined
  }
}

function closeFolder(folder: number | undefined): void {
  if (folder !== undefined) closeSync(folder)
}

function fileIn(folder: number | undefined, name: string): string | undefined {
  return folder === undefined ? undefined : `/proc/self/fd/${folder}/${name}`
}

function list(folder: number | undefined): string[] {
  return folder === undefined ? [] : readdirSync(`/proc/self/fd/${folder}`)
}

function keep(values: Record<string, string>, key: string, path: string | undefined): void {
  if (path === undefined) return
  try {
    values[key] = readFileSync(path, 'utf8').trim().replaceAll('\t', ' ')
  } catch {
    // this kernel lacks it, or the interface went away
  }
}
