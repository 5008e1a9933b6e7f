import { objectsOf } from '../../resolve/lab-object.ts'
import { SEGMENT_BRIDGE } from '../../resolve/resolve-nodes.ts'
import { command, type Fault, type FaultPlan, ping } from '../fault.ts'
import type { LabFacts } from '../lab-facts.ts'
import { ipv4Of } from '../members.ts'
import { macvlanMembers } from './cable-faults.ts'

export const VLAN_NOT_TRUNKED: Fault = {
  id: 'vlan-not-trunked',
  summary: 'a switch filters VLANs and does not let one through to a host',
  find: (facts) =>
    macvlanMembers(facts).flatMap(({ container, host, parent }): readonly FaultPlan[] => {
      const [device = '', id] = parent.split('.')
      const cable = objectsOf(facts.lab, 'attachment').find((each) => each.node === host && each.interface === device)
      const router = objectsOf(facts.lab, 'vlan').find((each) => each.vlan === Number(id) && each.node !== host)
      const address = ipv4Of(router?.addresses ?? [])
      if (id === undefined || cable === undefined || address === undefined) return []
      const { segment } = cable
      const others = vlansOf(facts).filter((each) => each !== Number(id))
      return [
        {
          target: `${host}.${parent}`,
          symptom: `${container} reaches nobody beyond ${host}, and containers of other VLANs do`,
          steps: [
            ...objectsOf(facts.lab, 'attachment')
              .filter((each) => each.segment === segment)
              .flatMap(({ port }) =>
                (port === cable.port ? others : vlansOf(facts)).map((vlan) =>
                  command(segment, 'bridge', 'vlan', 'add', 'dev', port, 'vid', String(vlan)),
                ),
              ),
            command(segment, 'ip', 'link', 'set', SEGMENT_BRIDGE, 'type', 'bridge', 'vlan_filtering', '1'),
          ],
          expected: { places: [segment, host], mentions: [cable.port, id] },
          probes: [ping(container, address)],
        },
      ]
    }),
}

/** Every VLAN of the lab. */
function vlansOf(facts: LabFacts): readonly number[] {
  const written = objectsOf(facts.lab, 'vlan').map(({ vlan }) => vlan)
  const parents = macvlanMembers(facts).flatMap(({ parent }) => parent.split('.')[1] ?? [])
  return [...new Set([...written, ...parents.map(Number)])].sort((a, b) => a - b)
}
