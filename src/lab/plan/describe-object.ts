import type { PortBinding } from '../../driver/network-driver.ts'
import type {
  AttachmentObject,
  ContainerObject,
  EndpointObject,
  LabObject,
  NetworkObject,
  NodeObject,
  ObjectOf,
  PeerObject,
  RouteObject,
} from '../resolve/lab-object.ts'
import { formatLoss, formatRate, formatTimeUs } from '../topology/quantities.ts'
import type { Shaping } from '../topology/topology.ts'

/** An object in one line: what it is, then in which way. `host h1: Docker 28, iptables`. */
export function describeObject(object: LabObject): string {
  const describe = DESCRIPTIONS[object.kind] as (object: LabObject) => readonly string[]
  const [what = '', ...how] = describe(object).filter((part) => part !== '')
  return how.length === 0 ? what : `${what}: ${how.join(', ')}`
}

/** The first part is what it is. Empty parts are left out. */
const DESCRIPTIONS: { readonly [K in LabObject['kind']]: (object: ObjectOf<K>) => readonly string[] } = {
  segment: ({ name, mtu }) => [`segment ${name}`, mtuText(mtu)],
  host: describeNode,
  router: describeNode,
  sysctl: ({ node, name, value }) => [`sysctl at ${node}`, `${name} = ${value}`],
  attachment: describeAttachment,
  vlan: ({ node, interface: name, addresses }) => [`VLAN ${node}:${name}`, ...addresses],
  link: ({ ends, mtu, shaping }) => [
    `link ${ends.map((end) => `${end.node}:${end.interface}`).join(' ⇄ ')}`,
    ...ends.flatMap(({ addresses }) => addresses),
    mtuText(mtu),
    ...shapingTexts(shaping),
  ],
  expose: ({ node, interface: name, addresses, peerInterface, peers }) => [
    `link ${node}:${name} ⇄ ${peerInterface} of this machine`,
    ...addresses,
    `the machine has ${peers.join(', ')}`,
  ],
  route: describeRoute,
  network: describeNetwork,
  container: describeContainer,
  endpoint: describeEndpoint,
  peer: describePeer,
  service: ({ service, network, vip, tasks }) => [
    `service ${service} in network ${network}`,
    vip === undefined ? '' : `VIP ${vip}`,
    tasks.join(' '),
  ],
  balancer: ({ host, service, network, vip, mark, ports, backends }) => [
    `${host} balances ${service} in network ${network}`,
    `VIP ${vip}`,
    `mark ${mark}`,
    ...ports.map(({ protocol, published }) => `port ${published}/${protocol}`),
    `to ${backends.join(' ')}`,
  ],
  ingress: ({ host, gateway, ports }) => [
    `${host} publishes services`,
    ...ports.map(({ protocol, published, target }) => `${published}->${target}/${protocol}`),
    `by way of ${gateway}`,
  ],
  taskPorts: ({ container, address, ports }) => [
    `${container} answers in network ingress`,
    address,
    ...ports.map(({ protocol, target }) => `port ${target}/${protocol}`),
  ],
  firewall: ({ node, family, rules }) => [
    `firewall of ${node}`,
    `${rules.length} IPv${family} ${rules.length === 1 ? 'rule' : 'rules'}`,
    ...rules.map(({ table, line }) => (table === 'filter' ? line : `${table} ${line}`)),
  ],
  workload: ({ container, workload, environment }) => [
    `workload of ${container}`,
    workload.kind === 'command' ? workload.command.join(' ') : workload.kind,
    ...(workload.kind !== 'command' && workload.port !== undefined ? [`port ${workload.port}`] : []),
    ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
  ],
}

function describeNode({ kind, name, docker }: NodeObject): readonly string[] {
  if (kind === 'router') return [`router ${name}`]
  return [
    `host ${name}`,
    `Docker ${docker.layout} with ${docker.backend}`,
    docker.userlandProxy ? '' : 'no userland proxy',
    docker.dns ? '' : 'no DNS',
  ]
}

function describeAttachment({ node, interface: name, segment, port, addresses, mac, mtu, shaping }: AttachmentObject) {
  return [
    `link ${node}:${name} ⇄ ${segment}:${port}`,
    ...addresses,
    mac === undefined ? '' : `MAC ${mac}`,
    mtuText(mtu),
    ...shapingTexts(shaping),
  ]
}

function describeRoute({ node, to, via, dev, metric, type }: RouteObject): readonly string[] {
  const words = [
    type === 'unicast' ? to : `${type} ${to}`,
    via === undefined ? '' : `via ${via}`,
    dev === undefined ? '' : `dev ${dev}`,
    metric === undefined ? '' : `metric ${metric}`,
  ]
  return [`route at ${node}`, words.filter((word) => word !== '').join(' ')]
}

/** Docker's name of the bridge of a network. */
export function bridgeName({ networkId, options }: NetworkObject): string {
  return options['com.docker.network.bridge.name'] ?? `br-${networkId.slice(0, 12)}`
}

function describeNetwork(network: NetworkObject): readonly string[] {
  const { name, host, driver, pools, internal, ipv6, options, predefined, vtep } = network
  const parent = options['parent']
  return [
    `network ${name} at ${host}`,
    driver === 'bridge' ? `bridge ${bridgeName(network)}` : driver,
    vtep === undefined ? '' : `VTEP ${vtep}`,
    parent === undefined ? '' : `parent ${parent}`,
    ...pools.flatMap(({ subnet, gateway, ipRange }) => [
      `${subnet} gateway ${gateway}`,
      ipRange === undefined ? '' : `range ${ipRange}`,
    ]),
    internal ? 'internal' : '',
    ipv6 ? 'IPv6' : '',
    ...Object.entries(options)
      .filter(([key]) => key !== 'parent' && !(predefined && key.startsWith('com.docker.network.')))
      .map(([key, value]) => `${key}=${value}`),
  ]
}

function describeContainer({ name, host, hostNamespace, sysctls }: ContainerObject): readonly string[] {
  return [
    `container ${name}`,
    hostNamespace ? `in the namespace of ${host}` : `at ${host}`,
    ...Object.entries(sysctls).map(([key, value]) => `${key} = ${value}`),
  ]
}

function describeEndpoint({ container, network, ipv4, ipv6, mac, aliases, ports, mtu }: EndpointObject) {
  return [
    `${container} in network ${network}`,
    ipv4 ?? '',
    ipv6 ?? '',
    mac === undefined ? '' : `MAC ${mac}`,
    mtuText(mtu),
    aliases.length === 0 ? '' : `also called ${aliases.join(' ')}`,
    ...ports.map(formatBinding),
  ]
}

function describePeer({ container, host, network, address, mac, vtep }: PeerObject): readonly string[] {
  return [`${host} learns of ${container} in network ${network}`, address, `MAC ${mac}`, `behind ${vtep}`]
}

/** `0.0.0.0:8000->5000/tcp`, as `docker ps` has it. */
export function formatBinding({ hostAddress, hostPort, port, protocol }: PortBinding): string {
  const address = hostAddress ?? '0.0.0.0'
  return `${address.includes(':') ? `[${address}]` : address}:${hostPort}->${port}/${protocol}`
}

function mtuText(mtu: number | undefined): string {
  return mtu === undefined ? '' : `MTU ${mtu}`
}

function shapingTexts({ rate, delayUs, loss }: Shaping): readonly string[] {
  return [
    rate === undefined ? '' : formatRate(rate),
    delayUs === undefined ? '' : `delay ${formatTimeUs(delayUs)}`,
    loss === undefined ? '' : `loss ${formatLoss(loss)}`,
  ]
}
