import type { RuleContext } from './rule.ts'

/** NOTRACK: connection tracking, which comes later, leaves the packet alone. One that is tracked already stays so. */
export function untracked({ packet }: RuleContext): void {
  packet.tracking ??= { state: 'UNTRACKED', direction: 'original' }
}
