import type { EndpointObject, NetworkObject, ResolvedLab, ServiceObject } from './lab-object.ts'

/** What an earlier version of a lab has chosen: it stays, so that a changed file changes no more than it must. */
export interface Previous {
  network(id: string): NetworkObject | undefined
  endpoint(id: string): EndpointObject | undefined
  service(id: string): ServiceObject | undefined
}

export function previousOf(lab: ResolvedLab | undefined): Previous {
  const byId = new Map((lab?.objects ?? []).map((object) => [object.id, object]))
  return {
    network: (id) => {
      const object = byId.get(id)
      return object?.kind === 'network' ? object : undefined
    },
    service: (id) => {
      const object = byId.get(id)
      return object?.kind === 'service' ? object : undefined
    },
    endpoint: (id) => {
      const object = byId.get(id)
      return object?.kind === 'endpoint' ? object : undefined
    },
  }
}
