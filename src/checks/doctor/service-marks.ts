import { options } from '../../flow/firewall/iptables/tokens.ts'
import { rulePlace } from '../../flow/firewall/traverse.ts'
import type { Space } from '../../flow/world.ts'
import type { FirewallRule, IpvsService } from '../../model/snapshot.ts'
import type { Check, Evidence, Explanation } from './check.ts'

export function serviceText({ protocol, address, port, fwmark }: IpvsService): string {
  return fwmark === undefined ? `${protocol} ${address}:${port}` : `mark ${fwmark}`
}

/** A rule of mangle that marks packets for the balancer. */
export interface Mark {
  readonly rule: FirewallRule
  readonly mark: number
  readonly address: string | undefined
  readonly port: number | undefined
  readonly protocol: string | undefined
}

export const MARK_TARGETS: ReadonlySet<string> = new Set(['--set-xmark', '--set-mark'])

/** Rules of mangle that mark packets for the balancer. */
export function marksOf({ namespace }: Space): Mark[] {
  return namespace.firewall.flatMap((rule) => markOf(rule) ?? [])
}

function markOf(rule: FirewallRule): Mark | undefined {
  if (rule.table !== 'mangle' || !rule.text.includes('-j MARK') || rule.syntax !== 'iptables') return undefined
  const words = options(rule.text)
  const value = (name: string) => words.find((each) => each.name === name && !each.negated)?.values[0]
  const mark = Number((words.find(({ name }) => MARK_TARGETS.has(name))?.values[0] ?? '').split('/')[0])
  const [address, port, protocol] = [value('-d')?.replace(/\/32$/, ''), value('--dport'), value('-p')]
  if (!Number.isInteger(mark) || mark === 0 || (address === undefined && port === undefined)) return undefined
  return { rule, mark, address, port: port === undefined ? undefined : Number(port), protocol }
}

export function ruleLine(space: Space, rule: FirewallRule): Evidence {
  return { text: `-t ${rule.table} -A ${rule.chain} ${rule.text} in ${space.name}`, place: rulePlace(space, rule) }
}

/** Checks of virtual addresses need the same and explain the same. */
export function serviceCheck(id: string, title: string, check: Check['check'], page: Explanation): Check {
  return {
    id,
    title,
    check,
    explanation: page,
    needs: ['links', 'addrs', 'firewall', 'ipvs'],
    explains: ['unreachable-vip', 'unreachable-published', 'unreachable-neighbour', 'published-port-unreachable'],
  }
}
