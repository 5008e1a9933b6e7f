import { nameOf } from '../../model/wiring.ts'
import { examine } from '../doctor/examine.ts'
import type { Row } from '../file/judge.ts'
import type { CheckFacts } from './facts.ts'

export function doctorRows({ snapshot, connections }: CheckFacts): readonly Row[] {
  const { findings } = examine([snapshot], { connections: [connections] })
  return findings.map(({ id, severity, title, subject, evidence, namespace }): Row => {
    const place = snapshot.namespaces.find(({ inode }) => inode === namespace)
    return { id, severity, title, subject, evidence, namespace: place === undefined ? undefined : nameOf(place) }
  })
}
