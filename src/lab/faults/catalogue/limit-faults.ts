import { objectsOf } from '../../resolve/lab-object.ts'
import type { Fault, FaultPlan } from '../fault.ts'
import { CONNTRACK_MAX } from '../lab-facts.ts'
import { publishedPorts } from '../members.ts'
import { ingressProbe } from './services-faults.ts'

const CONNECTIONS = 300
/** Below what is there; far above what the other machines of a lab have. */
const ALLOWED = 256

export const CONNTRACK_FULL: Fault = {
  id: 'conntrack-full',
  summary: 'the connection table of a host is full; the limit is that of this whole machine (needs --machine)',
  needs: CONNTRACK_MAX,
  machine: true,
  find: (facts) =>
    objectsOf(facts.lab, 'host').flatMap(({ name: host }): readonly FaultPlan[] => {
      const published = publishedPorts(facts).find(({ member }) => member.host === host)
      const probe = published?.probe ?? ingressProbe(facts, host)?.probe
      if (probe === undefined) return []
      return [
        {
          target: host,
          symptom: `${probe.from} gets no answer from ${host} any more, and open connections go on`,
          steps: [
            { place: host, connections: CONNECTIONS },
            { place: host, limit: CONNTRACK_MAX, value: String(ALLOWED) },
          ],
          expected: { places: [host], mentions: [`of ${ALLOWED}`, 'dropped', CONNTRACK_MAX] },
          probes: [probe],
        },
      ]
    }),
}
