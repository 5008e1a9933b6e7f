import type { HostSnapshot, Namespace } from './snapshot.ts'

/** A namespace in two snapshots; one side is absent when it came or went. */
export interface NamespacePair {
  /** Its name for people, unique among the pairs. */
  readonly name: string
  readonly before?: Namespace
  readonly after?: Namespace
}

/**
 * Finds each namespace again by what it is (host, container of that name, `ip netns` name, command), for inodes
 * are given anew at every start. Several alike are paired in their order.
 */
export function pairNamespaces(before: HostSnapshot, after: HostSnapshot): NamespacePair[] {
  const old = byIdentity(before.namespaces)
  const current = byIdentity(after.namespaces)
  const identities = new Set([...current.keys(), ...old.keys()])
  const pairs = [...identities].map((identity) => {
    const sides = { before: old.get(identity), after: current.get(identity) }
    const name = (sides.after ?? sides.before)?.owner.name ?? identity
    return {
      identity,
      name,
      ...(sides.before === undefined ? {} : { before: sides.before }),
      ...(sides.after === undefined ? {} : { after: sides.after }),
    }
  })
  const names = new Map<string, number>()
  for (const { name } of pairs) names.set(name, (names.get(name) ?? 0) + 1)
  return pairs.map(({ identity, name, ...sides }) => ({ ...sides, name: names.get(name) === 1 ? name : identity }))
}

function byIdentity(namespaces: readonly Namespace[]): Map<string, Namespace> {
  const found = new Map<string, Namespace>()
  for (const namespace of namespaces) {
    const identity = `${namespace.owner.kind}:${namespace.owner.lab ?? ''}${namespace.owner.name}`
    let unique = identity
    for (let count = 2; found.has(unique); count++) unique = `${identity}#${count}`
    found.set(unique, namespace)
  }
  return found
}

/** Names in one snapshot, for saying `web/eth0` instead of an inode and an ifindex. */
export interface NamespaceNames {
  readonly name: string
  /** By ifindex. */
  readonly links: ReadonlyMap<number, string>
}

/** By inode. */
export function namesByInode(pairs: readonly NamespacePair[], side: 'before' | 'after'): Map<number, NamespaceNames> {
  const names = new Map<number, NamespaceNames>()
  for (const pair of pairs) {
    const namespace = pair[side]
    if (namespace === undefined) continue
    names.set(namespace.inode, {
      name: pair.name,
      links: new Map(namespace.links.map(({ index, name }) => [index, name])),
    })
  }
  return names
}
