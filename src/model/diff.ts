import type { Change } from './change.ts'
import { diffRules, firewallRows } from './diff-firewall.ts'
import { type NamespaceNames, type NamespacePair, namesByInode, pairNamespaces } from './diff-namespaces.ts'
import { type Fields, type Names, ROWS, type Row } from './diff-rows.ts'
import type { HostSnapshot, Kind, Namespace } from './snapshot.ts'

/**
 * What differs between two snapshots of a host, for a person: interface indexes are compared by name, namespaces
 * by owner, firewall rules in their order, everything else as sets. Counters, ages, rule handles and connections
 * are no differences. Only kinds that were read both times are compared.
 */
export function diffSnapshots(before: HostSnapshot, after: HostSnapshot): Change[] {
  const pairs = pairNamespaces(before, after)
  const kinds = after.kinds.filter((kind) => before.kinds.includes(kind))
  const sides = {
    before: namesByInode(pairs, 'before'),
    after: namesByInode(pairs, 'after'),
  }
  return [...hostChanges(before, after), ...pairs.flatMap((pair) => namespaceChanges(pair, kinds, sides))]
}

function hostChanges(before: HostSnapshot, after: HostSnapshot): Change[] {
  const tables: [Change['kind'], (snapshot: HostSnapshot) => Row[]][] = [
    ['host', ({ hostname, kernel, features }) => [{ key: 'host', fields: { hostname, kernel, ...features } }]],
    [
      'container',
      ({ containers }) =>
        containers.map(
          ({ id: _, namespace: __, pid: ___, labels: ____, engine, name, swarm, networks, ...fields }) => ({
            key: `${engine}:${name}`,
            fields: {
              ...fields,
              service: swarm?.service,
              networks: networks.map(({ networkId: _____, ...endpoint }) => endpoint),
            },
          }),
        ),
    ],
    [
      'network',
      ({ networks }) =>
        networks.map(({ id: _, madeBy: __, engine, name, ...fields }) => ({ key: `${engine}:${name}`, fields })),
    ],
    ['hidden', ({ hidden }) => hidden.map(({ subject, reason }) => ({ key: subject, fields: { reason } }))],
  ]
  return tables.flatMap(([kind, rows]) => diffRows(rows(before), rows(after)).map((change) => ({ ...change, kind })))
}

type NamesOfSide = ReadonlyMap<number, NamespaceNames>
type Sides = Readonly<Record<'before' | 'after', NamesOfSide>>

function namespaceChanges(pair: NamespacePair, kinds: readonly Kind[], sides: Sides): Change[] {
  const { name, before, after } = pair
  if (before === undefined || after === undefined) {
    const side = after ? 'after' : 'before'
    const fields = { owner: (after ?? before)?.owner.kind, names: (after ?? before)?.names }
    return [{ namespace: name, kind: 'namespace', action: after ? 'added' : 'removed', key: name, [side]: fields }]
  }
  const oldNames = namesOf(before, sides.before)
  const newNames = namesOf(after, sides.after)
  return kinds.flatMap((kind): Change[] => {
    const label = (change: RowChange): Change => ({ namespace: name, kind, ...change })
    if (kind !== 'firewall') {
      // a newer program's kind is not one of ours
      const rows = ROWS[kind] as (typeof ROWS)[typeof kind] | undefined
      return rows === undefined ? [] : diffRows(rows(before, oldNames), rows(after, newNames)).map(label)
    }
    const tables = diffRows(firewallRows(before), firewallRows(after)).map(label)
    return [...tables, ...diffRules(name, before.firewall, after.firewall)]
  })
}

function namesOf({ inode }: Namespace, side: NamesOfSide): Names {
  const own = side.get(inode)?.links
  const namespace = (other: number | undefined) =>
    other === undefined ? undefined : (side.get(other)?.name ?? 'a namespace unseen')
  return {
    link: (index) => (index === undefined ? undefined : (own?.get(index) ?? `if${index}`)),
    reference: (reference) => {
      if (reference === undefined) return undefined
      const there = reference.namespace === undefined ? undefined : side.get(reference.namespace)
      return there === undefined ? 'unseen' : `${there.name}/${there.links.get(reference.index) ?? 'unseen'}`
    },
    namespace,
  }
}

type RowChange = Omit<Change, 'kind' | 'namespace'>

/** Differences of two tables by key; rows with the same key are told apart by their order. */
function diffRows(before: readonly Row[], after: readonly Row[]): RowChange[] {
  const old = byKey(before)
  const current = byKey(after)
  const removed = [...old]
    .filter(([key]) => !current.has(key))
    .map(([key, fields]): RowChange => {
      return { action: 'removed', key, before: present(fields) }
    })
  const others = [...current].flatMap(([key, fields]): RowChange[] => {
    const was = old.get(key)
    return was === undefined ? [{ action: 'added', key, after: present(fields) }] : changedFields(key, was, fields)
  })
  return [...removed, ...others]
}

function byKey(rows: readonly Row[]): Map<string, Fields> {
  const found = new Map<string, Fields>()
  for (const { key, fields } of rows) {
    let unique = key
    for (let count = 2; found.has(unique); count++) unique = `${key} #${count}`
    found.set(unique, fields)
  }
  return found
}

function changedFields(key: string, before: Fields, after: Fields): RowChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const differing = names.filter((name) => stable(before[name]) !== stable(after[name]))
  if (differing.length === 0) return []
  const pick = (fields: Fields) => present(Object.fromEntries(differing.map((name) => [name, fields[name]])))
  return [{ action: 'changed', key, before: pick(before), after: pick(after) }]
}

function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** JSON that does not depend on the order of keys. */
function stable(value: unknown): string {
  return (
    JSON.stringify(value, (_, item: unknown) =>
      typeof item === 'object' && item !== null && !Array.isArray(item)
        ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : item,
    ) ?? ''
  )
}
