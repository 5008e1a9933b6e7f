import { uniqueSelector } from '../../model/select.ts'
import type { HostSnapshot, Namespace } from '../../model/snapshot.ts'
import { nameOf } from '../../model/wiring.ts'
import { sanitise } from '../../report/sanitise.ts'
import { flowText, type Written } from './flow-text.ts'
import { firewallLines } from './init-firewall.ts'
import { bridgeLines, linkLines, neighbourLines } from './init-links.ts'
import { containerLines, networkLines } from './init-networks.ts'
import { addressLines, routeLines, ruleLines } from './init-routes.ts'
import { ipvsLines, portLines, resolverLines, sysctlLines } from './init-services.ts'

/** A check as `init` writes it: one line. */
export type InitLine = { readonly [key: string]: Written | undefined }

/** A name that was found from a namespace, as it is now. */
export interface FoundName {
  readonly from: Namespace
  readonly name: string
  readonly addresses: readonly string[]
}

export interface InitOptions {
  readonly namespaces: readonly Namespace[]
  readonly names: readonly FoundName[]
  /** Also containers and networks of engines: of the whole host. */
  readonly withEngines: boolean
}

/** Kinds of namespaces that have a name tomorrow, too. */
const NAMED: ReadonlySet<string> = new Set(['host', 'docker', 'podman', 'cri', 'lab', 'netns'])

/** Those worth checking when nobody says which. */
export function lastingNamespaces({ namespaces }: HostSnapshot): readonly Namespace[] {
  return namespaces.filter(({ owner }) => NAMED.has(owner.kind))
}

/** A check file that a host as it is now passes; the same facts give the same text. */
export function initChecks(snapshot: HostSnapshot, { namespaces, names, withEngines }: InitOptions): string {
  const sections = namespaces.map((namespace) => {
    const from = uniqueSelector(snapshot, namespace)
    const asked = names.filter((each) => each.from === namespace)
    const lines = linesOf(snapshot, namespace, asked)
    return {
      from,
      title: `${nameOf(namespace)} (${namespace.owner.kind})`,
      lines: lines.map((line) => namedLine(from, line)),
    }
  })
  sections.sort((a, b) => rank(a.from) - rank(b.from) || compare(a.from, b.from))
  const engines = withEngines ? [...networkLines(snapshot), ...containerLines(snapshot)] : []
  const head = [
    `# What ${sanitise(snapshot.hostname)} was like at ${sanitise(snapshot.takenAt)}, written by tsnet-shoot check init.`,
    '# What may change without harm, take out or loosen: docs/checks.md says how.',
    'checks:',
  ]
  const text = [
    ...head,
    ...(engines.length > 0 ? ['  # engines', ...engines.map(lineText)] : []),
    ...sections.flatMap(({ title, from, lines }) => [
      `  # ${sanitise(title)}`,
      lineText({ namespace: from }),
      ...lines.map(lineText),
    ]),
  ]
  return `${text.join('\n')}\n`
}

/** Results are read without the file beside them: a name says where. */
function namedLine(from: string, { name, ...line }: InitLine): InitLine {
  return { ...(typeof name === 'string' ? { name: `${from}: ${name}` } : {}), from, ...line }
}

function linesOf(snapshot: HostSnapshot, namespace: Namespace, names: readonly FoundName[]): readonly InitLine[] {
  const place = { snapshot, namespace }
  return [
    ...linkLines(place),
    ...bridgeLines(place),
    ...addressLines(place),
    ...routeLines(place),
    ...ruleLines(place),
    ...neighbourLines(place),
    ...portLines(place),
    ...firewallLines(place),
    ...ipvsLines(place),
    ...sysctlLines(place),
    ...resolverLines(place),
    ...names.map(({ name, addresses }): InitLine => {
      return { dns: { name, type: typeOf(addresses) }, expect: { addresses: addresses.toSorted() } }
    }),
  ]
}

function typeOf([first = '']: readonly string[]): string {
  return first.includes(':') ? 'AAAA' : 'A'
}

function lineText(line: InitLine): string {
  return `  - ${flowText(line)}`
}

function rank(selector: string): number {
  return selector === 'host' ? 0 : 1
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
