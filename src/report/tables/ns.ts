import type { Container, HostSnapshot, Namespace, NamespaceIdentity } from '../../model/snapshot.ts'
import { nameOf, wiringOf } from '../../model/wiring.ts'
import { numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { formatEndpoint } from '../format.ts'

/** A namespace with the container that lives in it. */
export interface NamespaceRow extends Row<NamespaceIdentity> {
  readonly container: Container | undefined
}

/**
 * ```
 * NAME  OWNER   WHAT                 INODE       PIDS  NETWORKS  PUBLISHED
 * web   docker  pets/web (node:20)   4026532623     3  pets_net  0.0.0.0:8000→5000/tcp
 * ```
 */
export const NS: Table<NamespaceRow> = {
  kind: 'ns',
  title: 'namespaces',
  kinds: [],
  context: [],
  columns: [
    textColumn('NAME', ({ object }) => nameOf(object)),
    textColumn('OWNER', ({ object }) => object.owner.kind),
    textColumn('WHAT', whatText),
    numberColumn('INODE', ({ object }) => object.inode),
    numberColumn('PIDS', ({ object }) => object.pids.length),
    textColumn('NETWORKS', ({ container, object }) => networksText(container) || (object.owner.networkName ?? '')),
    textColumn('PUBLISHED', ({ container }) => portsText(container)),
    textColumn('IMAGE', ({ container }) => container?.image, { wide: true }),
    textColumn('ID', ({ object }) => object.owner.containerId?.slice(0, 12), { wide: true }),
    numberColumn('PID', ({ object }) => object.pids[0], { wide: true }),
    textColumn('DRIVER', ({ object }) => object.owner.driver, { wide: true }),
    textColumn('NAMES', ({ object }) => object.names.join(' '), { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    const containers = containersByInode(snapshot)
    return namespaces.map((namespace) => {
      const container = containers.get(namespace.inode)
      return { key: String(namespace.inode), namespace, object: identityOf(namespace), wiring, container }
    })
  },
}

function containersByInode({ containers }: HostSnapshot): ReadonlyMap<number, Container> {
  return new Map(containers.flatMap((each) => (each.namespace === undefined ? [] : [[each.namespace, each] as const])))
}

/** A namespace without its tables. */
export function identityOf({ inode, names, owner, pids }: Namespace): NamespaceIdentity {
  return { inode, names, owner, pids }
}

/** What it is there for, by whatever made it. */
function whatText({ object: { owner, pids }, container }: NamespaceRow): string {
  if (container?.swarm !== undefined) return `swarm ${container.swarm.service}, task ${container.swarm.task}`
  if (container?.compose !== undefined) return `compose ${container.compose.project}/${container.compose.service}`
  if (container !== undefined) return container.pod ?? container.image
  if (owner.sandbox !== undefined) return `${owner.sandbox} sandbox`
  if (owner.pod !== undefined) return `pod ${owner.pod}`
  if (owner.lab !== undefined) return `lab ${owner.lab}`
  if (owner.process !== undefined) return processText(owner.process)
  return owner.kind === 'host' && pids.length > 0 ? 'this machine' : ''
}

function processText({ pid, command, fd }: NonNullable<NamespaceIdentity['owner']['process']>): string {
  return fd === undefined ? `${command} (${pid})` : `descriptor ${fd} of ${command} (${pid})`
}

function networksText(container: Container | undefined): string {
  return (container?.networks ?? []).map(({ network }) => network).join(' ')
}

function portsText(container: Container | undefined): string {
  const published = (container?.ports ?? []).filter(({ hostPort }) => hostPort !== undefined)
  return published
    .map(({ hostAddress = '', hostPort, containerPort, protocol }) => {
      return `${formatEndpoint(hostAddress, hostPort)}→${containerPort}/${protocol}`
    })
    .join(' ')
}
