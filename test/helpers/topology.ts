import { addressesOf } from './topology-addresses.ts'
import { firewallOf } from './topology-firewall.ts'
import { linksOf } from './topology-links.ts'
import { neighboursOf } from './topology-neighbours.ts'
import type { Capabilities, NamespacePlan, PlanContext, TopologyPlan } from './topology-plan.ts'
import { Random } from './topology-random.ts'
import { routesOf } from './topology-routes.ts'
import { socketsOf } from './topology-sockets.ts'
import { trafficControlOf } from './topology-tc.ts'

/** A random wiring of 2 to 4 namespaces. Every command in it is valid: applying it must not fail. */
export function planTopology(seed: number, capabilities: Capabilities): TopologyPlan {
  const random = new Random(seed)
  const names = random.times(random.integer(2, 4), (position) => `t${seed}-${position}`)
  const contexts = names.map((_, position) => ({ random, position, names, capabilities }))
  const wiring = linksOf(contexts)
  const namespaces = contexts.map((context) => planNamespace(context, wiring))
  return { seed, namespaces }
}

function planNamespace(context: PlanContext, wiring: ReturnType<typeof linksOf>): NamespacePlan {
  const { position, names, random } = context
  const { links, make, stack, set } = wiring[position] ?? { links: [], make: [], stack: [], set: [] }
  return {
    name: names[position] ?? '',
    position,
    links,
    makeLinks: make,
    stackLinks: stack,
    setLinks: set,
    addresses: addressesOf(context, links),
    routes: routesOf(context, links),
    ...neighboursOf(context, links),
    trafficControl: trafficControlOf(context, links),
    firewall: firewallOf(context, links),
    sockets: socketsOf(context),
    sysctls: {
      'net.ipv4.ip_forward': random.pick(['0', '1']),
      'net.ipv6.conf.all.forwarding': random.pick(['0', '1']),
      'net.ipv4.conf.all.rp_filter': random.pick(['0', '1', '2']),
    },
  }
}
