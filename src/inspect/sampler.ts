import { readFileSync } from 'node:fs'
import { type NamespaceCounters, type Sample, talkersOf } from '../model/sample.ts'
import type { HostSnapshot, IpvsService, Link, Namespace } from '../model/snapshot.ts'
import { nameOf } from '../model/wiring.ts'
import { Inspector, type InspectorOptions } from './inspector.ts'

/** Engines are asked again after so many samples: names change without a kernel event. */
const IDENTIFY_EVERY = 15
/** Where more connections are tracked, they are not listed: that takes longer than a sample may. */
const MOST_CONNECTIONS = 20_000

/** Reads the counters of every namespace of this host, again and again. */
export class Sampler {
  readonly #inspector: Inspector
  #samples = 0

  constructor(options: InspectorOptions = {}) {
    this.#inspector = new Inspector(options)
  }

  /** All counters now, of the namespaces that are chosen. */
  async sample(choose: (snapshot: HostSnapshot) => ReadonlySet<number> | undefined = () => undefined): Promise<Sample> {
    this.#inspector.discover()
    if (this.#samples++ % IDENTIFY_EVERY === 0) await this.#inspector.identify()
    await this.#inspector.read(['links', 'conntrack', 'ipvs'])
    const snapshot = this.#inspector.snapshot()
    const chosen = choose(snapshot)
    return {
      at: new Date().toISOString(),
      counters: snapshot.namespaces
        .filter(({ inode }) => chosen?.has(inode) ?? inode > 0)
        .map((namespace) => this.#countersOf(namespace)),
    }
  }

  #countersOf(namespace: Namespace): NamespaceCounters {
    const { inode, owner, links, conntrack, ipvs } = namespace
    const { count, max, dropped = 0, insertFailed = 0, earlyDropped = 0 } = conntrack
    const tcp = this.#tcp(inode)
    return {
      inode,
      name: nameOf(namespace),
      owner: owner.kind,
      links: links.map(linkSample),
      ...(tcp === undefined ? {} : { tcp }),
      ...(max === 0 ? {} : { conntrack: { count, max, lost: dropped + insertFailed + earlyDropped } }),
      ipvs: ipvs.map(ipvsSample),
      talkers: count === 0 || count > MOST_CONNECTIONS ? [] : this.#talkers(inode),
    }
  }

  #talkers(inode: number): NamespaceCounters['talkers'] {
    try {
      return talkersOf(this.#inspector.readConnections(inode))
    } catch {
      // who may not list connections sees the rest
      return []
    }
  }

  #tcp(inode: number): NamespaceCounters['tcp'] | undefined {
    try {
      return this.#inspector.sessionOf(inode)?.inside(readTcp)
    } catch {
      return undefined
    }
  }

  close(): void {
    this.#inspector.close()
  }
}

/** OutSegs and RetransSegs of /proc/net/snmp (RFC 4022), of the namespace that the thread is in. */
function readTcp(): { readonly sent: number; readonly retransmitted: number } {
  const [names = [], values = []] = readFileSync('/proc/thread-self/net/snmp', 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '))
  const value = (name: string): number => Number(values[names.indexOf(name)] ?? 0)
  return { sent: value('OutSegs'), retransmitted: value('RetransSegs') }
}

function linkSample({ index, name, kind, counters }: Link): NamespaceCounters['links'][number] {
  const { rxBytes, txBytes, rxDropped, txDropped, rxErrors, txErrors } = counters
  return { index, name, kind, rxBytes, txBytes, losses: rxDropped + txDropped + rxErrors + txErrors }
}

function ipvsSample({ protocol, address, port, fwmark, destinations }: IpvsService): NamespaceCounters['ipvs'][number] {
  return {
    service: fwmark === undefined ? `${protocol} ${address}:${port}` : `fwmark ${fwmark}`,
    destinations: destinations.map((each) => ({
      name: `${each.address}:${each.port}`,
      active: each.active,
      inactive: each.inactive,
    })),
  }
}
