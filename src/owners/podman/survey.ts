import { messageOf } from '../../errors.ts'
import type { Container, Hidden, Network, PublishedPort } from '../../model/snapshot.ts'
import { decodeEndpoints } from '../docker/decode.ts'
import { type EngineEndpoint, engineGet } from '../engine-request.ts'
import type { SurveyedContainer } from '../surveyed-container.ts'
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

export interface PodmanSurvey {
  readonly containers: readonly SurveyedContainer[]
  readonly networks: readonly Network[]
  readonly hidden: readonly Hidden[]
}

/** What one podman service knows (libpod API 4, which podman 4 and 5 serve). Never throws. */
export async function surveyPodman(endpoint: EngineEndpoint): Promise<PodmanSurvey> {
  const hidden: Hidden[] = []
  const list = async (path: string, what: string): Promise<JsonObject[]> => {
    try {
      const json = await engineGet(endpoint, `/v4.0.0/libpod${path}`)
      if (!Array.isArray(json)) throw new Error('its answer is not a list')
      return asObjects(json)
    } catch (error) {
      hidden.push({ subject: `${what}podman (${endpoint.socket})`, reason: messageOf(error) })
      return []
    }
  }
  const [containers, networks] = await Promise.all([
    list('/containers/json?all=true', ''),
    list('/networks/json', 'networks of '),
  ])
  const decoded = networks.map(decodeNetwork)
  const surveyed = await Promise.all(containers.map((json) => surveyContainer(endpoint, json)))
  return { containers: surveyed.map((one) => withNetworkIds(one, decoded)), networks: decoded, hidden }
}

/** An endpoint of podman 4 carries the name of its network where its id belongs. */
function withNetworkIds(surveyed: SurveyedContainer, networks: readonly Network[]): SurveyedContainer {
  const endpoints = surveyed.container.networks.map((endpoint) => {
    const known = networks.find(({ name }) => name === endpoint.network)
    return known === undefined ? endpoint : { ...endpoint, networkId: known.id }
  })
  return { ...surveyed, container: { ...surveyed.container, networks: endpoints } }
}

async function surveyContainer(endpoint: EngineEndpoint, json: JsonObject): Promise<SurveyedContainer> {
  const container = decodeContainer(json)
  const enginePid = asPositive(json['Pid'])
  const named = { container, sharesSandbox: false, ...(enginePid === undefined ? {} : { enginePid }) }
  if (container.state !== 'running') return named
  try {
    const detail = asObject(
      await engineGet(endpoint, `/v4.0.0/libpod/containers/${encodeURIComponent(container.id)}/json`),
    )
    return { ...named, ...decodeDetail(container, detail) }
  } catch {
    return named
  }
}

function decodeDetail(container: Container, json: JsonObject): Omit<SurveyedContainer, 'enginePid'> {
  const settings = asObject(json['NetworkSettings'])
  const sandboxKey = asTextOrAbsent(settings['SandboxKey'])
  const networkMode = asTextOrAbsent(asObject(json['HostConfig'])['NetworkMode'])
  return {
    container: {
      ...container,
      networks: decodeEndpoints(settings['Networks']),
      ...(networkMode === undefined ? {} : { networkMode }),
    },
    sharesSandbox: networkMode === 'host' || networkMode?.startsWith('container:') === true,
    ...(sandboxKey === undefined ? {} : { sandboxKey }),
  }
}

function decodeContainer(json: JsonObject): Container {
  const id = asText(json['Id'])
  const pod = asTextOrAbsent(json['PodName'])
  return {
    engine: 'podman',
    id,
    name: asTexts(json['Names'])[0] ?? id.slice(0, 12),
    image: asText(json['Image']),
    state: asText(json['State']),
    ...(pod === undefined ? {} : { pod }),
    networks: [],
    ports: asObjects(json['Ports']).flatMap(decodePorts),
    labels: asTextMap(json['Labels']),
  }
}

/** A mapping stands for a range of ports of one length on both sides. */
function decodePorts(json: JsonObject): PublishedPort[] {
  const containerPort = asPositive(json['container_port'])
  if (containerPort === undefined) return []
  const hostPort = asPositive(json['host_port'])
  const hostAddress = asTextOrAbsent(json['host_ip'])
  const length = Math.min(asPositive(json['range']) ?? 1, 65_536 - containerPort)
  return Array.from({ length }, (_, offset) => ({
    protocol: asText(json['protocol']),
    containerPort: containerPort + offset,
    ...(hostAddress === undefined ? {} : { hostAddress }),
    ...(hostPort === undefined ? {} : { hostPort: hostPort + offset }),
  }))
}

function decodeNetwork(json: JsonObject): Network {
  const bridge = asTextOrAbsent(json['network_interface'])
  return {
    engine: 'podman',
    id: asText(json['id']),
    name: asText(json['name']),
    driver: asText(json['driver']),
    scope: 'local',
    internal: json['internal'] === true,
    ipv6: json['ipv6_enabled'] === true,
    subnets: asObjects(json['subnets']).map((subnet) => {
      const gateway = asTextOrAbsent(subnet['gateway'])
      return { subnet: asText(subnet['subnet']), ...(gateway === undefined ? {} : { gateway }) }
    }),
    ipamDriver: asText(asObject(json['ipam_options'])['driver']),
    options: asTextMap(json['options']),
    labels: asTextMap(json['labels']),
    ...(bridge === undefined || json['driver'] !== 'bridge' ? {} : { bridge }),
  }
}
