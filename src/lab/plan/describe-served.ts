import { objectsOf, type ResolvedLab } from '../resolve/lab-object.ts'

/** What the agent of a lab will serve, in one line; undefined = there will be none. */
export function describeServed(lab: ResolvedLab): string | undefined {
  const named = new Set(objectsOf(lab, 'network').flatMap(({ dns, host, name }) => (dns ? [`${host} ${name}`] : [])))
  const proxied = new Set(objectsOf(lab, 'host').flatMap(({ name, docker }) => (docker.userlandProxy ? [name] : [])))
  const balancers = new Set(objectsOf(lab, 'container').flatMap(({ name, balances }) => (balances ? [name] : [])))
  const endpoints = objectsOf(lab, 'endpoint').filter(({ container }) => !balancers.has(container))
  const resolving = endpoints.filter(({ host, network }) => named.has(`${host} ${network}`))
  const containers = new Set(resolving.map(({ container }) => container)).size
  const ports = new Set(
    endpoints.flatMap(({ container, host, ports: own }) =>
      proxied.has(host) ? own.map((port) => `${container} ${JSON.stringify(port)}`) : [],
    ),
  ).size
  const parts = [
    counted(containers, 'name server'),
    counted(objectsOf(lab, 'workload').length, 'workload'),
    counted(ports, 'proxied port'),
  ].filter((part) => part !== '')
  return parts.length === 0 ? undefined : `agent: ${parts.join(', ')}`
}

function counted(count: number, what: string): string {
  if (count === 0) return ''
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
