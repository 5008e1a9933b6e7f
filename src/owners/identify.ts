import { existsSync } from 'node:fs'
import type { DiscoveredNamespace } from '../kernel/namespaces.ts'
import { readCommand } from '../kernel/processes.ts'
import type { Container, Hidden, Network, Owner } from '../model/snapshot.ts'
import { type ContainerProcess, containerOfProcess } from './container-process.ts'
import { readCriContainers } from './cri/state.ts'
import { isEngineHost, sandboxOwner, unexplainedSandbox } from './docker/sandboxes.ts'
import { findDockerSockets } from './docker/sockets.ts'
import { parseLabName } from './lab.ts'
import { placeContainers } from './placement.ts'
import { PODMAN_SOCKETS } from './podman/sockets.ts'
import type { SurveyedContainer } from './surveyed-container.ts'

export interface OwnerOptions {
  /** Docker sockets to ask besides those that are found (`--docker-socket`). */
  readonly dockerSockets?: readonly string[]
  /** DOCKER_HOST. */
  readonly dockerHost?: string
  /** Where to look for podman's API (default: its usual places). */
  readonly podmanSockets?: readonly string[]
  /** Folders in which a containerd keeps the state of running containers (default: its own and k3s's). */
  readonly containerdStates?: readonly string[]
  /** For all engines together (default 1500). */
  readonly deadlineMs?: number
}

export interface Owners {
  /** By inode; every discovered namespace has one. */
  readonly owners: ReadonlyMap<number, Owner>
  readonly containers: readonly Container[]
  readonly networks: readonly Network[]
  readonly hidden: readonly Hidden[]
}

/**
 * Who owns each namespace, and what the container engines of this host know about their containers and networks.
 * Engines are asked over their sockets; what they do not answer is recognised by the marks it leaves in the kernel.
 */
export async function identifyOwners(
  discovered: readonly DiscoveredNamespace[],
  options: OwnerOptions = {},
): Promise<Owners> {
  const { surveyed, networks, hidden } = await surveyEngines(discovered, options)
  const placed = placeContainers(discovered, surveyed)
  const owning = containersByNamespace(placed)
  const owners = new Map<number, Owner>()
  for (const namespace of discovered) {
    owners.set(namespace.inode, ownerOf(namespace, owning.get(namespace.inode), networks))
  }
  return { owners, containers: placed.map(({ container }) => container), networks, hidden }
}

interface Survey {
  readonly surveyed: readonly SurveyedContainer[]
  readonly networks: readonly Network[]
  readonly hidden: readonly Hidden[]
}

/** The HTTP client is loaded only where there is a socket to talk to. */
async function surveyEngines(discovered: readonly DiscoveredNamespace[], options: OwnerOptions): Promise<Survey> {
  const docker = findDockerSockets(options.dockerSockets ?? [], options.dockerHost, processesOf(discovered))
  const podman = (options.podmanSockets ?? PODMAN_SOCKETS).filter((path) => existsSync(path))
  const cri: Survey = { surveyed: readCriContainers(options.containerdStates), networks: [], hidden: docker.hidden }
  if (docker.paths.length + podman.length === 0) return cri
  const { askEngines } = await import('./ask-engines.ts')
  const asked = await askEngines(docker.paths, podman, options.deadlineMs ?? 1500)
  return {
    surveyed: [...asked.surveyed, ...cri.surveyed],
    networks: asked.networks,
    hidden: [...docker.hidden, ...asked.hidden],
  }
}

function* processesOf(discovered: readonly DiscoveredNamespace[]): Generator<number> {
  for (const { pids } of discovered) yield* pids
}

/** The container that a namespace is called after: the one that owns the sandbox, not one that joined it. */
function containersByNamespace(placed: readonly SurveyedContainer[]): Map<number, Container> {
  const owning = new Map<number, Container>()
  for (const { container, sharesSandbox } of placed) {
    const { namespace, networkMode } = container
    if (namespace === undefined || networkMode === 'host') continue
    if (!sharesSandbox || !owning.has(namespace)) owning.set(namespace, container)
  }
  return owning
}

function ownerOf(
  namespace: DiscoveredNamespace,
  container: Container | undefined,
  networks: readonly Network[],
): Owner {
  if (namespace.host) return { kind: 'host', name: 'host' }
  return (
    labOwner(namespace) ??
    (container === undefined ? undefined : containerOwner(container)) ??
    firstOf(namespace, (path) => sandboxOwner(path, networks)) ??
    markedOwner(namespace) ??
    firstOf(namespace, unexplainedSandbox) ??
    mountOwner(namespace) ??
    processOwner(namespace)
  )
}

function firstOf(namespace: DiscoveredNamespace, recognise: (path: string) => Owner | undefined): Owner | undefined {
  for (const { path } of namespace.mounts) {
    const owner = recognise(path)
    if (owner !== undefined) return owner
  }
  return undefined
}

function labOwner({ names }: DiscoveredNamespace): Owner | undefined {
  for (const name of names) {
    const tag = parseLabName(name)
    if (tag !== undefined) return { kind: 'lab', ...tag }
  }
  return undefined
}

function containerOwner({ engine, id, name, pod }: Container): Owner {
  return { kind: engine, name: pod ?? name, containerId: id, ...(pod === undefined ? {} : { pod }) }
}

/** By cgroup or parent of its first process: enough when no engine answers. */
function markedOwner({ pids }: DiscoveredNamespace): Owner | undefined {
  const [first] = pids
  const container: ContainerProcess | undefined = first === undefined ? undefined : containerOfProcess(first)
  if (container === undefined) return undefined
  return { kind: container.engine, name: container.id.slice(0, 12), containerId: container.id }
}

function mountOwner({ names }: DiscoveredNamespace): Owner | undefined {
  const [name] = names.filter((each) => !isEngineHost(each))
  return name === undefined ? undefined : { kind: 'netns', name }
}

function processOwner({ inode, pids, tasks, heldBy }: DiscoveredNamespace): Owner {
  const pid = pids[0] ?? tasks[0]?.pid
  if (pid !== undefined) {
    const command = readCommand(pid) ?? ''
    return { kind: 'process', name: command || `pid ${pid}`, process: { pid, command } }
  }
  const [held] = heldBy
  if (held === undefined) return { kind: 'netns', name: `net:[${inode}]` }
  const command = readCommand(held.pid) ?? ''
  return { kind: 'fd', name: `${command || `pid ${held.pid}`} fd ${held.fd}`, process: { ...held, command } }
}
