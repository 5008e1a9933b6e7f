/** Statements of libnftables-json(5) that end or redirect a packet's way through a chain. */
const VERDICTS: ReadonlySet<string> = new Set([
  'accept',
  'drop',
  'continue',
  'return',
  'reject',
  'queue',
  'masquerade',
  'redirect',
  'dnat',
  'snat',
  'tproxy',
  'jump',
  'goto',
])

/** What the last verdict of a rule is: ACCEPT, DROP, DNAT…, or the name of the chain jumped to. */
export function ruleTarget(expressions: readonly unknown[]): string | undefined {
  for (const expression of expressions.toReversed()) {
    for (const [name, value] of entries(expression)) {
      if (name === 'jump' || name === 'goto') return String(Object(value).target)
      if (VERDICTS.has(name)) return name.toUpperCase()
    }
  }
  return undefined
}

/** Counters of a rule; −1 without, and for a counter with a name (an object of its own). */
export function ruleCounters(expressions: readonly unknown[]): { packets: number; bytes: number } {
  for (const expression of expressions) {
    for (const [name, value] of entries(expression)) {
      if (name !== 'counter') continue
      const { packets, bytes } = Object(value)
      if (typeof packets === 'number' && typeof bytes === 'number') return { packets, bytes }
    }
  }
  return { packets: -1, bytes: -1 }
}

function entries(expression: unknown): [string, unknown][] {
  return typeof expression === 'object' && expression !== null ? Object.entries(expression) : []
}
