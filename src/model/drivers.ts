import { DRIVER_MARKS, type DriverMarks } from './driver-marks.ts'
import type { FirewallChain, HostSnapshot, Link, Namespace, Network } from './snapshot.ts'

const LINK_MARKS = DRIVER_MARKS.flatMap(({ links = [] }) => links)
/** The pattern of a mark that goes by kind alone. */
const ANY_NAME = '.'
/** Matches every name that some mark matches: most links are nobody's, and one test finds it out. */
const ANY_LINK_NAME = new RegExp(
  LINK_MARKS.flatMap(({ name }) => (name.source === ANY_NAME ? [] : `(?:${name.source})`)).join('|'),
)
const TELLING_KINDS = new Set(LINK_MARKS.flatMap(({ name, kinds = [] }) => (name.source === ANY_NAME ? kinds : [])))

/** The network driver that made a link, by its name and kind; undefined when it could be anybody's. */
export function recogniseLink(link: Pick<Link, 'name' | 'kind'>): string | undefined {
  return linkDriver(link, NOTHING)
}

/** The network driver that made a chain, by its name or by that of its nft table. */
export function recogniseChain(chain: Pick<FirewallChain, 'table' | 'chain' | 'backend'>): string | undefined {
  const inTable = chain.backend === 'nft' && DRIVER_MARKS.find(({ tables }) => tables?.test(chain.table))
  return (inTable || DRIVER_MARKS.find(({ chains }) => chains?.test(chain.chain)))?.driver
}

/** The remote driver of an engine's network, or of its address management; undefined for the engine's own. */
export function recogniseNetwork(network: Pick<Network, 'driver' | 'ipamDriver'>): string | undefined {
  const driver = withoutTag(network.driver)
  const ipam = withoutTag(network.ipamDriver)
  const byDriver = DRIVER_MARKS.find(({ networks }) => networks?.test(driver))
  return (byDriver ?? DRIVER_MARKS.find((marks) => marks.ipam?.test(ipam)))?.driver
}

/** The snapshot with `madeBy` and `owner.driver` filled in; what is not recognised stays as it is. */
export function labelSnapshot(snapshot: HostSnapshot): HostSnapshot {
  const networks = snapshot.networks.map((network) => withDriver(network, recogniseNetwork(network)))
  const remote = networks.flatMap(({ madeBy }) => madeBy ?? [])
  return {
    ...snapshot,
    networks,
    namespaces: snapshot.namespaces.map((namespace) => labelNamespace(namespace, remote)),
  }
}

/** One namespace of it; `remote`: drivers known from the engine's networks. */
export function labelNamespace(namespace: Namespace, remote: readonly string[] = []): Namespace {
  const chains = namespace.chains.map((chain) => withDriver(chain, recogniseChain(chain)))
  const certain = namespace.links.map((link) => recogniseLink(link))
  const present = new Set([
    ...remote,
    ...chains.flatMap(({ madeBy }) => madeBy ?? []),
    ...certain.flatMap((driver) => driver ?? []),
  ])
  const links = namespace.links.map((link) => withDriver(link, linkDriver(link, present)))
  return { ...namespace, owner: labelOwner(namespace), chains, links: labelPorts(links) }
}

const NOTHING: ReadonlySet<string> = new Set()

function linkDriver(link: Pick<Link, 'name' | 'kind'>, present: ReadonlySet<string>): string | undefined {
  if (!TELLING_KINDS.has(link.kind) && !ANY_LINK_NAME.test(link.name)) return undefined
  return DRIVER_MARKS.find((marks) => isLinkOf(marks, link, present))?.driver
}

function isLinkOf(
  marks: DriverMarks,
  { name, kind }: Pick<Link, 'name' | 'kind'>,
  present: ReadonlySet<string>,
): boolean {
  return (marks.links ?? []).some(
    (mark) =>
      mark.name.test(name) &&
      (mark.kinds === undefined || mark.kinds.includes(kind)) &&
      (mark.beside === undefined || present.has(marks.driver)),
  )
}

/** libnetwork names the host's end of a container's veth so; by itself the name is anybody's. */
const DOCKER_VETH = /^veth[0-9a-f]{7}$/

function labelPorts(links: readonly Link[]): Link[] {
  const docker = new Set(links.filter(({ madeBy }) => madeBy === 'docker').map(({ index }) => index))
  return links.map((link) =>
    link.madeBy === undefined && link.master !== undefined && docker.has(link.master) && DOCKER_VETH.test(link.name)
      ? { ...link, madeBy: 'docker' }
      : link,
  )
}

function labelOwner({ owner, names }: Namespace): Namespace['owner'] {
  if (owner.driver !== undefined) return owner
  const bare = names.map((name) => name.slice(name.lastIndexOf('/') + 1))
  const driver = DRIVER_MARKS.find(({ namespaces }) => bare.some((name) => namespaces?.test(name)))?.driver
  return driver === undefined ? owner : { ...owner, driver }
}

function withDriver<T extends { readonly madeBy?: string }>(item: T, driver: string | undefined): T {
  return driver === undefined || item.madeBy === driver ? item : { ...item, madeBy: driver }
}

/** `contiv/v2plugin:latest` → `contiv/v2plugin`. */
function withoutTag(plugin: string): string {
  return plugin.replace(/:[^/:]*$/, '')
}
