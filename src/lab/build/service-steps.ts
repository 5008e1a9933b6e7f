import { existsSync } from 'node:fs'
import { addRules, removeRules } from '../../driver/firewall/single-rule.ts'
import { NetworkHost } from '../../driver/network-host.ts'
import { addIngress, removeIngress } from '../../driver/services/ingress.ts'
import { addService, removeService } from '../../driver/services/load-balancer.ts'
import { taskRules } from '../../driver/services/service-rules.ts'
import type { BalancerObject, IngressObject, TaskPortsObject } from '../resolve/lab-object.ts'
import type { LabBuilder } from './lab-builder.ts'
import { namespacePath } from './lab-paths.ts'

export function makeBalancer({ lab }: LabBuilder, balancer: BalancerObject): Promise<void> {
  return within(lab, balancer.sandbox, (inside) => addService(inside, balancer))
}

export function removeBalancer({ lab }: LabBuilder, balancer: BalancerObject): Promise<void> {
  return within(lab, balancer.sandbox, (inside) => removeService(inside, balancer))
}

export function makeTaskPorts({ lab }: LabBuilder, { container, address, ports }: TaskPortsObject): Promise<void> {
  return within(lab, container, (inside) => addRules(inside, taskRules(address, ports)))
}

export function removeTaskPorts({ lab }: LabBuilder, { container, address, ports }: TaskPortsObject): Promise<void> {
  return within(lab, container, (inside) => removeRules(inside, taskRules(address, ports)))
}

export async function makeIngress({ machines, engines }: LabBuilder, ingress: IngressObject): Promise<void> {
  const { docker } = await engines.get(ingress.host)
  await addIngress(machines.get(ingress.host), ingress, docker.layout === 20 ? 'docker20' : 'docker28')
}

export async function removeIngressOf({ machines, engines }: LabBuilder, { host }: IngressObject): Promise<void> {
  const { docker } = await engines.get(host)
  await removeIngress(machines.get(host), docker.layout === 20 ? 'docker20' : 'docker28')
}

async function within(lab: string, name: string, action: (inside: NetworkHost) => Promise<void>): Promise<void> {
  const path = namespacePath(lab, name)
  if (!existsSync(path)) return
  const inside = NetworkHost.open(path)
  try {
    await action(inside)
  } finally {
    inside.close()
  }
}
