import { readFileSync } from 'node:fs'
import type { Context } from '../command.ts'
import { messageOf, TsnetError } from '../errors.ts'
import type { HostReading } from '../inspect/read-host.ts'
import { parseSnapshot } from '../model/parse.ts'
import { type SelectorResolver, selectNamespace } from '../model/select.ts'
import type { Hidden, HostSnapshot, Kind, Namespace } from '../model/snapshot.ts'
import { groupBy } from '../model/wiring.ts'
import type { OwnerOptions } from '../owners/identify.ts'

/** What a command looks at. */
export interface Facts extends HostReading {
  /** Those that `-n` names, else all. */
  readonly namespaces: readonly Namespace[]
}

export interface Needed {
  /** Read of the chosen namespaces. */
  readonly kinds: readonly Kind[]
  /** Read of all, so that names can be told. */
  readonly context?: readonly Kind[]
  readonly connections?: boolean
}

/** The facts that a command needs, of this host or of `--from FILE`. */
export async function readFacts({ options }: Pick<Context, 'options'>, needed: Needed): Promise<Facts> {
  const selectors = options.list('netns')
  const file = options.text('from')
  if (file !== undefined) {
    const snapshot = readSnapshotFile(file)
    return { snapshot, connections: new Map(), namespaces: chosenFrom(snapshot, selectors) }
  }
  const { readHost } = await import('../inspect/read-host.ts')
  const { inodeOfPath, inodeOfPid } = await import('../kernel/namespaces.ts')
  let inodes: ReadonlySet<number> | undefined
  const choose = (host: HostSnapshot): readonly number[] => {
    const chosen = chosenFrom(host, selectors, { inodeOfPid, inodeOfPath }).map(({ inode }) => inode)
    inodes = new Set(chosen)
    return chosen
  }
  const kinds = selectors.length > 0 ? needed.kinds : [...new Set([...needed.kinds, ...(needed.context ?? [])])]
  const reading = await readHost({
    kinds,
    engines: ownerOptionsOf({ options }),
    ...(needed.connections === true ? { connections: true } : {}),
    ...(selectors.length > 0 ? { choose } : {}),
  })
  const { namespaces } = reading.snapshot
  return { ...reading, namespaces: namespaces.filter(({ inode }) => inodes?.has(inode) ?? true) }
}

/** How the container engines are found. */
export function ownerOptionsOf({ options }: Pick<Context, 'options'>): OwnerOptions {
  const { DOCKER_HOST = '' } = process.env
  return {
    dockerSockets: options.list('docker-socket'),
    ...(DOCKER_HOST === '' ? {} : { dockerHost: DOCKER_HOST }),
  }
}

function chosenFrom(
  snapshot: HostSnapshot,
  selectors: readonly string[],
  resolver?: SelectorResolver,
): readonly Namespace[] {
  if (selectors.length === 0) return snapshot.namespaces
  const chosen = new Set(selectors.map((selector) => selectNamespace(snapshot, selector, resolver)))
  return snapshot.namespaces.filter((namespace) => chosen.has(namespace))
}

/** A snapshot that was saved; `-` is stdin. */
export function readSnapshotFile(file: string): HostSnapshot {
  const name = file === '-' ? 'stdin' : file
  return parseSnapshot(readText(file === '-' ? 0 : file, name), name)
}

function readText(file: string | number, name: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new TsnetError('input', `${name}: ${reasonOf(cause)}`, { cause })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
}

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  return REASONS[code] ?? messageOf(cause)
}

/** More lines than this about what is missing hide what is there. */
const LISTED = 4

/** What could not be looked at, in words, for people. In JSON it is part of the snapshot. */
export function noteHidden({ output }: Pick<Context, 'output'>, hidden: readonly Hidden[]): void {
  const lines = [...groupBy(hidden, ({ reason, hint }) => (hint === undefined ? reason : `${reason} (${hint})`))]
  for (const [reason, entries] of lines.slice(0, LISTED)) output.note(`▲ hidden: ${subjectsOf(entries)}: ${reason}`)
  const more = hidden.length - lines.slice(0, LISTED).flatMap(([, entries]) => entries).length
  if (more > 0) output.note(`▲ hidden: ${more} more; tsnet-shoot snapshot --kinds links | jq .hidden lists them`)
}

/** `links of web, addrs of web and 3 more`. */
function subjectsOf(entries: readonly Hidden[]): string {
  const more = entries.length - LISTED
  const named = entries.slice(0, LISTED).map(({ subject }) => subject)
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** What is missing from these namespaces, or from the whole. */
export function hiddenOf(snapshot: HostSnapshot, namespaces: readonly Namespace[]): readonly Hidden[] {
  const inodes = new Set(namespaces.map(({ inode }) => inode))
  return snapshot.hidden.filter(({ namespace }) => namespace === undefined || inodes.has(namespace))
}
