import type { DnsNetwork, DnsRecord, DnsService } from '../../driver/dns/dns-network.ts'
import { dictionary, list, number, object, oneOf, type Schema, text, yesNo } from '../../model/schema.ts'

/** Written by `lab up` and `lab apply` into the state folder, read by the agent when it starts and at each reload. */
export const SERVED_FILE = 'served.json'

/** All that the agent of a lab serves. What changes between two versions of it is all that a reload touches. */
export interface ServedState {
  readonly format: 1
  readonly lab: string
  /** Networks with names to answer, by a key of the lab's choice. */
  readonly networks: Readonly<Record<string, DnsNetwork>>
  readonly sandboxes: readonly ServedSandbox[]
  readonly workloads: readonly ServedWorkload[]
  readonly proxies: readonly ServedProxy[]
}

/** A namespace that something of the lab is served in: a container's, or one that plays a host. */
export interface ServedSandbox {
  /** Unique in the lab. */
  readonly name: string
  /** Path of its nsfs file. */
  readonly namespace: string
  /** Path of the nsfs file of the host that it is on, for DNS servers that only this one reaches. */
  readonly host?: string
  /** Its embedded DNS; absent = it has none (default bridge, host, none). */
  readonly dns?: ServedDns
}

export interface ServedDns {
  /** On 127.0.0.11 of the sandbox, where its NAT rules lead port 53. */
  readonly udpPort: number
  readonly tcpPort: number
  /** Networks that the sandbox is connected to, in the order in which Docker searches them: as for the default route. */
  readonly attachments: readonly ServedAttachment[]
  /** Asked in this order for all other names, the first three. */
  readonly servers: readonly ServedDnsServer[]
  /** False on internal networks: nothing is asked through the host. */
  readonly forward: boolean
  /** The user chose an `ndots` above 0: single labels are not asked outside. */
  readonly ndotsSet: boolean
  /** Docker Engine whose answers these are. */
  readonly behaviour: '20.10' | '28'
}

export interface ServedAttachment {
  /** Key in `networks`. */
  readonly network: string
  /** `--link`: alias → name, for this sandbox alone. */
  readonly links: Readonly<Record<string, string>>
}

export interface ServedDnsServer {
  readonly address: string
  /** Default 53. */
  readonly port?: number
  /** Asked from the host's namespace (its loopback servers), not from the sandbox's. */
  readonly fromHost: boolean
}

export interface ServedWorkload {
  /** Unique in the lab. */
  readonly name: string
  /** Name of a sandbox. */
  readonly sandbox: string
  readonly kind: 'http' | 'echo' | 'kv' | 'web' | 'command'
  /** The one address that it listens on, of `http` and `web`; absent = all. */
  readonly address?: string
  /** Where it listens; absent = the kind's own: 80, 7, 8500, 5000. */
  readonly port?: number
  readonly environment: Readonly<Record<string, string>>
  /** Of `command`: program and arguments. */
  readonly command?: readonly string[]
}

/** One published port of the userland proxy. */
export interface ServedProxy {
  /** Path of the nsfs file of the namespace that plays the host. */
  readonly host: string
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly hostAddress: string
  readonly hostPort: number
  readonly containerAddress: string
  readonly containerPort: number
}

const DNS_RECORD: Schema<DnsRecord> = object<DnsRecord>({ names: list(text), addresses: list(text) }, { pointer: text })

const DNS_SERVICE: Schema<DnsService> = object<DnsService>(
  {
    name: text,
    portName: text,
    protocol: text,
    targets: list(object<DnsService['targets'][number]>({ name: text, address: text, port: number }, {})),
  },
  {},
)

const DNS_NETWORK: Schema<DnsNetwork> = object<DnsNetwork>(
  { name: text, kind: oneOf('dynamic', 'local', 'ingress'), enableIpv6: yesNo, records: list(DNS_RECORD) },
  { services: list(DNS_SERVICE) },
)

const SERVED_DNS: Schema<ServedDns> = object<ServedDns>(
  {
    udpPort: number,
    tcpPort: number,
    attachments: list(object<ServedAttachment>({ network: text, links: dictionary(text) }, {})),
    servers: list(object<ServedDnsServer>({ address: text, fromHost: yesNo }, { port: number })),
    forward: yesNo,
    ndotsSet: yesNo,
    behaviour: oneOf('20.10', '28'),
  },
  {},
)

const SANDBOX = object<ServedSandbox>({ name: text, namespace: text }, { host: text, dns: SERVED_DNS })

const WORKLOAD = object<ServedWorkload>(
  {
    name: text,
    sandbox: text,
    kind: oneOf('http', 'echo', 'kv', 'web', 'command'),
    environment: dictionary(text),
  },
  { address: text, port: number, command: list(text) },
)

const PROXY = object<ServedProxy>(
  {
    host: text,
    protocol: oneOf('tcp', 'udp', 'sctp'),
    hostAddress: text,
    hostPort: number,
    containerAddress: text,
    containerPort: number,
  },
  {},
)

export const SERVED_STATE: Schema<ServedState> = object<ServedState>(
  {
    format: oneOf(1),
    lab: text,
    networks: dictionary(DNS_NETWORK),
    sandboxes: list(SANDBOX),
    workloads: list(WORKLOAD),
    proxies: list(PROXY),
  },
  {},
)
