import { placeIn, type Space, type SpaceLink } from '../../flow/world.ts'
import type { FixStep } from '../../model/finding.ts'
import type { Place, PlaceKind } from '../../model/journey.ts'
import { nameOf } from '../../model/wiring.ts'
import type { Evidence } from './check.ts'

/** `eth0 of web`. */
export function linkText({ space, link }: SpaceLink): string {
  return `${link.name} of ${space.name}`
}

export function evidence(
  space: Space,
  kind: PlaceKind,
  text: string,
  more: Pick<Place, 'link' | 'sysctl' | 'entry'> = {},
): Evidence {
  return { text, place: placeIn(space, kind, text, more) }
}

/** A link as `ip link` shows it. */
export function linkEvidence({ space, link }: SpaceLink, remark = ''): Evidence {
  const flags = link.flags.join(',')
  const text = `${link.name} of ${space.name}: <${flags}> mtu ${link.mtu} state ${link.operstate}${remark}`
  return evidence(space, 'link', text, { link: link.name })
}

export function sysctlEvidence(space: Space, name: string): Evidence {
  const value = space.namespace.sysctls[name] ?? 'not set'
  return evidence(space, 'sysctl', `${name} = ${value} in ${space.name}`, { sysctl: name })
}

/** Where a finding is. */
export function at(space: Space): { readonly namespace: number; readonly host?: number } {
  const several = space.world.facts.snapshots.length > 1
  return { namespace: space.namespace.inode, ...(several ? { host: space.host } : {}) }
}

export function step(space: Space, words: readonly string[], undo?: readonly string[]): FixStep {
  const name = nameOf(space.namespace)
  return { ...at(space), name, words, ...(undo === undefined ? {} : { undo }) }
}

/** Sets a sysctl, and back to what it was. */
export function sysctlStep(space: Space, name: string, value: string): FixStep {
  const old = space.namespace.sysctls[name]
  return step(
    space,
    ['sysctl', '-w', `${name}=${value}`],
    old === undefined ? undefined : ['sysctl', '-w', `${name}=${old}`],
  )
}

/** A rule of iptables, by its own tool. */
export function iptables({ backend, family }: { readonly backend: string; readonly family: string }): string {
  const name = family === 'ip6' ? 'ip6tables' : 'iptables'
  return backend === 'legacy' ? `${name}-legacy` : name
}

/** `a, b and 3 more`. */
export function some(names: readonly string[], most = 3): string {
  if (names.length <= most + 1) return names.join(', ')
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`
}
