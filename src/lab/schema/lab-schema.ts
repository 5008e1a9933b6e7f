import {
  ADDRESS,
  byKind,
  entries,
  type JsonSchema,
  listOf,
  matching,
  NAME,
  record,
  text,
} from '../../model/file/shapes.ts'
import { CONTAINER_ENTRY, NETWORK_ENTRY } from './container-schema.ts'
import { DOCKER } from './docker-schema.ts'
import { HOST_ENTRY, LINK_ENTRY, ROUTER_ENTRY, SEGMENT_ENTRY } from './node-schema.ts'

const EXPECT = byKind({
  string: text('reply, open, refused, unreachable, timeout, closed (any of these three), found, unknown or nxdomain'),
  object: record({
    status: { type: 'integer', minimum: 0, maximum: 999, description: 'HTTP status, or exit status of a command.' },
    contains: text('a text', 'Somewhere in what came back.'),
    matches: text('a regular expression', 'Finds something in what came back.'),
    rises: text(
      'a regular expression with one group',
      'The number that its group finds is greater when the same is done once more.',
    ),
    addresses: listOf(ADDRESS, 'Exactly these, in any order.'),
    names: listOf(text('a name'), 'Exactly these, in any order (PTR, SRV, MX, TXT).'),
  }),
})

const CHECK: JsonSchema = record(
  {
    name: { ...text('a sentence'), minLength: 1, description: 'What is true when it passes, as a sentence.' },
    from: { ...NAME, description: 'Container, host or router that it is tried from.' },
    http: matching('^http://', 'a URL like http://web:5000/', 'Gets a page; expect status 200.'),
    tcp: text('HOST:PORT', 'Connects; expect "open", "refused", "unreachable", "timeout" or "closed".'),
    udp: text('HOST:PORT', 'Sends a datagram; expect "reply", "refused" or "timeout".'),
    ping: text('a host', 'Sends an echo request; expect "reply" or "closed".'),
    dns: text(
      'a name or address',
      'Asks the name server of "from"; expect addresses, "found", "unknown" or "nxdomain".',
    ),
    command: { ...listOf(text('a word'), 'Runs a program of this machine there; expect status 0.'), minItems: 1 },
    type: { enum: ['A', 'AAAA', 'PTR', 'SRV', 'MX', 'TXT'], description: 'Of dns. Default A, PTR for an address.' },
    timeout: matching('^[0-9]+(\\.[0-9]+)?(ms|s)$', 'a time like 2s', 'How long an answer may take. Default 2s.'),
    expect: EXPECT,
  },
  { required: ['name', 'from'] },
)

/** The shape of a lab file; what the parts mean to each other is checked by `check-topology.ts`. */
export const LAB_SCHEMA: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'a lab of tsnet-shoot',
  ...record(
    {
      name: {
        ...matching('^[a-z0-9][a-z0-9-]*$', 'a name of small letters, digits and "-"'),
        maxLength: 40,
        description: 'Of the lab: namespaces are called tsnet:NAME:HOST.',
      },
      description: text('a sentence'),
      docker: DOCKER,
      segments: entries(SEGMENT_ENTRY, 'Physical networks: what is attached to one sees each other’s frames.'),
      hosts: { ...entries(HOST_ENTRY, 'Machines, each a namespace of its own.'), minProperties: 1 },
      routers: entries(ROUTER_ENTRY, 'Machines that forward and have no containers.'),
      links: listOf(LINK_ENTRY, 'Cables between two hosts or routers.'),
      networks: entries(NETWORK_ENTRY, 'As docker network create.'),
      containers: entries(CONTAINER_ENTRY, 'As docker run, without an image.'),
      checks: listOf(CHECK, 'What lab validate tries in the built lab.'),
    },
    { required: ['name', 'hosts'] },
  ),
}
