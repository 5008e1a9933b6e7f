import type { HostSnapshot } from '../snapshot.ts'
import { VXLAN_PORTS } from './decode-packet.ts'

/** UDP ports that carry VXLAN on this host: the usual ones, and those of its devices. */
export function vxlanPortsOf({ namespaces }: HostSnapshot): readonly number[] {
  const ports = namespaces.flatMap(({ links }) => links.flatMap(({ vxlan }) => vxlan?.port ?? []))
  return [...new Set([...ports, ...VXLAN_PORTS])]
}
