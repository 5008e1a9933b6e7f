import type { Link } from '../../model/snapshot.ts'

/** The VLAN that a frame is in on a bridge that filters; undefined where none is kept apart. */
export type Admission = { readonly vlan: number | undefined } | { readonly refused: string }

/** br_allowed_ingress */
export function admit(bridge: Link, port: Link, tag: number | undefined): Admission {
  if (bridge.bridge?.vlanFiltering !== true) return { vlan: tag }
  const vlans = port.port?.vlans ?? []
  if (tag === undefined) {
    const own = vlans.find(({ pvid }) => pvid)
    return own === undefined ? { refused: `${port.name} has no VLAN for untagged frames` } : { vlan: own.id }
  }
  return vlans.some(({ id }) => id === tag) ? { vlan: tag } : { refused: `VLAN ${tag} is not allowed on ${port.name}` }
}

/** Whether a frame of a VLAN may leave by a port, and the tag that it then has. */
export function release(
  bridge: Link,
  port: Link,
  vlan: number | undefined,
): { readonly tag: number | undefined } | { readonly refused: string } {
  if (bridge.bridge?.vlanFiltering !== true || vlan === undefined) return { tag: vlan }
  const own = port.port?.vlans?.find(({ id }) => id === vlan)
  if (own === undefined) return { refused: `VLAN ${vlan} is not allowed on ${port.name}` }
  return { tag: own.untagged ? undefined : vlan }
}
