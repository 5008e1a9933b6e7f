import { closeSync, openSync, readFileSync } from 'node:fs'
import {
  copyNftTable,
  deleteNftTable,
  dumpNftChains,
  dumpNftTables,
  inNewNamespace,
  NetlinkError,
  NFNL_SUBSYS,
  NFPROTO,
  nfnetlinkBatch,
  type Request,
} from 'netlink-ts'
import { NetworkHost } from '../network-host.ts'
import {
  DNS_CHAINS,
  DNS_NFT_TABLE,
  type DnsPorts,
  type DnsRuleBackend,
  dnsNftRules,
  dnsNftRulesRemoval,
  dnsRules,
  dnsRulesRemoval,
} from './dns-rules.ts'

/**
 * Puts the rules of the embedded DNS into any number of sandboxes with the same ports. The tool runs once, in a
 * namespace made for it; what it made is read as the kernel has it and written into each sandbox in one netlink
 * transaction, which takes a twentieth of the time. Where that cannot be (iptables on its legacy back end, a sandbox
 * that has a nat table already) the tool runs in the sandbox.
 */
export class DnsRuleInstaller {
  readonly #ports: DnsPorts
  readonly #backend: DnsRuleBackend
  #copy: Promise<readonly Request[] | undefined> | undefined

  constructor(ports: DnsPorts, backend: DnsRuleBackend = 'iptables') {
    this.#ports = ports
    this.#backend = backend
  }

  /**
   * Repeated, it replaces the rules by those of its own ports.
   *
   * @throws TsnetError `unsupported` without the tool or without NAT in the kernel
   */
  async install(sandbox: NetworkHost): Promise<void> {
    this.#copy ??= copyOfRules(this.#ports, this.#backend)
    const copy = await this.#copy
    if (copy === undefined || hasTable(sandbox, 'nat')) return this.#runTool(sandbox)
    const replaced = hasTable(sandbox, DNS_NFT_TABLE) ? [deleteNftTable(NFT_TABLE)] : []
    nfnetlinkBatch(sandbox.netfilter, [...replaced, ...copy], { subsystem: NFNL_SUBSYS.NFTABLES })
  }

  async #runTool(sandbox: NetworkHost): Promise<void> {
    await removeDnsRules(sandbox)
    await runTool(sandbox, this.#ports, this.#backend)
  }
}

const NFT_TABLE = { family: NFPROTO.IPV4, name: DNS_NFT_TABLE }

/** Takes away the rules of either kind; no error when there are none. */
export async function removeDnsRules(sandbox: NetworkHost): Promise<void> {
  if (hasTable(sandbox, DNS_NFT_TABLE)) await sandbox.run('nft', ['-f', '-'], { input: dnsNftRulesRemoval() })
  if (await hasDnsChain(sandbox)) await restore(sandbox, dnsRulesRemoval())
}

async function copyOfRules(ports: DnsPorts, backend: DnsRuleBackend): Promise<readonly Request[] | undefined> {
  const fd = inNewNamespace(() => openSync('/proc/thread-self/ns/net', 'r'))
  try {
    const template = NetworkHost.open(`/proc/self/fd/${fd}`)
    try {
      await runTool(template, ports, backend)
      const name = backend === 'nft' ? DNS_NFT_TABLE : 'nat'
      return hasTable(template, name) ? copyNftTable(template.netfilter, { family: NFPROTO.IPV4, name }) : undefined
    } finally {
      template.close()
    }
  } finally {
    closeSync(fd)
  }
}

async function runTool(host: NetworkHost, ports: DnsPorts, backend: DnsRuleBackend): Promise<void> {
  if (backend === 'nft') await host.run('nft', ['-f', '-'], { input: dnsNftRules(ports), package: 'nftables' })
  else await restore(host, dnsRules(ports))
}

async function restore(host: NetworkHost, input: string): Promise<void> {
  await host.run('iptables-restore', ['--noflush', '--wait'], { input, package: 'iptables' })
}

function hasTable(host: NetworkHost, name: string): boolean {
  return withoutNft(false, () => dumpNftTables(host.netfilter, NFPROTO.IPV4).some((table) => table.name === name))
}

async function hasDnsChain(host: NetworkHost): Promise<boolean> {
  const { output } = DNS_CHAINS
  const isListed = withoutNft(false, () =>
    dumpNftChains(host.netfilter, NFPROTO.IPV4).some(({ table, name }) => table === 'nat' && name === output),
  )
  if (isListed || !hasLegacyTable(host)) return isListed
  const { stdout } = await host.run('iptables-save', ['-t', 'nat'], { package: 'iptables' })
  return stdout.includes(`:${output} `)
}

/** Asked beforehand, because the tool of the legacy back end would make the table by looking. */
function hasLegacyTable(host: NetworkHost): boolean {
  try {
    const names = host.inside(() => readFileSync('/proc/thread-self/net/ip_tables_names', 'utf8'))
    return names.split('\n').includes('nat')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** A kernel without nf_tables has no tables of it. */
function withoutNft<T>(otherwise: T, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'kernel' && error.errno === EINVAL) return otherwise
    throw error
  }
}

/** nfnetlink for a subsystem that nobody registered. */
const EINVAL = 22
