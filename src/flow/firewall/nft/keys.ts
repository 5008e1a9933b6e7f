import type { FirewallRule } from '../../../model/snapshot.ts'
import type { RuleKeys } from '../rule.ts'
import { isRecord } from './values.ts'

/** What must be so for a native rule to match: matches for equality that stand before its first statement. */
export function nftKeys({ expressions = [] }: FirewallRule): RuleKeys {
  const keys: RuleKeys = {}
  for (const json of expressions) {
    const match = isRecord(json) ? json['match'] : undefined
    if (isRecord(match)) noteKeys(match, keys)
    else if (isRecord(json) && !('counter' in json)) break
  }
  return keys
}

/** Whether a rule writes into the packet, so that later rules match that did not before. */
export function nftRewrites({ expressions = [] }: FirewallRule): boolean {
  return expressions.some((json) => {
    const mangle = isRecord(json) ? json['mangle'] : undefined
    return isRecord(mangle) && isRecord(mangle['key']) && 'payload' in mangle['key']
  })
}

function noteKeys({ op, left, right }: Readonly<Record<string, unknown>>, keys: RuleKeys): void {
  if (op !== '==' || !isRecord(left)) return
  const { payload, meta } = left
  if (isRecord(payload)) noteHeaderKeys(payload, right, keys)
  if (!isRecord(meta) || !isExact(right)) return
  if (meta['key'] === 'iifname') keys.in = right
  if (meta['key'] === 'oifname') keys.out = right
}

function isExact(right: unknown): right is string {
  return typeof right === 'string' && !right.startsWith('@') && !right.endsWith('*')
}

function noteHeaderKeys({ protocol, field }: Readonly<Record<string, unknown>>, right: unknown, keys: RuleKeys): void {
  if (field === 'dport' && typeof right === 'number') keys.destinationPort = right
  if (protocol !== 'ip' && protocol !== 'ip6') return
  const address = isExact(right) ? right : prefixText(right)
  if (address === undefined) return
  if (field === 'daddr') keys.destination = address
  if (field === 'saddr') keys.source = address
}

function prefixText(right: unknown): string | undefined {
  const prefix = isRecord(right) ? right['prefix'] : undefined
  return isRecord(prefix) ? `${String(prefix['addr'])}/${String(prefix['len'])}` : undefined
}
