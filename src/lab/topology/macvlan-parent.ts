import type { NodeInterfaces } from './node-interfaces.ts'
import type { NetworkSpec } from './topology.ts'

export const PARENT_OPTION = 'parent'

/** `eth0.10` is VLAN 10 on eth0. */
export function splitParent(parent: string): { readonly base: string; readonly vlan?: string } {
  const dot = parent.lastIndexOf('.')
  return dot < 0 ? { base: parent } : { base: parent.slice(0, dot), vlan: parent.slice(dot + 1) }
}

/** The segment (with its VLAN) that containers of a macvlan or ipvlan network are on; undefined = none. */
export function segmentBelow(
  { driver, options }: Pick<NetworkSpec, 'driver' | 'options'>,
  { attachments }: NodeInterfaces,
): string | undefined {
  const parent = options[PARENT_OPTION]
  if ((driver !== 'macvlan' && driver !== 'ipvlan') || parent === undefined) return undefined
  const { base, vlan } = splitParent(parent)
  const segment = attachments.find((attachment) => attachment.interface === base)?.segment
  if (segment === undefined) return undefined
  return vlan === undefined ? `segment ${segment}` : `segment ${segment}.${vlan}`
}
