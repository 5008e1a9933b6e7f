import {
  ADDRESS,
  byKind,
  driverOptions,
  entries,
  flag,
  INTERFACE,
  type JsonSchema,
  listOf,
  MAC,
  MTU,
  NAME,
  oneOrMore,
  PORT,
  record,
  SUBNET,
  settings,
  text,
} from '../../model/file/shapes.ts'
import { NETWORK_DRIVERS, WORKLOADS } from '../file/lab-file.ts'

const POOL: Readonly<Record<string, JsonSchema>> = {
  subnet: { ...SUBNET, description: "Default: the next of Docker's default pools (172.17.0.0/16…)." },
  gateway: { ...ADDRESS, description: 'Default: the first address of the subnet.' },
  ip_range: { ...SUBNET, description: 'The part of the subnet that containers get their addresses from.' },
  aux_addresses: {
    type: 'object',
    description: 'Name → address that no container gets.',
    additionalProperties: ADDRESS,
  },
}

export const NETWORK_ENTRY: JsonSchema = byKind({
  null: {},
  object: record({
    driver: { enum: NETWORK_DRIVERS, default: 'bridge' },
    host: oneOrMore(
      NAME,
      'The host that it is on; several: each has a network of that name. Default: the only host. An overlay is one ' +
        'network on several; by default on those that have a container in it.',
    ),
    ...POOL,
    ipam: record(
      { config: listOf(record(POOL), 'One a subnet; for one subnet the keys may stand in the network itself.') },
      { description: 'As in Compose.' },
    ),
    internal: flag('No way out: no gateway, no published ports.', false),
    encrypted: flag('Overlay: what goes from host to host is encrypted (ESP).', false),
    ipv6: flag('Addresses of both families.', false),
    dns: flag('Name server on 127.0.0.11 for the names in this network; never on the default bridge.', true),
    options: driverOptions('Options of the driver, as docker network create -o.'),
    driver_opts: driverOptions('The same, as Compose calls them.'),
  }),
})

const ENDPOINT = byKind({
  null: {},
  object: record({
    ipv4_address: ADDRESS,
    ipv6_address: ADDRESS,
    mac_address: MAC,
    aliases: listOf(NAME, 'Further names in this network.'),
    interface: { ...INTERFACE, description: 'Default: the next of eth0, eth1…' },
    priority: { type: 'integer', description: 'The network with the highest gives the default route. Default 0.' },
    driver_opts: driverOptions('Options of the driver for this endpoint.'),
  }),
})

const PUBLISHED = byKind({
  string: text('a port as Compose writes it, like "8000:80"'),
  number: PORT,
  object: record(
    {
      target: { ...PORT, description: 'Port of the container.' },
      published: byKind({
        number: { type: 'integer', minimum: 0, maximum: 65_535 },
        string: text('a port or a range like 8000-8010'),
      }),
      host_ip: ADDRESS,
      protocol: { enum: ['tcp', 'udp', 'sctp'], default: 'tcp' },
    },
    { required: ['target'] },
  ),
})

/** Of containers and of the tasks of services. */
const TASK = {
  networks: byKind(
    { array: listOf(NAME), object: entries(ENDPOINT, 'Network → its settings there.') },
    {
      description:
        'Networks of the file, or Docker’s own ones: bridge (the default bridge, also when nothing is said), host, none.',
    },
  ),
  sysctls: settings('net.… settings of its namespace.'),
  environment: settings('Of its workload. web: DB=HOST[:PORT].'),
  workload: byKind(
    {
      string: { enum: WORKLOADS },
      object: record({ kind: { enum: WORKLOADS }, port: PORT }, { required: ['kind'] }),
    },
    {
      description:
        'What it serves: http (a page, port 80), echo (TCP and UDP, 7), kv (key-value store, 8500), web (counts ' +
        'visits in the kv of $DB, 5000).',
    },
  ),
  command: { ...listOf(text('a word'), 'Any program of this machine instead of a workload.'), minItems: 1 },
  dns: oneOrMore(ADDRESS, 'Name servers that other names are asked of.'),
  dns_search: oneOrMore(text('a domain'), 'Search list of resolv.conf.'),
  dns_opt: oneOrMore(text('an option like ndots:1'), 'Options of resolv.conf.'),
  mtu: { ...MTU, description: 'Of its interfaces, inside only.' },
}

export const SERVICE_ENTRY: JsonSchema = byKind({
  null: {},
  object: record({
    host: oneOrMore(NAME, 'The hosts of its tasks, one after the other. Default: all.'),
    replicas: {
      type: 'integer',
      minimum: 0,
      maximum: 1000,
      default: 1,
      description: 'How many tasks: NAME.1, NAME.2…',
    },
    endpoint_mode: {
      enum: ['vip', 'dnsrr'],
      default: 'vip',
      description: 'What its name stands for: a virtual address, balanced by IPVS, or the addresses of all tasks.',
    },
    ports: listOf(PUBLISHED, '"8080:80": on every host, by way of the ingress network.'),
    ...TASK,
  }),
})

export const CONTAINER_ENTRY: JsonSchema = byKind({
  null: {},
  object: record({
    host: { ...NAME, description: 'The host that it runs on. Default: the only one.' },
    hostname: NAME,
    ports: listOf(PUBLISHED, '"8000:80", "127.0.0.1:8000-8002:80-82/udp", "[::1]:8000:80/sctp", 80 (any port).'),
    expose: listOf(byKind({ string: text('a port like 80/tcp'), number: PORT })),
    links: listOf(text('"container" or "container:alias"'), 'docker run --link: names for this container alone.'),
    ...TASK,
    depends_on: listOf(NAME, 'Containers that are started before.'),
  }),
})
