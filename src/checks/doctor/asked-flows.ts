import type { Flow } from '../../model/journey.ts'
import { groupBy } from '../../model/wiring.ts'
import type { HostMap } from './host-map.ts'
import { isMember, oneEach, probesOf, toEndpoint } from './probes.ts'

/**
 * Flows that somebody may ask about: what the containers of a host are for (published ports, names, the way outside),
 * and every pair of each network, as many as allowed; networks take turns, so that a large one leaves room for others.
 */
export function askedFlows(map: HostMap, most: number): { readonly flows: readonly Flow[]; readonly left: number } {
  const meant = probesOf(map).probes.filter(({ kind }) => kind !== 'neighbour')
  const all = distinct([...meant.map(({ flow }) => flow), ...takeTurns(pairsByNetwork(map))])
  return { flows: all.slice(0, most), left: Math.max(0, all.length - most) }
}

function pairsByNetwork(map: HostMap): Flow[][] {
  const members = map.endpoints.filter((each) => isMember(each))
  const networks = groupBy(members, ({ segment, subnet }) => `${segment} ${subnet.words} ${subnet.length}`)
  return [...networks.values()].map((network) => {
    const ends = oneEach(network)
    return ends.flatMap((source) =>
      ends.flatMap((target) => (target === source ? [] : [toEndpoint('neighbour', source, target).flow])),
    )
  })
}

function takeTurns<Each>(lists: readonly (readonly Each[])[]): Each[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, turn) => lists.flatMap((list) => list.slice(turn, turn + 1))).flat()
}

function distinct(flows: readonly Flow[]): Flow[] {
  return [...new Map(flows.map((flow) => [JSON.stringify(flow), flow])).values()]
}
