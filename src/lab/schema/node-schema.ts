import {
  ADDRESS,
  ADDRESS_IN_SUBNET,
  byKind,
  entries,
  INTERFACE,
  type JsonSchema,
  listOf,
  MAC,
  MTU,
  NAME,
  oneOrMore,
  record,
  SUBNET,
  settings,
  text,
} from '../../model/file/shapes.ts'
import { DOCKER, SHAPING } from './docker-schema.ts'

const ADDRESSES = oneOrMore(ADDRESS_IN_SUBNET, 'One address, or one of each family: 192.168.0.2/24.')

const ATTACHMENT = byKind({
  null: {},
  string: ADDRESS_IN_SUBNET,
  object: record({
    address: ADDRESSES,
    interface: { ...INTERFACE, description: 'Default: the next of eth0, eth1…' },
    mac_address: MAC,
    mtu: MTU,
    vlans: {
      type: 'object',
      description: 'VLAN id → its address: makes eth0.10 on the interface.',
      propertyNames: { pattern: '^[0-9]{1,4}$', title: 'a VLAN id from 1 to 4094' },
      additionalProperties: byKind({ null: {}, string: ADDRESS_IN_SUBNET, array: listOf(ADDRESS_IN_SUBNET) }),
    },
    ...SHAPING,
  }),
})

const ROUTE = byKind({
  string: text('a route like "10.1.0.0/16 via 10.0.0.1"'),
  object: record(
    {
      to: text('"default" or a subnet'),
      via: ADDRESS,
      dev: INTERFACE,
      metric: { type: 'integer', minimum: 0, maximum: 4_294_967_295 },
      type: { enum: ['unicast', 'blackhole', 'unreachable', 'prohibit'], default: 'unicast' },
    },
    { required: ['to'] },
  ),
})

const RULES = listOf(
  text('a line as iptables-restore reads it'),
  'Lines as iptables-restore reads them, put in after the rules of the networks: "*nat" chooses the table (default ' +
    'filter), "-A FORWARD -s 10.0.0.0/8 -j DROP" adds a rule, "-P FORWARD DROP" sets a policy, "-N NAME" makes a chain.',
)

const NODE: Readonly<Record<string, JsonSchema>> = {
  segments: byKind(
    { array: listOf(NAME), object: entries(ATTACHMENT, 'Segment → address on it.') },
    { description: 'The physical segments that it is attached to, with its address: lan: 192.168.0.2/24.' },
  ),
  routes: listOf(ROUTE, '"10.1.0.0/16 via 10.0.0.1", "default via 10.0.0.1 metric 100", "blackhole 10.9.0.0/16".'),
  sysctls: settings('net.… settings of its namespace.'),
  firewall: RULES,
  firewall_v6: RULES,
}

export const HOST_ENTRY: JsonSchema = byKind({
  null: {},
  object: record({
    ...NODE,
    docker: DOCKER,
    expose: record(
      { address: ADDRESSES, peer: ADDRESSES },
      {
        required: ['address', 'peer'],
        description:
          'A link to the real machine, which a lab is isolated from otherwise: the address of the lab host on it, and ' +
          'that of the machine.',
      },
    ),
  }),
})

export const ROUTER_ENTRY: JsonSchema = byKind({ null: {}, object: record(NODE) })

export const SEGMENT_ENTRY: JsonSchema = byKind({
  null: {},
  object: record({
    subnet: oneOrMore(SUBNET, 'Addresses on it must lie inside.'),
    gateway: oneOrMore(ADDRESS, 'Default route of the hosts with an address on it (not of routers).'),
    mtu: MTU,
  }),
})

const LINK_END = byKind({
  string: text('"node" or "node:interface"'),
  object: record({ node: NAME, interface: INTERFACE, address: ADDRESSES, mac_address: MAC }, { required: ['node'] }),
})

export const LINK_ENTRY: JsonSchema = record(
  {
    ends: { ...listOf(LINK_END, 'The two hosts or routers, each "h1", "h1:eth1" or a map.'), minItems: 2, maxItems: 2 },
    mtu: MTU,
    ...SHAPING,
  },
  { required: ['ends'] },
)
