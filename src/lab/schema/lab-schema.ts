import { CHECK_DEFINITIONS, CHECK_ENTRY } from '../../checks/file/check-schema.ts'
import { entries, type JsonSchema, listOf, matching, record, text } from '../../model/file/shapes.ts'
import { CONTAINER_ENTRY, NETWORK_ENTRY, SERVICE_ENTRY } from './container-schema.ts'
import { DOCKER } from './docker-schema.ts'
import { HOST_ENTRY, LINK_ENTRY, ROUTER_ENTRY, SEGMENT_ENTRY } from './node-schema.ts'

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
      services: entries(SERVICE_ENTRY, 'As docker service create, without an image: containers behind one name.'),
      checks: listOf(CHECK_ENTRY, 'What lab validate tries in the built lab; `from` is a container, host or router.'),
    },
    { required: ['name', 'hosts'] },
  ),
  definitions: CHECK_DEFINITIONS,
}
