import type { FirewallRule } from '../../model/snapshot.ts'
import type { Check } from '../file/check.ts'
import type { Row } from '../file/judge.ts'
import type { Place } from './link-rows.ts'

/** What only a rule has: whoever speaks of it means a rule, else the chain. */
const OF_RULES: ReadonlySet<string> = new Set(['rule', 'target', 'comment', 'position', 'packets', 'bytes'])

export function firewallRows(place: Place, { where, expect }: Check): readonly Row[] {
  const meansRule = [...where, ...expect.properties].some(({ property }) => OF_RULES.has(property))
  return meansRule ? place.namespace.firewall.map(ruleRow) : chainRows(place)
}

function ruleRow(rule: FirewallRule): Row {
  const { table, chain, family, backend, text, target, comment, position, packets, bytes } = rule
  return {
    table,
    chain,
    family,
    backend,
    rule: text,
    target,
    comment,
    position,
    packets: packets < 0 ? undefined : packets,
    bytes: bytes < 0 ? undefined : bytes,
  }
}

function chainRows({ namespace }: Place): readonly Row[] {
  const rules = new Map<string, string[]>()
  for (const rule of namespace.firewall) {
    const key = keyOf(rule)
    const texts = rules.get(key)
    if (texts === undefined) rules.set(key, [rule.text])
    else texts.push(rule.text)
  }
  return namespace.chains.map((each): Row => {
    const { table, chain, family, backend, hook, priority, policy } = each
    return { table, chain, family, backend, hook, priority, policy, rules: rules.get(keyOf(each)) ?? [] }
  })
}

function keyOf({
  backend,
  family,
  table,
  chain,
}: Pick<FirewallRule, 'backend' | 'family' | 'table' | 'chain'>): string {
  return JSON.stringify([backend, family, table, chain])
}

/** How the rules of iptables and of nft name what they translate, to what, and for whom. */
const KINDS: readonly (readonly [string, RegExp])[] = [
  ['DNAT', /(?:-j DNAT|\bdnat (?:ip6? )?to)\b/],
  ['SNAT', /(?:-j SNAT|\bsnat (?:ip6? )?to)\b/],
  ['MASQUERADE', /(?:-j MASQUERADE|\bmasquerade\b)/],
  ['REDIRECT', /(?:-j REDIRECT|\bredirect\b)/],
]

export function natRows({ namespace }: Place): readonly Row[] {
  return namespace.firewall.flatMap((rule) => {
    const kind = KINDS.find(([, pattern]) => pattern.test(rule.text))?.[0]
    return kind === undefined ? [] : [natRow(kind, rule)]
  })
}

function natRow(kind: string, { text, chain, family, packets }: FirewallRule): Row {
  return {
    kind,
    protocol: first(text, [/(?:^| )-p (\w+)/, /\bmeta l4proto (\w+)/, /\b(tcp|udp|sctp) dport/]),
    port: numberOf(first(text, [/--dport (\d+)(?![:\d])/, /\bdport (\d+)(?![-\d])/])),
    to: first(text, [/--to-(?:destination|source|ports) (\S+)/, /\b(?:[sd]nat (?:ip6? )?|redirect )to (\S+)/]),
    source: first(text, [/(?:^| )-s (\S+)/, /\bip6? saddr (\S+)/]),
    destination: first(text, [/(?:^| )-d (\S+)/, /\bip6? daddr (\S+)/]),
    link: linkOf(text),
    chain,
    family,
    rule: text,
    packets: packets < 0 ? undefined : packets,
  }
}

function first(text: string, patterns: readonly RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

/** `eth0`, or `!eth0` for any other. */
function linkOf(text: string): string | undefined {
  const [, not, name] = /(?:^| )(! )?-[io] (\S+)/.exec(text) ?? /\b[io]ifname (!= )?"?([^\s"]+)/.exec(text) ?? []
  return name === undefined ? undefined : `${not === undefined ? '' : '!'}${name}`
}
