import { join } from 'node:path'
import { DnsForwarder } from '../../driver/dns/dns-forwarder.ts'
import { type DnsZone, indexNetwork } from '../../driver/dns/dns-zone.ts'
import { EmbeddedDns } from '../../driver/dns/embedded-dns.ts'
import type { DnsView } from '../../driver/dns/resolve.ts'
import { InProcessProxy } from '../../driver/proxy/in-process-proxy.ts'
import { TsnetError } from '../../errors.ts'
import { formatEnd } from '../../kernel/namespace-sockets.ts'
import type { RunningWorkload } from '../workloads/running-workload.ts'
import { startWorkload } from '../workloads/start-workload.ts'
import { agentFiles } from './agent-files.ts'
import { inodeOf, OpenNamespaces } from './open-namespaces.ts'
import { type Piece, PieceSet, type PieceStatus } from './piece-set.ts'
import { readServed } from './served-file.ts'
import type { ServedDns, ServedProxy, ServedSandbox, ServedState, ServedWorkload } from './served-state.ts'

/** Everything that the agent of a lab has open, for what the lab's file says. */
export class ServedLab {
  readonly #folder: string
  readonly #namespaces = new OpenNamespaces()
  readonly #dns = new PieceSet<EmbeddedDns>(() => ({ state: 'serving', detail: '127.0.0.11' }))
  readonly #proxies = new PieceSet<InProcessProxy>(() => ({ state: 'serving', detail: 'listens' }))
  readonly #workloads = new PieceSet<RunningWorkload>((workload) => workload.describe())
  #last: Promise<void> = Promise.resolve()

  /** @param folder the lab's state */
  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Reads the file and changes what is served by the difference. One after the other, however many ask.
   * @throws TsnetError `input` for a file that cannot be read or is not what it should be: then all stays as it was
   */
  load(): Promise<void> {
    return this.#next(async () => this.#apply(readServed(this.#folder)))
  }

  /** Stops serving. */
  close(): Promise<void> {
    return this.#next(() => this.#apply(undefined))
  }

  #next(action: () => Promise<void>): Promise<void> {
    const result = this.#last.then(action)
    this.#last = result.catch(() => undefined)
    return result
  }

  async #apply(state: ServedState | undefined): Promise<void> {
    const dns = state ? this.#dnsPieces(state) : []
    const proxies = state?.proxies.map((proxy) => this.#proxyPiece(proxy)) ?? []
    const workloads = state ? this.#workloadPieces(state) : []
    // a descriptor that is closed below may be another namespace's at once: nobody may use it any more
    await Promise.all([
      this.#workloads.closeObsolete(workloads),
      this.#proxies.closeObsolete(proxies),
      this.#dns.closeObsolete(dns),
    ])
    this.#namespaces.keepOnly(new Set(state ? pathsOf(state) : []))
    await this.#dns.openMissing(dns)
    await Promise.all([this.#proxies.openMissing(proxies), this.#workloads.openMissing(workloads)])
  }

  #dnsPieces({ sandboxes, networks }: ServedState): Piece<EmbeddedDns>[] {
    const zones = new Map(Object.entries(networks).map(([key, network]) => [key, indexNetwork(network)]))
    return sandboxes.flatMap((sandbox) => (sandbox.dns ? [this.#dnsPiece(sandbox, sandbox.dns, zones)] : []))
  }

  #dnsPiece(sandbox: ServedSandbox, dns: ServedDns, zones: ReadonlyMap<string, DnsZone>): Piece<EmbeddedDns> {
    const { name, namespace, host } = sandbox
    const { udpPort, tcpPort, servers, forward, behaviour } = dns
    const view = viewOf(dns, zones)
    const forwarder = (): DnsForwarder =>
      new DnsForwarder({
        sandbox: this.#namespaces.get(namespace),
        host: host === undefined ? undefined : this.#namespaces.get(host),
        servers,
        forward,
        behaviour,
      })
    return {
      key: name,
      fingerprint: JSON.stringify([inodeOf(namespace), host && inodeOf(host), udpPort, tcpPort]),
      open: async () =>
        EmbeddedDns.start({
          sandbox: this.#namespaces.get(namespace),
          udpPort,
          tcpPort,
          view,
          forwarder: forwarder(),
        }),
      refresh: (open) => open.update(view, forwarder()),
    }
  }

  #proxyPiece(proxy: ServedProxy): Piece<InProcessProxy> {
    const { host, ...binding } = proxy
    const front = formatEnd({ address: binding.hostAddress, port: binding.hostPort })
    return {
      key: `${binding.protocol} ${front} of ${host}`,
      fingerprint: JSON.stringify([inodeOf(host), binding]),
      open: async () => {
        const running = new InProcessProxy(this.#namespaces.get(host))
        await running.start(binding)
        return running
      },
    }
  }

  #workloadPieces({ sandboxes, workloads }: ServedState): Piece<RunningWorkload>[] {
    const paths = new Map(sandboxes.map(({ name, namespace }) => [name, namespace]))
    return workloads.map((workload) => this.#workloadPiece(workload, paths.get(workload.sandbox)))
  }

  #workloadPiece(workload: ServedWorkload, namespace: string | undefined): Piece<RunningWorkload> {
    const { kind, name, sandbox, address, port, command, environment } = workload
    const logFile = join(agentFiles(this.#folder).outputs, `${encodeURIComponent(name)}.log`)
    return {
      key: name,
      fingerprint: JSON.stringify([namespace && inodeOf(namespace), workload]),
      open: async () => {
        if (namespace === undefined) throw new TsnetError('input', `workload ${name}: there is no sandbox ${sandbox}`)
        const place = { name, sandbox: this.#namespaces.get(namespace), environment, logFile }
        const settings = {
          ...(address === undefined ? {} : { address }),
          ...(port === undefined ? {} : { port }),
          ...(command === undefined ? {} : { command }),
        }
        return startWorkload(kind, { ...place, ...settings })
      },
    }
  }

  status(): LabStatus {
    return { dns: this.#dns.status(), proxies: this.#proxies.status(), workloads: this.#workloads.status() }
  }
}

export interface LabStatus {
  /** By sandbox. */
  readonly dns: readonly PieceStatus[]
  /** `tcp 0.0.0.0:8000 of /run/netns/…`. */
  readonly proxies: readonly PieceStatus[]
  /** By workload. */
  readonly workloads: readonly PieceStatus[]
}

function viewOf({ attachments, ndotsSet, behaviour }: ServedDns, zones: ReadonlyMap<string, DnsZone>): DnsView {
  return {
    ndotsSet,
    behaviour,
    attachments: attachments.flatMap(({ network, links }) => {
      const zone = zones.get(network)
      return zone ? [{ zone, links: new Map(Object.entries(links)) }] : []
    }),
  }
}

function pathsOf({ sandboxes, proxies }: ServedState): string[] {
  const own = sandboxes.flatMap(({ namespace, host }) => (host === undefined ? [namespace] : [namespace, host]))
  return [...own, ...proxies.map(({ host }) => host)]
}
