import { type ContainerObject, type NetworkObject, objectsOf, type ResolvedLab } from '../../lab/resolve/lab-object.ts'
import type { LabDescription } from './lab.ts'

/** What a lab consists of, in the words of its file: no names that were made up for it. */
export function describeLab(lab: ResolvedLab): LabDescription {
  const { description, checks } = lab
  return {
    ...(description === undefined ? {} : { description }),
    hosts: [...objectsOf(lab, 'host'), ...objectsOf(lab, 'router')].map(({ name }) =>
      joined(name, addressesOf(lab, name)),
    ),
    networks: objectsOf(lab, 'network').map(describeNetwork),
    containers: objectsOf(lab, 'container').map((container) => describeContainer(lab, container)),
    checks: checks.map(({ name }) => name),
  }
}

function addressesOf(lab: ResolvedLab, node: string): readonly string[] {
  const interfaces = [
    ...objectsOf(lab, 'attachment'),
    ...objectsOf(lab, 'vlan'),
    ...objectsOf(lab, 'link').flatMap(({ ends }) => ends),
  ]
  return interfaces.flatMap((each) => (each.node === node ? each.addresses : []))
}

function describeNetwork({ name, host, driver, pools, internal }: NetworkObject): string {
  const subnets = pools.map(({ subnet }) => subnet)
  return joined(`${name} at ${host}`, [driver, ...subnets, ...(internal ? ['internal'] : [])])
}

function describeContainer(lab: ResolvedLab, { name, host }: ContainerObject): string {
  const endpoints = objectsOf(lab, 'endpoint').filter(({ container }) => container === name)
  const workload = objectsOf(lab, 'workload').find(({ container }) => container === name)?.workload
  return joined(`${name} at ${host}`, [
    ...endpoints.map(({ network, ipv4, ipv6 }) => [network, ipv4, ipv6].filter((part) => part !== undefined).join(' ')),
    ...endpoints.flatMap(({ ports }) =>
      ports.map(({ hostPort, port, protocol }) => `port ${hostPort} → ${port}/${protocol}`),
    ),
    ...(workload === undefined ? [] : [workload.kind === 'command' ? workload.command.join(' ') : workload.kind]),
  ])
}

function joined(what: string, how: readonly string[]): string {
  return how.length === 0 ? what : `${what}: ${how.join(', ')}`
}
