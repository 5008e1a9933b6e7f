import type { FirewallRule, Namespace } from '../model/snapshot.ts'

const KEYS = new WeakMap<readonly FirewallRule[], readonly string[]>()

/**
 * A name for each rule of a namespace, in order, that stays its own when rules before it come and go: its
 * handle, or its text (and which of several equal ones it is).
 */
export function ruleKeys(namespace: Namespace): readonly string[] {
  const known = KEYS.get(namespace.firewall)
  if (known !== undefined) return known
  const seen = new Map<string, number>()
  const keys = namespace.firewall.map((rule) => {
    const name = rule.handle === undefined ? rule.text : `#${rule.handle}`
    const key = `${chainKey(namespace.inode, rule)}/${name}`
    const times = (seen.get(key) ?? 0) + 1
    seen.set(key, times)
    return times === 1 ? key : `${key}/${times}`
  })
  KEYS.set(namespace.firewall, keys)
  return keys
}

export function chainKey(inode: number, rule: Pick<FirewallRule, 'backend' | 'family' | 'table' | 'chain'>): string {
  return `${inode}/${rule.backend}/${rule.family}/${rule.table}/${rule.chain}`
}
