import type { Container, ContainerEndpoint, Network, PublishedPort } from '../../model/snapshot.ts'
import {
  asObject,
  asObjects,
  asPositive,
  asText,
  asTextMap,
  asTextOrAbsent,
  asTexts,
  type JsonObject,
} from '../untrusted.ts'

/** An item of `GET /containers/json`; undefined when it has no id. */
export function decodeContainer(json: JsonObject): Container | undefined {
  const id = asText(json['Id'])
  if (id === '') return undefined
  const labels = asTextMap(json['Labels'])
  const names = asTexts(json['Names']).map((name) => name.replace(/^\//, ''))
  const networkMode = asTextOrAbsent(asObject(json['HostConfig'])['NetworkMode'])
  return {
    engine: 'docker',
    id,
    // a linked container also carries `other/alias`
    name: names.find((name) => !name.includes('/')) ?? id.slice(0, 12),
    image: asText(json['Image']),
    state: asText(json['State']),
    ...compose(labels),
    ...swarm(labels),
    ...(networkMode === undefined ? {} : { networkMode }),
    networks: decodeEndpoints(asObject(json['NetworkSettings'])['Networks']),
    ports: asObjects(json['Ports']).flatMap(decodePort),
    labels,
  }
}

/** `NetworkSettings.Networks`: endpoint settings by network name. */
export function decodeEndpoints(json: unknown): ContainerEndpoint[] {
  return Object.entries(asObject(json)).map(([network, value]) => {
    const endpoint = asObject(value)
    const mac = asTextOrAbsent(endpoint['MacAddress'])
    const gateway = asTextOrAbsent(endpoint['Gateway']) ?? asTextOrAbsent(endpoint['IPv6Gateway'])
    const aliases = asTexts(endpoint['Aliases'])
    return {
      network,
      networkId: asText(endpoint['NetworkID']),
      addresses: [asText(endpoint['IPAddress']), asText(endpoint['GlobalIPv6Address'])].filter(
        (address) => address !== '',
      ),
      ...(mac === undefined ? {} : { mac: mac.toLowerCase() }),
      ...(gateway === undefined ? {} : { gateway }),
      ...(aliases.length === 0 ? {} : { aliases }),
    }
  })
}

/** What only `GET /containers/ID/json` tells. */
export interface ContainerDetail {
  /** In the pid namespace of the engine, which need not be ours. */
  readonly pid?: number
  /** Path of its namespace in the engine's mount namespace. */
  readonly sandboxKey?: string
  readonly networks: readonly ContainerEndpoint[]
}

export function decodeContainerDetail(json: unknown): ContainerDetail {
  const container = asObject(json)
  const settings = asObject(container['NetworkSettings'])
  const pid = asPositive(asObject(container['State'])['Pid'])
  const sandboxKey = asTextOrAbsent(settings['SandboxKey'])
  return {
    ...(pid === undefined ? {} : { pid }),
    ...(sandboxKey === undefined ? {} : { sandboxKey }),
    networks: decodeEndpoints(settings['Networks']),
  }
}

/** An item of `GET /networks`; undefined when it has no id. */
export function decodeNetwork(json: JsonObject): Network | undefined {
  const id = asText(json['Id'])
  if (id === '') return undefined
  const driver = asText(json['Driver'])
  const options = asTextMap(json['Options'])
  const ipam = asObject(json['IPAM'])
  const bridge =
    driver === 'bridge' ? (options['com.docker.network.bridge.name'] ?? `br-${id.slice(0, 12)}`) : undefined
  const vnis = (options['com.docker.network.driver.overlay.vxlanid_list'] ?? '')
    .split(',')
    .map(Number)
    .filter((vni) => vni > 0)
  return {
    engine: 'docker',
    id,
    name: asText(json['Name']),
    driver,
    scope: asText(json['Scope']),
    internal: json['Internal'] === true,
    ipv6: json['EnableIPv6'] === true,
    subnets: asObjects(ipam['Config']).flatMap(decodeSubnet),
    ipamDriver: asText(ipam['Driver']),
    options,
    labels: asTextMap(json['Labels']),
    ...(bridge === undefined ? {} : { bridge }),
    ...(vnis.length === 0 ? {} : { vnis }),
    ...(driver === 'overlay' ? { encrypted: 'encrypted' in options } : {}),
    ...(json['Ingress'] === true ? { ingress: true } : {}),
  }
}

function decodeSubnet(json: JsonObject): Network['subnets'][number][] {
  const subnet = asText(json['Subnet'])
  const gateway = asTextOrAbsent(json['Gateway'])
  const range = asTextOrAbsent(json['IPRange'])
  if (subnet === '') return []
  return [{ subnet, ...(gateway === undefined ? {} : { gateway }), ...(range === undefined ? {} : { range }) }]
}

function decodePort(json: JsonObject): PublishedPort[] {
  const containerPort = asPositive(json['PrivatePort'])
  const hostPort = asPositive(json['PublicPort'])
  const hostAddress = asTextOrAbsent(json['IP'])
  if (containerPort === undefined) return []
  return [
    {
      protocol: asText(json['Type']),
      containerPort,
      ...(hostAddress === undefined ? {} : { hostAddress }),
      ...(hostPort === undefined ? {} : { hostPort }),
    },
  ]
}

function compose(labels: Readonly<Record<string, string>>): Pick<Container, 'compose'> {
  const project = labels['com.docker.compose.project']
  return project ? { compose: { project, service: labels['com.docker.compose.service'] ?? '' } } : {}
}

function swarm(labels: Readonly<Record<string, string>>): Pick<Container, 'swarm'> {
  const taskId = labels['com.docker.swarm.task.id']
  if (!taskId) return {}
  const service = labels['com.docker.swarm.service.name'] ?? ''
  const serviceId = labels['com.docker.swarm.service.id'] ?? ''
  return { swarm: { service, serviceId, task: labels['com.docker.swarm.task.name'] ?? '', taskId } }
}
