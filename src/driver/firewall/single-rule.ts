import { TsnetError } from '../../errors.ts'
import type { NetworkHost } from '../network-host.ts'

/** A rule for which Docker runs iptables by itself, outside of the layout of its bridge networks. */
export interface SingleRule {
  readonly table: 'filter' | 'nat' | 'mangle'
  readonly chain: string
  readonly place: 'first' | 'last'
  /** Arguments of iptables behind the chain. */
  readonly words: readonly string[]
}

/** One after the other; those that are there already stay where they are. @throws as {@link NetworkHost.run} */
export async function addRules(host: NetworkHost, rules: readonly SingleRule[]): Promise<void> {
  for (const rule of rules) {
    if (!(await isThere(host, rule))) await runIptables(host, rule, rule.place === 'first' ? '-I' : '-A')
  }
}

/** Last one first. No error for those that are not there. */
export async function removeRules(host: NetworkHost, rules: readonly SingleRule[]): Promise<void> {
  for (const rule of rules.toReversed()) if (await isThere(host, rule)) await runIptables(host, rule, '-D')
}

async function isThere(host: NetworkHost, rule: SingleRule): Promise<boolean> {
  return succeeds(() => runIptables(host, rule, '-C'))
}

/** iptables fails alike for a rule that is not there, a chain that is not, and a match that the kernel lacks. */
async function succeeds(action: () => Promise<void>): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    if (error instanceof TsnetError && error.code === 'failed') return false
    throw error
  }
}

async function runIptables(host: NetworkHost, { table, chain, words }: SingleRule, action: string): Promise<void> {
  await host.run('iptables', ['-w', '-t', table, action, chain, ...words], { package: 'iptables' })
}

/** No error when there is one of that name. */
export async function ensureChain(host: NetworkHost, table: SingleRule['table'], chain: string): Promise<void> {
  if (await hasChain(host, table, chain)) return
  await host.run('iptables', ['-w', '-t', table, '-N', chain], { package: 'iptables' })
}

/** With its rules; nothing may jump to it any more. No error when there is none. */
export async function removeChain(host: NetworkHost, table: SingleRule['table'], chain: string): Promise<void> {
  if (!(await hasChain(host, table, chain))) return
  await host.run('iptables', ['-w', '-t', table, '-F', chain], { package: 'iptables' })
  await host.run('iptables', ['-w', '-t', table, '-X', chain], { package: 'iptables' })
}

export function hasChain(host: NetworkHost, table: SingleRule['table'], chain: string): Promise<boolean> {
  return succeeds(async () => {
    await host.run('iptables', ['-w', '-t', table, '-S', chain], { package: 'iptables' })
  })
}
