import { type PlanContext, type PlannedLink, routable, subnet4, subnet6 } from './topology-plan.ts'
import type { Random } from './topology-random.ts'

/** Neighbours of both families, proxies, and forwarding entries of bridges and VTEPs. */
export function neighboursOf(
  context: PlanContext,
  links: readonly PlannedLink[],
): { neighbours: string[]; fdb: string[] } {
  const neighbours = routable(links)
    .filter((link) => !['tun', 'lo'].includes(link.kind))
    .flatMap((link) => neighboursOn(context, link))
  const fdb = links.filter((link) => link.up).flatMap((link) => fdbOn(context.random, link))
  return { neighbours, fdb }
}

function neighboursOn({ random, position }: PlanContext, link: PlannedLink & { readonly subnet: number }): string[] {
  const lines = random.times(random.integer(0, 4), (number) => {
    const address =
      number % 2 === 0
        ? `${subnet4(position, link.subnet)}.${100 + number}`
        : `${subnet6(position, link.subnet)}:a${number}`
    const state = random.pick(['permanent', 'stale', 'noarp', 'reachable'])
    const more = random.chance(0.2) && state === 'permanent' ? 'extern_learn' : ''
    return `neigh add ${address} lladdr ${random.mac()} nud ${state} dev ${link.name} ${more}`
  })
  if (random.chance(0.2)) lines.push(`neigh add proxy ${subnet4(position, link.subnet)}.77 dev ${link.name}`)
  if (random.chance(0.2)) lines.push(`neigh add proxy ${subnet6(position, link.subnet)}:77 dev ${link.name}`)
  return lines
}

function fdbOn(random: Random, link: PlannedLink): string[] {
  if (link.kind === 'vxlan') return random.times(random.integer(0, 4), () => vtepEntry(random, link))
  if (!link.master?.startsWith('br')) return []
  return random.times(random.integer(0, 3), () => {
    const how = random.pick(['static', 'static sticky', 'permanent', 'static extern_learn'])
    return `fdb add ${random.mac()} dev ${link.name} master ${how}`
  })
}

function vtepEntry(random: Random, link: PlannedLink): string {
  const destination = `dst 192.0.2.${random.integer(1, 254)}`
  const options = [
    random.maybe(0.2, `port ${random.integer(1000, 9000)}`),
    random.maybe(0.2, `vni ${random.integer(1, 9999)}`),
  ]
  const mac = random.chance(0.3) ? '00:00:00:00:00:00' : random.mac()
  return `fdb append ${mac} dev ${link.name} ${destination} ${options.filter(Boolean).join(' ')} self permanent`
}
