import type { Space, SpaceLink } from '../../flow/world.ts'
import type { Place } from '../../model/journey.ts'

/** Names of objects over all hosts, by which a consequence finds its cause. */
export function spaceKey({ host, namespace }: Space): string {
  return `namespace ${host} ${namespace.inode}`
}

export function linkKey({ space, link }: SpaceLink): string {
  return `link ${space.host} ${space.namespace.inode} ${link.name}`
}

export function addressKey(address: string): string {
  return `address ${address}`
}

/** The object that a packet stopped at, and no wider one. */
export function placeKeys({ kind, namespace, host = 0, link, sysctl, ...rule }: Place): string[] {
  const { backend, family, table, chain, position } = rule
  return [
    ...(link === undefined ? [] : [`link ${host} ${namespace} ${link}`]),
    ...(sysctl === undefined ? [] : [`sysctl ${host} ${namespace} ${sysctl}`]),
    ...(kind === 'rule' || kind === 'policy'
      ? [`${kind} ${host} ${namespace} ${backend} ${family} ${table} ${chain} ${position ?? ''}`]
      : []),
  ]
}
