import { anything, dictionary, either, list, number, object, oneOf, type Schema, text, yesNo } from './schema.ts'
import type {
  ConntrackUse,
  FirewallChain,
  FirewallRule,
  IpSet,
  IpvsDestination,
  IpvsService,
  NftSet,
  Qdisc,
  Socket,
  SoftnetUse,
  XfrmPolicy,
  XfrmState,
} from './snapshot.ts'

const socketFamily: Schema<Socket['family']> = oneOf<Socket['family']>(4, 6, 'unix', 'packet')
const backend: Schema<'nft' | 'legacy'> = oneOf('nft', 'legacy')

export const firewallRuleSchema = object<FirewallRule>(
  {
    backend,
    family: text,
    table: text,
    chain: text,
    position: number,
    text,
    syntax: oneOf('iptables', 'nft'),
    packets: number,
    bytes: number,
  },
  { handle: number, comment: text, target: text, expressions: list(anything) },
)

export const firewallChainSchema = object<FirewallChain>(
  { backend, family: text, table: text, chain: text },
  {
    hook: text,
    priority: number,
    type: text,
    policy: text,
    packets: number,
    bytes: number,
    device: text,
    madeBy: text,
  },
)

export const nftSetSchema = object<NftSet>(
  {
    family: text,
    table: text,
    name: text,
    kind: oneOf('set', 'map'),
    type: text,
    flags: list(text),
    elements: list(anything),
  },
  { dataType: text },
)

export const ipSetSchema = object<IpSet>(
  {
    name: text,
    type: text,
    members: list(text),
    references: number,
    options: dictionary(either(text, either(number, yesNo))),
  },
  { family: text },
)

const ipvsDestination = object<IpvsDestination>(
  {
    address: text,
    port: number,
    weight: number,
    forward: oneOf('masq', 'route', 'tunnel', 'local', 'bypass'),
    active: number,
    inactive: number,
  },
  {},
)

export const ipvsServiceSchema = object<IpvsService>(
  { protocol: text, family: oneOf(4, 6), scheduler: text, flags: list(text), destinations: list(ipvsDestination) },
  {
    address: text,
    port: number,
    fwmark: number,
    persistentS: number,
    packetsIn: number,
    bytesIn: number,
    connections: number,
  },
)

export const conntrackUseSchema = object<ConntrackUse>(
  { count: number, max: number },
  { dropped: number, insertFailed: number, earlyDropped: number },
)

export const softnetSchema = object<SoftnetUse>({ processed: number, dropped: number, squeezed: number }, {})

export const socketSchema = object<Socket>(
  {
    protocol: text,
    family: socketFamily,
    state: text,
    local: text,
    inode: number,
    receiveQueue: number,
    sendQueue: number,
  },
  {
    localPort: number,
    remote: text,
    remotePort: number,
    link: number,
    v6only: yesNo,
    uid: number,
    drops: number,
    processes: list(object<{ pid: number; command: string }>({ pid: number, command: text }, {})),
  },
)

export const xfrmStateSchema = object<XfrmState>(
  {
    source: text,
    destination: text,
    protocol: text,
    spi: number,
    reqid: number,
    mode: text,
    packets: number,
    bytes: number,
  },
  { algorithm: text, mark: number, markMask: number, replayWindow: number },
)

export const xfrmPolicySchema = object<XfrmPolicy>(
  {
    direction: text,
    source: text,
    destination: text,
    action: text,
    priority: number,
    templates: list(
      object<XfrmPolicy['templates'][number]>(
        { source: text, destination: text, protocol: text, mode: text, reqid: number },
        { spi: number },
      ),
    ),
  },
  { protocol: number, sourcePort: number, destinationPort: number, mark: number, markMask: number },
)

export const qdiscSchema = object<Qdisc>(
  {
    link: number,
    kind: text,
    handle: text,
    parent: text,
    packets: number,
    bytes: number,
    dropped: number,
    overlimits: number,
    backlogPackets: number,
    backlogBytes: number,
  },
  {},
)
