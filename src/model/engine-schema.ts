import { dictionary, list, number, object, oneOf, text, yesNo } from './schema.ts'
import type { Container, ContainerEndpoint, Network, PublishedPort } from './snapshot.ts'

const endpoint = object<ContainerEndpoint>(
  { network: text, networkId: text, addresses: list(text) },
  { mac: text, gateway: text, aliases: list(text) },
)

const publishedPort = object<PublishedPort>(
  { protocol: text, containerPort: number },
  { hostAddress: text, hostPort: number },
)

export const containerSchema = object<Container>(
  {
    engine: oneOf('docker', 'podman', 'cri'),
    id: text,
    name: text,
    image: text,
    state: text,
    networks: list(endpoint),
    ports: list(publishedPort),
    labels: dictionary(text),
  },
  {
    namespace: number,
    pid: number,
    compose: object({ project: text, service: text }, {}),
    swarm: object({ service: text, serviceId: text, task: text, taskId: text }, {}),
    pod: text,
    networkMode: text,
  },
)

export const networkSchema = object<Network>(
  {
    engine: oneOf('docker', 'podman'),
    id: text,
    name: text,
    driver: text,
    scope: text,
    internal: yesNo,
    ipv6: yesNo,
    subnets: list(object<Network['subnets'][number]>({ subnet: text }, { gateway: text, range: text })),
    ipamDriver: text,
    options: dictionary(text),
    labels: dictionary(text),
  },
  { bridge: text, vnis: list(number), encrypted: yesNo, ingress: yesNo, madeBy: text },
)
