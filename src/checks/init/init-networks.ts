import type { HostSnapshot } from '../../model/snapshot.ts'
import { containerRows, networkRows } from '../rows/host-rows.ts'
import type { InitLine } from './init-checks.ts'
import { inOrder, pick } from './init-rows.ts'

export function networkLines(snapshot: HostSnapshot): readonly InitLine[] {
  const facts = { snapshot, connections: new Map() }
  return inOrder(networkRows(facts), ['name']).map((row): InitLine => {
    const expect = pick(row, ['driver', 'internal', 'ipv6', 'subnets', 'gateways', 'containers'], 'given')
    return { network: String(row['name']), expect }
  })
}

export function containerLines(snapshot: HostSnapshot): readonly InitLine[] {
  const facts = { snapshot, connections: new Map() }
  return inOrder(containerRows(facts), ['name']).map((row): InitLine => {
    const expect = pick(row, ['engine', 'state', 'image', 'networks', 'addresses', 'ports'], 'given')
    return { container: String(row['name']), expect }
  })
}
