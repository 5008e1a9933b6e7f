import { TsnetError } from '../errors.ts'
import { nearest } from './nearest.ts'
import type { Container, NamespaceIdentity } from './snapshot.ts'

/** What a selector is looked up in: a HostSnapshot, or its namespaces without their tables. */
export interface Selectable<N extends NamespaceIdentity> {
  readonly namespaces: readonly N[]
  readonly containers: readonly Container[]
}

/** What only the live host can answer; a saved snapshot is asked without it. */
export interface SelectorResolver {
  /** Inode of the network namespace of a task; undefined when there is none or it may not be read. */
  inodeOfPid(pid: number): number | undefined
  /** Inode of a file that is a network namespace. */
  inodeOfPath(path: string): number | undefined
}

/** The ways to write a selector, for usage texts and completion. */
export const SELECTOR_FORMS = ['host', 'NAME', 'docker:NAME|ID', 'pid:N', 'path:/…', 'inode:N', 'lab:LAB/NAME'] as const

/**
 * The one namespace that a selector means.
 *
 * @throws TsnetError `usage` when it means none (with the nearest names) or several (with each of them spelled so that
 * it is unique).
 */
export function selectNamespace<N extends NamespaceIdentity>(
  snapshot: Selectable<N>,
  selector: string,
  resolver?: SelectorResolver,
): N {
  const matches = matchSelector(snapshot, selector, resolver)
  const [match] = matches
  if (match !== undefined && matches.length === 1) return match
  if (match === undefined) throw unknown(snapshot, selector)
  const candidates = matches.map((namespace) => uniqueSelector(snapshot, namespace))
  throw new TsnetError('usage', `select ${selector}: ${matches.length} namespaces match: ${listed(candidates)}`, {
    hint: `Say which one, for example -n ${candidates[0]}`,
  })
}

/** The shortest readable selector that means this namespace and no other. */
export function uniqueSelector<N extends NamespaceIdentity>(snapshot: Selectable<N>, namespace: N): string {
  for (const candidate of selectorsOf(snapshot, namespace)) {
    const matches = matchSelector(snapshot, candidate)
    if (matches.length === 1 && matches[0] === namespace) return candidate
  }
  return `inode:${namespace.inode}`
}

/** Every selector worth offering: for completion and for "did you mean". */
export function knownSelectors<N extends NamespaceIdentity>(snapshot: Selectable<N>): string[] {
  const known = new Set<string>()
  for (const namespace of snapshot.namespaces) {
    for (const selector of selectorsOf(snapshot, namespace)) known.add(selector)
  }
  return [...known]
}

function* selectorsOf<N extends NamespaceIdentity>(snapshot: Selectable<N>, namespace: N): Generator<string> {
  const { owner } = namespace
  if (owner.kind === 'host') yield 'host'
  if (owner.kind === 'lab' && owner.lab !== undefined) yield `lab:${owner.lab}/${owner.name}`
  yield* namesOf(namespace)
  for (const container of containersIn(snapshot, namespace)) {
    yield container.name
    yield `docker:${container.name}`
    yield `docker:${container.id.slice(0, 12)}`
  }
  for (const name of namespace.names) if (name.startsWith('/')) yield `path:${name}`
  for (const pid of namespace.pids.slice(0, 1)) yield `pid:${pid}`
}

function matchSelector<N extends NamespaceIdentity>(
  snapshot: Selectable<N>,
  selector: string,
  resolver?: SelectorResolver,
): N[] {
  const colon = selector.indexOf(':')
  const scheme = colon < 0 ? undefined : SCHEMES[selector.slice(0, colon)]
  if (scheme === undefined) return byName(snapshot, selector)
  const inodes = scheme(snapshot, selector.slice(colon + 1), resolver)
  return snapshot.namespaces.filter((namespace) => inodes.has(namespace.inode))
}

type Scheme = (
  snapshot: Selectable<NamespaceIdentity>,
  rest: string,
  resolver: SelectorResolver | undefined,
) => ReadonlySet<number>

const SCHEMES: Readonly<Record<string, Scheme | undefined>> = Object.assign(Object.create(null), {
  docker: byContainer,
  pid: byPid,
  path: byPath,
  inode: (_snapshot, rest) => new Set([wholeNumber('inode', rest)]),
  lab: byLab,
} satisfies Record<string, Scheme>)

function byContainer(snapshot: Selectable<NamespaceIdentity>, rest: string): Set<number> {
  const docker = snapshot.containers.filter((container) => container.engine === 'docker')
  const named = docker.filter((container) => container.name === rest || container.id === rest)
  const inodes = inodesOf(named.length > 0 ? named : withIdPrefix(docker, rest))
  for (const { inode, owner } of snapshot.namespaces) {
    if (owner.kind !== 'docker' && owner.kind !== 'docker-sandbox') continue
    if (owner.name === rest || (owner.containerId !== undefined && isIdPrefix(owner.containerId, rest))) {
      inodes.add(inode)
    }
  }
  return inodes
}

function byPid(
  snapshot: Selectable<NamespaceIdentity>,
  rest: string,
  resolver: SelectorResolver | undefined,
): Set<number> {
  const pid = wholeNumber('pid', rest)
  const live = resolver?.inodeOfPid(pid)
  if (live !== undefined) return new Set([live])
  return new Set(snapshot.namespaces.filter(({ pids }) => pids.includes(pid)).map(({ inode }) => inode))
}

function byPath(
  snapshot: Selectable<NamespaceIdentity>,
  rest: string,
  resolver: SelectorResolver | undefined,
): Set<number> {
  const live = resolver?.inodeOfPath(rest)
  if (live !== undefined) return new Set([live])
  const name = /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(rest)?.[1]
  const named = snapshot.namespaces.filter(
    ({ names }) => names.includes(rest) || (name !== undefined && names.includes(name)),
  )
  return new Set(named.map(({ inode }) => inode))
}

function byLab(snapshot: Selectable<NamespaceIdentity>, rest: string): Set<number> {
  const slash = rest.indexOf('/')
  if (slash < 0) throw new TsnetError('usage', `select lab:${rest}: want lab:LAB/NAME`)
  const lab = rest.slice(0, slash)
  const name = rest.slice(slash + 1)
  const own = snapshot.namespaces.filter(
    ({ owner }) => owner.kind === 'lab' && owner.lab === lab && owner.name === name,
  )
  return new Set(own.map(({ inode }) => inode))
}

function byName<N extends NamespaceIdentity>(snapshot: Selectable<N>, name: string): N[] {
  if (name === 'host') {
    const host = snapshot.namespaces.filter(({ owner }) => owner.kind === 'host')
    if (host.length > 0) return host
  }
  const containers = inodesOf(snapshot.containers.filter((container) => container.name === name))
  const named = snapshot.namespaces.filter(
    (namespace) => containers.has(namespace.inode) || namesOf(namespace).includes(name),
  )
  if (named.length > 0) return named
  const prefixed = inodesOf(withIdPrefix(snapshot.containers, name))
  return snapshot.namespaces.filter(({ inode }) => prefixed.has(inode))
}

function namesOf({ names, owner }: NamespaceIdentity): string[] {
  return owner.name === '' ? [...names] : [owner.name, ...names]
}

function containersIn(snapshot: Selectable<NamespaceIdentity>, { inode }: NamespaceIdentity): Container[] {
  return inode === 0 ? [] : snapshot.containers.filter((container) => container.namespace === inode)
}

function withIdPrefix(containers: readonly Container[], prefix: string): Container[] {
  return containers.filter(({ id }) => isIdPrefix(id, prefix))
}

/** Docker takes any length; fewer than four digits would turn a short name into an id. */
function isIdPrefix(id: string, prefix: string): boolean {
  return /^[0-9a-f]{4,64}$/.test(prefix) && id.startsWith(prefix)
}

function inodesOf(containers: readonly Container[]): Set<number> {
  return new Set(containers.flatMap(({ namespace }) => (namespace === undefined ? [] : [namespace])))
}

function wholeNumber(scheme: string, text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new TsnetError('usage', `select ${scheme}:${text}: not a number`, {
    hint: `Write ${scheme}:N, for example ${scheme}:1`,
  })
}

function unknown(snapshot: Selectable<NamespaceIdentity>, selector: string): TsnetError {
  const close = nearest(selector, knownSelectors(snapshot))
  const hint =
    close.length > 0 ? `Did you mean ${close.join(', ')}?` : `A selector is ${SELECTOR_FORMS.join(', ')}; see ns`
  return new TsnetError('usage', `select ${selector}: no such namespace`, { hint })
}

const LISTED = 12

function listed(candidates: readonly string[]): string {
  const rest = candidates.length - LISTED
  return candidates.slice(0, LISTED).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
