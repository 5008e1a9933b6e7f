import type { Change } from '../model/change.ts'
import { sanitise } from './sanitise.ts'

const SIGNS: Readonly<Record<Change['action'], string>> = { added: '+', removed: '-', changed: '~', moved: '~' }

/**
 * Differences as lines, under the name of their namespace:
 * ```
 * web
 *   ~ links eth0: mtu 1500 → 1450
 *   - routes default (IPv4) table 254
 *   + firewall ip filter INPUT 3: -p tcp -m tcp --dport 80 -j DROP
 *   ~ firewall ip filter INPUT 5 → 1: -i lo -j ACCEPT
 * ```
 */
export function formatDiff(changes: readonly Change[]): string[] {
  const lines: string[] = []
  let group: string | undefined
  for (const change of changes) {
    const name = change.namespace ?? '(the host as a whole)'
    if (name !== group) {
      lines.push(sanitise(name))
      group = name
    }
    lines.push(`  ${formatChange(change)}`)
  }
  return lines
}

function formatChange(change: Change): string {
  const { action, kind, key } = change
  const detail = isRule(change) ? ruleDetail(change) : fieldDetail(change)
  return `${SIGNS[action]} ${kind} ${sanitise(key)}${detail}`
}

function isRule({ kind, before, after }: Change): boolean {
  return kind === 'firewall' && typeof (after ?? before)?.['position'] === 'number'
}

function ruleDetail({ before, after }: Change): string {
  const places = [before, after].flatMap((side) => (side === undefined ? [] : [String(side['position'])]))
  return ` ${places.join(' → ')}: ${sanitise(String((after ?? before)?.['text']))}`
}

function fieldDetail({ action, before = {}, after = {} }: Change): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const parts = names.map((name) =>
    action === 'changed'
      ? `${sanitise(name)} ${formatValue(before[name])} → ${formatValue(after[name])}`
      : `${sanitise(name)} ${formatValue((action === 'added' ? after : before)[name])}`,
  )
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`
}

function formatValue(value: unknown): string {
  if (value === undefined) return 'none'
  if (typeof value === 'string') return value === '' ? '""' : sanitise(value)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return value.length === 0 ? 'none' : sanitise(value.join(','))
  }
  return sanitise(JSON.stringify(value))
}
