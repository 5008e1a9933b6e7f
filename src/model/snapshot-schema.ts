import {
  addressSchema,
  dnsSchema,
  fdbEntrySchema,
  neighbourSchema,
  policyRuleSchema,
  routeSchema,
} from './address-schema.ts'
import { containerSchema, networkSchema } from './engine-schema.ts'
import { linkSchema } from './link-schema.ts'
import { dictionary, either, list, number, object, oneOf, type Schema, text } from './schema.ts'
import { type Hidden, type HostSnapshot, type Kind, type Namespace, type Owner, SNAPSHOT_FORMAT } from './snapshot.ts'
import {
  conntrackUseSchema,
  firewallChainSchema,
  firewallRuleSchema,
  ipSetSchema,
  ipvsServiceSchema,
  nftSetSchema,
  qdiscSchema,
  socketSchema,
  softnetSchema,
  xfrmPolicySchema,
  xfrmStateSchema,
} from './traffic-schema.ts'

const owner = object<Owner>(
  {
    kind: oneOf('host', 'docker', 'docker-sandbox', 'podman', 'cri', 'lab', 'netns', 'process', 'fd', 'peer'),
    name: text,
  },
  {
    containerId: text,
    pod: text,
    sandbox: oneOf('ingress', 'load-balancer', 'overlay'),
    networkId: text,
    networkName: text,
    lab: text,
    process: object<NonNullable<Owner['process']>>({ pid: number, command: text }, { fd: number }),
    driver: text,
  },
)

const namespace = object<Namespace>(
  {
    inode: number,
    names: list(text),
    owner,
    pids: list(number),
    links: list(linkSchema),
    addresses: list(addressSchema),
    routes: list(routeSchema),
    rules: list(policyRuleSchema),
    neighbours: list(neighbourSchema),
    fdb: list(fdbEntrySchema),
    firewall: list(firewallRuleSchema),
    chains: list(firewallChainSchema),
    ipsets: list(ipSetSchema),
    ipvs: list(ipvsServiceSchema),
    conntrack: conntrackUseSchema,
    sockets: list(socketSchema),
    xfrm: object<Namespace['xfrm']>({ states: list(xfrmStateSchema), policies: list(xfrmPolicySchema) }, {}),
    qdiscs: list(qdiscSchema),
    sysctls: dictionary(text),
  },
  { nftSets: list(nftSetSchema), dns: dnsSchema, softnet: softnetSchema },
)

/** Any word: a newer program may read more kinds, and what it read more is kept. */
const kind = text as Schema<string> as Schema<Kind>

export const snapshotSchema: Schema<HostSnapshot> = object<HostSnapshot>(
  {
    format: oneOf(SNAPSHOT_FORMAT),
    takenAt: text,
    hostname: text,
    kernel: text,
    kinds: list(kind),
    features: dictionary(either(oneOf(true), text)),
    namespaces: list(namespace),
    containers: list(containerSchema),
    networks: list(networkSchema),
    hidden: list(object<Hidden>({ subject: text, reason: text }, { hint: text, namespace: number })),
  },
  {},
)
