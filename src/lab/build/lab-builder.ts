import { existsSync } from 'node:fs'
import type { Step } from '../plan/plan.ts'
import { type LabObject, type NodeObject, type ObjectOf, objectsOf, type ResolvedLab } from '../resolve/lab-object.ts'
import { DOCKER_DEFAULTS } from '../topology/read-node.ts'
import type { DockerSettings } from '../topology/topology.ts'
import { makeAttachment, makeExpose, makeLink, makeVlan, removeInterface } from './cable-steps.ts'
import {
  makeContainer,
  makeEndpoint,
  makeNetwork,
  makePeer,
  removeContainer,
  removeEndpoint,
  removeNetwork,
  removePeer,
} from './container-steps.ts'
import { HostControllers } from './host-controllers.ts'
import { namespacePath } from './lab-paths.ts'
import { makeFirewall, makeRoute, readSysctl, removeFirewall, removeRoute, writeSysctl } from './machine-settings.ts'
import { Machines } from './machines.ts'
import { makeMachine, makeSegment, removeNamespace } from './namespace-steps.ts'
import {
  makeBalancer,
  makeIngress,
  makeTaskPorts,
  removeBalancer,
  removeIngressOf,
  removeTaskPorts,
} from './service-steps.ts'
import { SysctlMemory } from './sysctl-memory.ts'

/** Makes and removes the objects of a lab in the kernel. */
export class LabBuilder {
  readonly machines: Machines
  readonly engines: HostControllers
  readonly sysctls: SysctlMemory
  readonly lab: string

  /** @param known every version of the lab that steps may come from, the one that is wanted last */
  constructor(lab: string, known: readonly ResolvedLab[]) {
    this.lab = lab
    this.machines = new Machines(lab)
    this.sysctls = new SysctlMemory(lab)
    const docker = new Map(
      known.flatMap(({ objects }) => objects.filter(isNode).map((node) => [node.name, node.docker])),
    )
    const networks = known.flatMap((version) => objectsOf(version, 'network'))
    const vteps = new Map(networks.flatMap(({ host, vtep }) => (vtep === undefined ? [] : [[host, vtep] as const])))
    const names = new Map(networks.map(({ networkId, name }) => [networkId, name]))
    this.engines = new HostControllers(this.machines, {
      docker: (host): DockerSettings => docker.get(host) ?? DOCKER_DEFAULTS,
      networkName: (id) => names.get(id) ?? id,
      vtep: (host) => vteps.get(host),
    })
  }

  async perform({ action, object }: Step): Promise<void> {
    if (action === 'make') await make(this, object)
    else await this.remove(object)
  }

  /** No error for what is not there, nor for what is in a namespace that is not. */
  async remove(object: LabObject): Promise<void> {
    if (placesOf(object).every((name) => existsSync(namespacePath(this.lab, name)))) await remove(this, object)
  }

  async close(): Promise<void> {
    await this.engines.close()
    this.machines.close()
  }
}

function isNode(object: LabObject): object is NodeObject {
  return object.kind === 'host' || object.kind === 'router'
}

type Acts = { readonly [K in LabObject['kind']]: (builder: LabBuilder, object: ObjectOf<K>) => void | Promise<void> }

async function make(builder: LabBuilder, object: LabObject): Promise<void> {
  await (MAKE[object.kind] as (builder: LabBuilder, object: LabObject) => void | Promise<void>)(builder, object)
}

async function remove(builder: LabBuilder, object: LabObject): Promise<void> {
  await (REMOVE[object.kind] as (builder: LabBuilder, object: LabObject) => void | Promise<void>)(builder, object)
}

const MAKE: Acts = {
  segment: ({ machines }, segment) => makeSegment(machines, segment),
  host: makeNode,
  router: makeNode,
  sysctl: ({ machines, sysctls }, sysctl) => {
    const before = readSysctl(machines, sysctl)
    if (before !== undefined && sysctls.get(sysctl.id) === undefined) sysctls.set(sysctl.id, before)
    writeSysctl(machines, sysctl, sysctl.value)
  },
  attachment: ({ machines }, attachment) => makeAttachment(machines, attachment),
  vlan: ({ machines }, vlan) => makeVlan(machines, vlan),
  link: ({ machines }, link) => makeLink(machines, link),
  expose: ({ machines }, expose) => makeExpose(machines, expose),
  route: ({ machines }, route) => makeRoute(machines, route),
  network: async ({ engines }, network) => makeNetwork(await engines.get(network.host), network),
  container: async ({ engines }, container) => makeContainer(await engines.get(container.host), container),
  endpoint: async ({ engines, lab }, endpoint) => makeEndpoint(await engines.get(endpoint.host), lab, endpoint),
  peer: async ({ engines }, peer) => makePeer(await engines.get(peer.host), peer),
  service: () => undefined,
  balancer: makeBalancer,
  ingress: makeIngress,
  taskPorts: makeTaskPorts,
  firewall: ({ machines }, firewall) => makeFirewall(machines, firewall),
  // the agent is told of all workloads together, once everything is there
  workload: () => undefined,
}

const REMOVE: Acts = {
  segment: ({ machines }, { name }) => removeNamespace(machines, name),
  host: removeNode,
  router: removeNode,
  sysctl: ({ machines, sysctls }, sysctl) => {
    const before = sysctls.get(sysctl.id)
    if (before !== undefined) writeSysctl(machines, sysctl, before)
    sysctls.delete(sysctl.id)
  },
  attachment: ({ machines }, { node, interface: name }) => removeInterface(machines.get(node), name),
  vlan: ({ machines }, { node, interface: name }) => removeInterface(machines.get(node), name),
  link: ({ machines }, { ends: [end] }) => removeInterface(machines.get(end.node), end.interface),
  expose: ({ machines }, { peerInterface }) => removeInterface(machines.real, peerInterface),
  route: ({ machines }, route) => removeRoute(machines, route),
  network: async ({ engines }, network) => removeNetwork(await engines.get(network.host), network),
  container: async ({ engines }, container) => removeContainer(await engines.get(container.host), container),
  endpoint: async ({ engines }, endpoint) => removeEndpoint(await engines.get(endpoint.host), endpoint),
  peer: async ({ engines }, peer) => removePeer(await engines.get(peer.host), peer),
  service: () => undefined,
  balancer: removeBalancer,
  ingress: removeIngressOf,
  taskPorts: removeTaskPorts,
  firewall: ({ machines }, firewall) => removeFirewall(machines, firewall),
  workload: () => undefined,
}

async function makeNode({ machines, engines }: LabBuilder, node: NodeObject): Promise<void> {
  // what an engine knew of a namespace that was deleted from under it is nothing in a new one
  await engines.forget(node.name)
  makeMachine(machines, node)
}

async function removeNode({ machines, engines }: LabBuilder, { name }: NodeObject): Promise<void> {
  await engines.forget(name)
  removeNamespace(machines, name)
}

/** Names of the machines that must be there for an object to be taken away by itself. */
function placesOf(object: LabObject): readonly string[] {
  switch (object.kind) {
    case 'segment':
    case 'host':
    case 'router':
    case 'workload':
    case 'service':
    case 'expose':
      return []
    case 'link':
      return [object.ends[0].node]
    case 'network':
    case 'container':
    case 'endpoint':
    case 'peer':
    case 'ingress':
      return [object.host]
    case 'balancer':
      return [object.sandbox]
    case 'taskPorts':
      return [object.container]
    default:
      return [object.node]
  }
}
