import type { FirewallRule, HostSnapshot, Namespace } from '../../model/snapshot.ts'
import type { ContainerEntry } from '../file/lab-file.ts'

/** Ports that lead into a container: as its engine says, else as the host's DNAT rules do. */
export function publishedPorts(
  { containers }: HostSnapshot,
  host: Namespace,
  namespace: Namespace,
): Pick<ContainerEntry, 'ports'> {
  const known = containers.filter((container) => container.namespace === namespace.inode)
  const told = known.flatMap(({ ports }) =>
    ports.flatMap(({ protocol, containerPort, hostAddress, hostPort }) =>
      hostPort === undefined ? [] : [portText({ protocol, containerPort, hostAddress: plain(hostAddress), hostPort })],
    ),
  )
  const ports = told.length > 0 ? told : host.firewall.flatMap((rule) => dnatPort(rule, namespace))
  return ports.length === 0 ? {} : { ports: [...new Set(ports)] }
}

interface Port {
  readonly protocol: string
  readonly containerPort: number
  readonly hostAddress: string | undefined
  readonly hostPort: number
}

const EVERYWHERE: readonly string[] = ['0.0.0.0', '::', '']

function plain(address: string | undefined): string | undefined {
  return address === undefined || EVERYWHERE.includes(address) ? undefined : address
}

/** As Compose writes it; TCP need not be named. */
function portText({ protocol, containerPort, hostAddress, hostPort }: Port): string {
  const address = hostAddress?.includes(':') ? `[${hostAddress}]` : hostAddress
  const suffix = protocol === 'tcp' ? '' : `/${protocol}`
  return `${address === undefined ? '' : `${address}:`}${hostPort}:${containerPort}${suffix}`
}

/** `… -p tcp … --dport 8000 -j DNAT --to-destination 172.19.0.3:5000`, for an address of the namespace. */
function dnatPort({ table, text, target, syntax }: FirewallRule, { addresses }: Namespace): readonly string[] {
  if (table !== 'nat' || target !== 'DNAT' || syntax !== 'iptables') return []
  const [, to = '', containerPort] = /--to-destination \[?([0-9a-f.:]+?)\]?:(\d+)(?: |$)/.exec(text) ?? []
  const [, protocol = 'tcp'] = /-p (\w+)/.exec(text) ?? []
  const [, hostPort] = /--dport (\d+)/.exec(text) ?? []
  if (hostPort === undefined || !addresses.some(({ address }) => address.split('/')[0] === to)) return []
  const [, hostAddress] = /-d ([0-9a-f.:]+)\/\d+/.exec(text) ?? []
  return [
    portText({
      protocol,
      containerPort: Number(containerPort),
      hostAddress: plain(hostAddress),
      hostPort: Number(hostPort),
    }),
  ]
}
