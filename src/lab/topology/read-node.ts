import type { Complaints, Path } from '../../model/file/problem.ts'
import type {
  AttachmentEntry,
  DockerEntry,
  ExposeEntry,
  LinkEndEntry,
  LinkEntry,
  NodeEntry,
  RouteEntry,
  SegmentEntry,
} from '../file/lab-file.ts'
import { readShaping } from './quantities.ts'
import type {
  AttachmentSpec,
  DockerSettings,
  FirewallSpec,
  LinkEndSpec,
  LinkSpec,
  NodeSpec,
  RouteSpec,
  SegmentSpec,
} from './topology.ts'
import { given, readNamed, readOneOrMore, readSettings } from './written-settings.ts'

export const DOCKER_DEFAULTS: DockerSettings = { layout: 28, backend: 'iptables', userlandProxy: true, dns: true }

export function readDocker(entry: DockerEntry | undefined, above: DockerSettings): DockerSettings {
  return {
    layout: entry?.layout ?? above.layout,
    backend: entry?.backend ?? above.backend,
    userlandProxy: entry?.userland_proxy ?? above.userlandProxy,
    dns: entry?.dns ?? above.dns,
  }
}

export function readSegment(name: string, entry: SegmentEntry, at: Path): SegmentSpec {
  return {
    at,
    name,
    subnets: readOneOrMore(entry.subnet),
    gateways: readOneOrMore(entry.gateway),
    ...given({ mtu: entry.mtu }),
  }
}

export interface NodeContext {
  readonly kind: NodeSpec['kind']
  readonly docker: DockerSettings
  readonly complaints: Complaints
}

export function readNode(
  name: string,
  entry: NodeEntry,
  at: Path,
  { kind, docker, complaints }: NodeContext,
): NodeSpec {
  return {
    at,
    kind,
    name,
    docker: readDocker(entry.docker, docker),
    attachments: readNamed<string | AttachmentEntry>(entry.segments).map(({ name: segment, step, entry: attachment }) =>
      readAttachment(segment, attachment, [...at, 'segments', step]),
    ),
    routes: (entry.routes ?? []).flatMap((route, position) =>
      route === undefined ? [] : readRoute(route, [...at, 'routes', position], complaints),
    ),
    sysctls: readSettings(entry.sysctls),
    firewall: [
      ...readFirewall(entry.firewall, 4, [...at, 'firewall'], complaints),
      ...readFirewall(entry.firewall_v6, 6, [...at, 'firewall_v6'], complaints),
    ],
    ...given({ expose: entry.expose === undefined ? undefined : readExpose(entry.expose, [...at, 'expose']) }),
  }
}

function readAttachment(segment: string, entry: string | AttachmentEntry | undefined, at: Path): AttachmentSpec {
  const long: AttachmentEntry = typeof entry === 'string' ? { address: entry } : (entry ?? {})
  return {
    at,
    segment,
    addresses: readOneOrMore(long.address),
    shaping: readShaping(long),
    vlans: Object.entries(long.vlans ?? {}).map(([id, addresses]) => ({
      at: [...at, 'vlans', id],
      id: Number(id),
      addresses: readOneOrMore(addresses),
    })),
    ...given({ interface: long.interface, mac: long.mac_address?.toLowerCase(), mtu: long.mtu }),
  }
}

const ROUTE_TYPES = ['blackhole', 'unreachable', 'prohibit'] as const
const ROUTE_FORMS = '"10.1.0.0/16 via 10.0.0.1", "default via 10.0.0.1 dev eth0 metric 100" or "blackhole 10.9.0.0/16"'

function readRoute(entry: string | RouteEntry, at: Path, complaints: Complaints): readonly RouteSpec[] {
  const long = typeof entry === 'string' ? splitRoute(entry) : entry
  if (long === undefined) {
    complaints.error(at, `not a route: ${JSON.stringify(entry)}; write ${ROUTE_FORMS}`)
    return []
  }
  const { to, via, dev, metric, type = 'unicast' } = long
  if (type === 'unicast' && via === undefined && dev === undefined) {
    complaints.error(at, `the route to ${to} needs "via" or "dev"`)
    return []
  }
  return [{ at, to, type, ...given({ via, dev, metric }) }]
}

/** The words of ip-route(8). */
function splitRoute(text: string): RouteEntry | undefined {
  const words = text.trim().split(/\s+/)
  const type = ROUTE_TYPES.find((each) => each === words[0])
  if (type !== undefined) words.shift()
  const [to, ...rest] = words
  if (to === undefined || to === '' || rest.length % 2 !== 0) return undefined
  const options = new Map<string, string>()
  for (let at = 0; at < rest.length; at += 2) options.set(rest[at] ?? '', rest[at + 1] ?? '')
  const metric = options.get('metric')
  const known = [...options.keys()].every((key) => key === 'via' || key === 'dev' || key === 'metric')
  if (!known || (metric !== undefined && !/^[0-9]{1,9}$/.test(metric))) return undefined
  return {
    to,
    ...given({ via: options.get('via'), dev: options.get('dev'), type }),
    ...(metric === undefined ? {} : { metric: Number(metric) }),
  }
}

const TABLES = ['filter', 'nat', 'mangle', 'raw', 'security']

function readFirewall(
  lines: readonly string[] | undefined,
  family: 4 | 6,
  at: Path,
  complaints: Complaints,
): FirewallSpec[] {
  const rules: FirewallSpec[] = []
  let table = 'filter'
  for (const [position, line] of (lines ?? []).entries()) {
    if (line === undefined) continue
    const where = [...at, position]
    const wrong = firewallProblem(line)
    if (wrong !== undefined) complaints.error(where, wrong)
    else if (line.startsWith('*')) table = line.slice(1)
    else rules.push({ at: where, family, table, line: line.trim() })
  }
  return rules
}

/** A rule can be taken back only when it is one line that adds something. */
function firewallProblem(line: string): string | undefined {
  if (/[\n\r\0]/.test(line)) return 'a rule is one line'
  if (line.startsWith('*')) {
    return TABLES.includes(line.slice(1)) ? undefined : `no such table: ${line.slice(1)} (${TABLES.join(', ')})`
  }
  if (/^-P \S+ (ACCEPT|DROP)$/.test(line) || /^-N \S+$/.test(line)) return undefined
  if (/^(-A \S+|-I \S+( [0-9]+)?) .+$/.test(line)) return undefined
  return `not a line that adds something: ${JSON.stringify(line)} (*TABLE, -A, -I, -N or -P)`
}

function readExpose(entry: ExposeEntry, at: Path): NonNullable<NodeSpec['expose']> {
  return { at, addresses: readOneOrMore(entry.address), peers: readOneOrMore(entry.peer) }
}

export function readLink(entry: LinkEntry, at: Path): readonly LinkSpec[] {
  const [first, second] = entry.ends.map((end, position) => readLinkEnd(end, [...at, 'ends', position]))
  if (first === undefined || second === undefined) return []
  return [{ at, ends: [first, second], shaping: readShaping(entry), ...given({ mtu: entry.mtu }) }]
}

function readLinkEnd(entry: string | LinkEndEntry | undefined, at: Path): LinkEndSpec | undefined {
  if (entry === undefined) return undefined
  if (typeof entry !== 'string') {
    const { node, address, mac_address } = entry
    const mac = mac_address?.toLowerCase()
    return { at, node, addresses: readOneOrMore(address), ...given({ interface: entry.interface, mac }) }
  }
  const [node = '', name] = entry.split(':')
  return { at, node, addresses: [], ...given({ interface: name }) }
}
