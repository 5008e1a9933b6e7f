import { changeLink, getLink } from 'netlink-ts'
import { askKernel } from '../../driver/kernel-failure.ts'
import { NetworkHost } from '../../driver/network-host.ts'
import { TsnetError } from '../../errors.ts'
import type { ContainerObject, EndpointObject, NetworkObject, PeerObject } from '../resolve/lab-object.ts'
import type { HostEngine } from './host-controllers.ts'
import { namespacePath } from './lab-paths.ts'

export async function makeNetwork({ controller }: HostEngine, network: NetworkObject): Promise<void> {
  const { name, networkId, driver, options, internal, ipv6, pools, predefined } = network
  await controller.createNetwork({
    name,
    id: networkId,
    driver,
    options,
    internal,
    enableIpv4: pools.length === 0 || pools.some(({ subnet }) => !subnet.includes(':')),
    enableIpv6: ipv6,
    ipam: { pools },
    predefined,
  })
}

export async function removeNetwork({ controller }: HostEngine, { networkId }: NetworkObject): Promise<void> {
  if (!controller.networks().some(({ id }) => id === networkId)) return
  await controller.removeNetwork(networkId, { predefined: true })
}

export async function makeContainer({ controller }: HostEngine, container: ContainerObject): Promise<void> {
  const { name, containerId, hostname, sysctls, dns, hostNamespace } = container
  await controller.createSandbox({ name, id: containerId, hostname, sysctls, dns, hostNamespace })
}

/** With whatever it is still connected to. */
export async function removeContainer({ controller }: HostEngine, { containerId }: ContainerObject): Promise<void> {
  if (!controller.sandboxes().some(({ id }) => id === containerId)) return
  await controller.removeSandbox(containerId)
}

export async function makeEndpoint({ controller }: HostEngine, lab: string, endpoint: EndpointObject): Promise<void> {
  const { container, network, endpointId, ipv4, ipv6, mac, aliases, links, exposed, ports, priority, mtu } = endpoint
  // one in the network `host` was not taken away, see removeEndpoint
  if (controller.endpoints().some(({ id }) => id === endpointId)) return
  const made = await controller.connect({
    sandbox: container,
    network,
    id: endpointId,
    aliases,
    links: links.map((link) => ({ sandbox: link.container, alias: link.alias })),
    exposedPorts: [...exposed, ...ports.map(({ protocol, port }) => ({ protocol, port }))],
    portBindings: ports,
    gatewayPriority: priority,
    driverOptions: endpoint.options,
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ...(mac === undefined ? {} : { mac }),
    ...(endpoint.interface === undefined ? {} : { interfaceName: endpoint.interface }),
  })
  const { name } = made.interface
  if (mtu !== undefined && name !== undefined) setMtu(namespacePath(lab, container), name, mtu)
}

function setMtu(path: string, name: string, mtu: number): void {
  const inside = NetworkHost.open(path)
  try {
    askKernel(`link ${name}: MTU ${mtu}`, () => {
      const { index } = getLink(inside.route, { name })
      inside.route.request(changeLink(index, { mtu }))
    })
  } finally {
    inside.close()
  }
}

export function makePeer({ overlay }: HostEngine, peer: PeerObject): Promise<void> {
  const { networkId, endpointId, address, mac, vtep } = peer
  return overlay.addPeer({ networkId, endpointId, address, mac, vtep })
}

export function removePeer({ overlay }: HostEngine, { networkId, endpointId }: PeerObject): Promise<void> {
  return overlay.removePeer(networkId, endpointId)
}

/** A connection to the network `host` ends with its container alone, as in Docker. */
export async function removeEndpoint({ controller }: HostEngine, endpoint: EndpointObject): Promise<void> {
  const { container, network, endpointId } = endpoint
  if (!controller.endpoints().some(({ id }) => id === endpointId)) return
  const sandbox = controller.sandboxes().find(({ name }) => name === container)
  if (sandbox === undefined) throw new TsnetError('failed', `disconnect ${container}: it is not known`)
  if (!sandbox.hostNamespace) await controller.disconnect(container, network)
}
