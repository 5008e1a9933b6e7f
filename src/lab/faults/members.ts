import type { FirewallRule, Link, Namespace } from '../../model/snapshot.ts'
import { type AttachmentObject, type EndpointObject, type NetworkObject, objectsOf } from '../resolve/lab-object.ts'
import { http, type Probe, ping } from './fault.ts'
import type { LabFacts } from './lab-facts.ts'

/** A container in a network of the driver bridge, with both ends of its cable. */
export interface Member {
  readonly container: string
  readonly host: string
  readonly network: NetworkObject
  readonly endpoint: EndpointObject
  readonly address: string
  readonly gateway: string
  /** In the container. */
  readonly link: Link
  /** On the host. */
  readonly port: Link
  readonly bridge: Link
}

/** In the order of the file. */
export function bridgeMembers(facts: LabFacts): readonly Member[] {
  const networks = objectsOf(facts.lab, 'network').filter(({ driver }) => driver === 'bridge')
  return objectsOf(facts.lab, 'endpoint').flatMap((endpoint) => {
    const network = networks.find(({ name, host }) => name === endpoint.network && host === endpoint.host)
    return network === undefined ? [] : (memberOf(facts, network, endpoint) ?? [])
  })
}

function memberOf({ places }: LabFacts, network: NetworkObject, endpoint: EndpointObject): Member | undefined {
  const { container, host, ipv4: address } = endpoint
  const [inside, outside] = [places.get(container), places.get(host)]
  const gateway = network.pools[0]?.gateway
  if (address === undefined || gateway === undefined || inside === undefined || outside === undefined) return undefined
  const link = linkWith(inside, address)
  const port = outside.links.find(({ index }) => index === link?.peer?.index && link.peer.namespace === outside.inode)
  const bridge = outside.links.find(({ index }) => index === port?.master)
  if (link === undefined || port === undefined || bridge === undefined) return undefined
  return { container, host, network, endpoint, address, gateway, link, port, bridge }
}

/** The link that has an address. */
export function linkWith({ addresses, links }: Namespace, address: string): Link | undefined {
  const index = addresses.find((each) => each.address.split('/')[0] === address)?.link
  return links.find((link) => link.index === index)
}

/** Two containers of one network that can reach each other. */
export function pairsInNetworks(facts: LabFacts): readonly (readonly [Member, Member])[] {
  const members = bridgeMembers(facts).filter(({ network }) => !isApart(network))
  return members.flatMap((a) => {
    const b = members.find((each) => each.network === a.network && each.container !== a.container)
    return b === undefined ? [] : [[a, b] as const]
  })
}

/** Containers of the network are kept apart. */
function isApart({ options }: NetworkObject): boolean {
  return options['com.docker.network.bridge.enable_icc'] === 'false'
}

/** Members of networks from which a way leads out. */
export function outboundMembers(facts: LabFacts): readonly Member[] {
  return bridgeMembers(facts).filter(
    ({ network, link, container }) =>
      !network.internal &&
      facts.places
        .get(container)
        ?.routes.some(({ destination, link: via }) => destination === 'default' && via === link.index),
  )
}

/** An address of another machine. */
export interface Beside {
  readonly node: string
  readonly address: string
  readonly own: string
  /** Of the machine itself, toward that one. */
  readonly attachment: AttachmentObject
}

/** Machines on a segment of `node`, routers first: they are sure to answer. */
export function machinesBeside({ lab }: LabFacts, node: string): readonly Beside[] {
  const attachments = objectsOf(lab, 'attachment')
  const routers = new Set(objectsOf(lab, 'router').map(({ name }) => name))
  const found = attachments
    .filter((own) => own.node === node)
    .flatMap((attachment) =>
      attachments
        .filter((other) => other.segment === attachment.segment && other.node !== node)
        .flatMap((other) => besideOf(attachment, other) ?? []),
    )
  return found.toSorted((a, b) => Number(routers.has(b.node)) - Number(routers.has(a.node)))
}

function besideOf(attachment: AttachmentObject, other: AttachmentObject): Beside | undefined {
  const [own, address] = [ipv4Of(attachment.addresses), ipv4Of(other.addresses)]
  return own === undefined || address === undefined ? undefined : { node: other.node, address, own, attachment }
}

export function ipv4Of(addresses: readonly string[]): string | undefined {
  return addresses.find((each) => !each.includes(':'))?.split('/')[0]
}

/** A published TCP port, from a machine beside its host. */
export interface Published {
  readonly member: Member
  readonly hostPort: number
  readonly port: number
  readonly client: Beside
  /** What leads there. */
  readonly rule: FirewallRule
  readonly probe: Probe
}

/** Those that lead anywhere: of a container in several networks, one of these does. */
export function publishedPorts(facts: LabFacts): readonly Published[] {
  return bridgeMembers(facts).flatMap((member) =>
    member.endpoint.ports.flatMap(({ protocol, hostAddress, hostPort, port }) => {
      const client = machinesBeside(facts, member.host).toSorted((a, b) => a.node.localeCompare(b.node))[0]
      const isOpen = hostAddress === undefined || hostAddress === '0.0.0.0' || hostAddress === ''
      const rule = translationOf(facts, member, { hostPort, port })
      if (protocol !== 'tcp' || !isOpen || rule === undefined || client === undefined) return []
      return [{ member, hostPort, port, client, rule, probe: http(client.node, `http://${client.own}:${hostPort}/`) }]
    }),
  )
}

interface PortPair {
  readonly hostPort: number
  readonly port: number
}

/** The rule that leads a published port into a container, with its place in its chain. */
function translationOf({ places }: LabFacts, member: Member, { hostPort, port }: PortPair): FirewallRule | undefined {
  return places
    .get(member.host)
    ?.firewall.find(
      ({ table, chain, syntax, text }) =>
        table === 'nat' &&
        chain === 'DOCKER' &&
        syntax === 'iptables' &&
        text.includes(`--dport ${hostPort} `) &&
        text.endsWith(`--to-destination ${member.address}:${port}`),
    )
}

/** From a container to a machine beside its host. */
export function outboundProbe(facts: LabFacts, member: Member): Probe | undefined {
  const [beside] = machinesBeside(facts, member.host)
  return beside === undefined ? undefined : ping(member.container, beside.address)
}

/** A machine that forwards between two others. */
export interface Crossing {
  readonly router: string
  readonly from: string
  readonly to: string
  /** Of `to`. */
  readonly address: string
  /** Interfaces of the router toward each. */
  readonly inward: AttachmentObject
  readonly outward: AttachmentObject
}

/** Machines in different segments of one router, hosts first. */
export function crossings(facts: LabFacts): readonly Crossing[] {
  const routers = new Set(objectsOf(facts.lab, 'router').map(({ name }) => name))
  const rank = ({ from, to }: Crossing): number => Number(routers.has(from)) + Number(routers.has(to))
  const found = objectsOf(facts.lab, 'router').flatMap(({ name: router }) => {
    const beside = machinesBeside(facts, router)
    return beside.flatMap((a) =>
      beside
        .filter((b) => b.attachment !== a.attachment && hasRouteBetween(facts, a, b))
        .map((b) => ({
          router,
          from: a.node,
          to: b.node,
          address: b.address,
          inward: a.attachment,
          outward: b.attachment,
        })),
    )
  })
  return found.toSorted((a, b) => rank(a) - rank(b))
}

/** Each has a way to the other that leads over this router. */
function hasRouteBetween({ places }: LabFacts, a: Beside, b: Beside): boolean {
  const leadsTo = (from: Beside): boolean =>
    places.get(from.node)?.routes.some(({ gateway }) => gateway === from.own) === true
  return leadsTo(a) && leadsTo(b)
}
