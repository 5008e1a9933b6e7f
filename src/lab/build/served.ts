import type { NameRecords, SandboxNames } from '../../driver/controller/name-records.ts'
import type { DnsNetwork } from '../../driver/dns/dns-network.ts'
import type { ServedProxy, ServedSandbox, ServedState, ServedWorkload } from '../agent/served-state.ts'
import { objectsOf, type ResolvedLab, type WorkloadObject } from '../resolve/lab-object.ts'
import type { HostEngine } from './host-controllers.ts'
import type { LabBuilder } from './lab-builder.ts'
import { removeContainerFiles, writeContainerFiles, writeMachineFiles } from './lab-files.ts'
import { namespacePath } from './lab-paths.ts'
import { leadToNameServer, servedNames } from './name-service.ts'

/**
 * Makes ready what the agent is to serve, once everything is built: the rules that lead to the name servers, and the
 * files that containers resolve names with. @returns the agent's orders
 */
export async function prepareServed(builder: LabBuilder, resolved: ResolvedLab): Promise<ServedState> {
  const networks: Record<string, DnsNetwork> = {}
  const sandboxes: ServedSandbox[] = []
  const proxies: ServedProxy[] = []
  const balancers = new Set(objectsOf(resolved, 'container').flatMap(({ name, balances }) => (balances ? [name] : [])))
  removeContainerFiles(builder.lab)
  for (const name of nodeNames(resolved)) writeMachineFiles(builder.lab, name, addressesOf(resolved, name))
  for (const host of new Set(objectsOf(resolved, 'container').map((container) => container.host))) {
    const engine = await builder.engines.get(host)
    const own = objectsOf(resolved, 'network').filter((network) => network.host === host)
    const names = withoutBalancers(servedNames(engine, own), balancers)
    const named = await leadToNameServer(engine, names.sandboxes)
    for (const [id, network] of Object.entries(names.networks)) networks[id] = merged(networks[id], network)
    sandboxes.push(...servedSandboxes(builder.lab, host, { engine, named }))
    proxies.push(...servedProxies(builder.lab, host, engine))
    writeContainerFiles(builder.lab, engine.controller, new Set(named.map(({ name }) => name)))
  }
  addServices(networks, resolved)
  const workloads = objectsOf(resolved, 'workload').map(servedWorkload)
  return { format: 1, lab: builder.lab, networks, sandboxes, workloads, proxies }
}

/** Nobody asks for them, and they ask for nobody. */
function withoutBalancers({ networks, sandboxes }: NameRecords, balancers: ReadonlySet<string>): NameRecords {
  const named = Object.entries(networks).map(([id, network]) => {
    const records = network.records.filter(({ pointer = '' }) => !balancers.has(pointer))
    return [id, { ...network, records }] as const
  })
  return {
    networks: Object.fromEntries(named),
    sandboxes: sandboxes.filter(({ name }) => !balancers.has(name)),
  }
}

/** A service's name is its virtual address, or its tasks; `tasks.` and its name are always these. */
function addServices(networks: Record<string, DnsNetwork>, resolved: ResolvedLab): void {
  const endpoints = objectsOf(resolved, 'endpoint')
  for (const { service, network: name, networkId, tasks, vip } of objectsOf(resolved, 'service')) {
    const network = networks[networkId]
    if (network === undefined) continue
    const addresses = endpoints
      .filter((endpoint) => endpoint.network === name && tasks.includes(endpoint.container))
      .flatMap(({ ipv4 }) => ipv4 ?? [])
    const records = [
      { names: [service], addresses: vip === undefined ? addresses : [vip] },
      { names: [`tasks.${service}`], addresses },
    ]
    networks[networkId] = { ...network, records: [...network.records, ...records] }
  }
}

/** An overlay has containers on several hosts, and all of them know all names. */
function merged(known: DnsNetwork | undefined, network: DnsNetwork): DnsNetwork {
  return known === undefined ? network : { ...known, records: [...known.records, ...network.records] }
}

function nodeNames(resolved: ResolvedLab): readonly string[] {
  return [...objectsOf(resolved, 'host'), ...objectsOf(resolved, 'router')].map(({ name }) => name)
}

function addressesOf({ objects }: ResolvedLab, node: string): readonly string[] {
  return objects.flatMap((object) => {
    if (object.kind === 'link') return object.ends.filter((end) => end.node === node).flatMap((end) => end.addresses)
    const isOwn = object.kind === 'attachment' || object.kind === 'vlan' || object.kind === 'expose'
    return isOwn && object.node === node ? object.addresses : []
  })
}

/** Whether there is anything to serve: a lab of bare namespaces has no agent. */
export function needsAgent({ sandboxes, workloads, proxies }: ServedState): boolean {
  return workloads.length > 0 || proxies.length > 0 || sandboxes.some(({ dns }) => dns !== undefined)
}

interface Named {
  readonly engine: HostEngine
  readonly named: readonly Required<SandboxNames>[]
}

function servedSandboxes(lab: string, host: string, { engine, named }: Named): readonly ServedSandbox[] {
  const names = new Map(named.map((sandbox) => [sandbox.name, sandbox]))
  return engine.controller.sandboxes().map(({ name, path }) => {
    const dns = names.get(name)
    const place = { name, namespace: path, host: namespacePath(lab, host) }
    return dns === undefined ? place : { ...place, dns: servedDns(dns, engine) }
  })
}

function servedDns(
  { dns, dnsPorts, attachments, forward }: Required<SandboxNames>,
  { docker }: HostEngine,
): NonNullable<ServedSandbox['dns']> {
  return {
    udpPort: dnsPorts.udp,
    tcpPort: dnsPorts.tcp,
    attachments,
    servers: dns.servers.map((address) => ({ address, fromHost: false })),
    forward,
    ndotsSet: dns.options.some((option) => /^ndots:[1-9]/.test(option)),
    behaviour: docker.layout === 20 ? '20.10' : '28',
  }
}

function servedProxies(lab: string, host: string, { proxies }: HostEngine): readonly ServedProxy[] {
  return proxies.bindings.map((binding) => ({ host: namespacePath(lab, host), ...binding }))
}

function servedWorkload({ container, workload, environment }: WorkloadObject): ServedWorkload {
  const common = { name: container, sandbox: container, environment }
  if (workload.kind === 'command') return { ...common, kind: 'command', command: workload.command }
  return { ...common, kind: workload.kind, ...(workload.port === undefined ? {} : { port: workload.port }) }
}
