import { lookupRoute } from '../routing/lookup.ts'
import { nexthopsOf } from '../routing/route-table.ts'
import { isLoopbackLink } from '../world.ts'
import type { RuleContext } from './rule.ts'

/** `-m rpfilter` (net/ipv4/netfilter/ipt_rpfilter.c): whether the way back to the source leaves where it came in. */
export function rpFilterTest(flags: ReadonlySet<string>): (context: RuleContext) => boolean {
  const invert = flags.has('--invert')
  return (context) => comesBack(context, flags) !== invert
}

function comesBack({ run, space, packet, in: incoming }: RuleContext, flags: ReadonlySet<string>): boolean {
  if (incoming === undefined || isLoopbackLink(incoming)) return true
  const result = lookupRoute(run, space, {
    family: packet.family,
    destination: packet.source,
    iif: 'lo',
    mark: flags.has('--validmark') ? packet.mark : 0,
    tos: packet.tos,
    anyHop: true,
  })
  if (result.kind === 'error') return false
  const { type } = result.route
  if (type !== 'unicast' && !(type === 'local' && flags.has('--accept-local'))) return false
  return flags.has('--loose') || nexthopsOf(result.route).some(({ link }) => link === incoming.index)
}
