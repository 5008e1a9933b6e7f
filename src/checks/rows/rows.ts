import type { Namespace } from '../../model/snapshot.ts'
import type { Check } from '../file/check.ts'
import type { Row } from '../file/judge.ts'
import type { FactsResourceName } from '../file/resources.ts'
import { doctorRows } from './doctor-rows.ts'
import type { CheckFacts } from './facts.ts'
import { firewallRows, natRows } from './firewall-rows.ts'
import { containerRows, namespaceRows, networkRows } from './host-rows.ts'
import { addressRows, bridgeRows, linkRows, type Place } from './link-rows.ts'
import { fdbRows, neighbourRows, routeRows, ruleRows } from './route-rows.ts'
import { conntrackRows, ipvsRows, portRows, resolverRows, sysctlRows } from './service-rows.ts'

/**
 * What there is of a resource, before anybody asks for which.
 *
 * @param namespace where; of resources of the whole host it is not asked
 */
export function rowsOf(check: Check, facts: CheckFacts, namespace: Namespace | undefined): readonly Row[] {
  const ofHost = HOST_ROWS[check.resource as keyof typeof HOST_ROWS]
  if (ofHost !== undefined) return ofHost(facts, check)
  if (namespace === undefined) return []
  if (check.resource === 'conntrack') return conntrackRows(namespace, facts.connections.get(namespace.inode), check)
  const rows = ROWS[check.resource as keyof typeof ROWS]
  return rows({ snapshot: facts.snapshot, namespace }, check)
}

const HOST_ROWS = {
  namespace: namespaceRows,
  container: containerRows,
  network: networkRows,
  doctor: doctorRows,
} as const

const ROWS: Readonly<
  Record<
    Exclude<FactsResourceName, keyof typeof HOST_ROWS | 'conntrack'>,
    (place: Place, check: Check) => readonly Row[]
  >
> = {
  link: linkRows,
  address: addressRows,
  bridge: bridgeRows,
  route: routeRows,
  rule: ruleRows,
  neighbour: neighbourRows,
  fdb: fdbRows,
  port: portRows,
  firewall: firewallRows,
  nat: natRows,
  ipvs: ipvsRows,
  sysctl: sysctlRows,
  resolver: resolverRows,
}
