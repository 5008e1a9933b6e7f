import type { Container, HostSnapshot, Namespace, OwnerKind } from '../model/snapshot.ts'
import { nameOf } from '../model/wiring.ts'

/** Namespaces of one owner, under one heading of the left pane. */
export interface Group {
  /** Stable: used for folding. */
  readonly id: string
  readonly title: string
  readonly namespaces: readonly Namespace[]
}

const ORDER: readonly string[] = [
  'host',
  'docker',
  'swarm',
  'podman',
  'cri',
  'lab',
  'sandboxes',
  'netns',
  'process',
  'fd',
  'peer',
]

const TITLES: Readonly<Record<string, string>> = {
  sandboxes: 'docker sandboxes',
  cri: 'pods',
  netns: 'ip netns',
  process: 'processes',
  fd: 'held by a descriptor',
  peer: 'seen as a peer only',
}

/** Namespaces by owner: host first, docker by compose project, then what has no engine. */
export function groupNamespaces(snapshot: HostSnapshot): readonly Group[] {
  const containers = new Map(
    snapshot.containers.flatMap((each) => (each.namespace === undefined ? [] : [[each.namespace, each] as const])),
  )
  const groups = new Map<string, { family: string; title: string; namespaces: Namespace[] }>()
  for (const namespace of snapshot.namespaces) {
    const { family, title } = headingOf(namespace, containers.get(namespace.inode))
    const id = groupId(family, title)
    const group = groups.get(id) ?? { family, title, namespaces: [] }
    group.namespaces.push(namespace)
    groups.set(id, group)
  }
  return [...groups]
    .sort(([, a], [, b]) => ORDER.indexOf(a.family) - ORDER.indexOf(b.family) || compare(a.title, b.title))
    .map(([id, { title, namespaces }]) => ({ id, title, namespaces: namespaces.sort(byName) }))
}

function groupId(family: string, title: string): string {
  return `${family}/${title}`
}

/** Id of the group that holds the namespaces of a lab. */
export function labGroupId(lab: string): string {
  return groupId('lab', labTitle(lab))
}

function labTitle(lab: string): string {
  return `lab · ${lab}`
}

interface Heading {
  readonly family: string
  readonly title: string
}

function headingOf(namespace: Namespace, container: Container | undefined): Heading {
  const { owner } = namespace
  if (owner.kind === 'docker-sandbox') return heading('sandboxes')
  if (owner.kind === 'lab') return { family: 'lab', title: labTitle(owner.lab ?? '?') }
  if (owner.kind === 'docker' && container?.swarm !== undefined) {
    return { family: 'swarm', title: `swarm · ${container.swarm.service}` }
  }
  if (owner.kind === 'docker' && container?.compose !== undefined) {
    return { family: 'docker', title: `docker · ${container.compose.project}` }
  }
  return heading(owner.kind)
}

function heading(family: OwnerKind | 'sandboxes'): Heading {
  return { family, title: TITLES[family] ?? family }
}

function byName(a: Namespace, b: Namespace): number {
  return compare(nameOf(a), nameOf(b)) || a.inode - b.inode
}

/** `web2` before `web10`; the same in every locale. */
const COLLATOR = new Intl.Collator('en', { numeric: true })

function compare(a: string, b: string): number {
  return COLLATOR.compare(a, b)
}
