import type { Complaints } from '../../model/file/problem.ts'
import type { ContainerSpec, LabTopology } from '../topology/topology.ts'

/** Containers that wait for each other. Each ring is told once, where it closes. */
export function checkOrder({ containers }: LabTopology, complaints: Complaints): void {
  const byName = new Map(containers.map((container) => [container.name, container]))
  const done = new Set<string>()
  const visit = (container: ContainerSpec, way: readonly string[]): void => {
    if (done.has(container.name)) return
    for (const { at, container: name } of container.dependsOn) {
      const from = [...way, container.name].indexOf(name)
      const next = byName.get(name)
      if (from >= 0)
        complaints.error(at, `they wait for each other: ${[...way, container.name].slice(from).join(' → ')} → ${name}`)
      else if (next !== undefined) visit(next, [...way, container.name])
    }
    done.add(container.name)
  }
  for (const container of containers) visit(container, [])
}
