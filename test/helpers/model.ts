import type { HostSnapshot, Link, LinkCounters, Namespace } from '../../src/model/snapshot.ts'

/** Objects of the snapshot model with everything that must be there, for tests that are about a few fields of it. */
const counters: LinkCounters = {
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxDropped: 0,
  rxMulticast: 0,
  txPackets: 0,
  txBytes: 0,
  txErrors: 0,
  txDropped: 0,
}

export function makeLink(index: number, name: string, more: Partial<Link> = {}): Link {
  return { index, name, kind: 'veth', mtu: 1500, flags: ['UP', 'LOWER_UP'], operstate: 'UP', counters, ...more }
}

export function makeNamespace(name: string, more: Partial<Namespace> = {}): Namespace {
  return {
    inode: 4026531840,
    names: [name],
    owner: { kind: 'netns', name },
    pids: [],
    links: [],
    addresses: [],
    routes: [],
    rules: [],
    neighbours: [],
    fdb: [],
    firewall: [],
    chains: [],
    ipsets: [],
    ipvs: [],
    conntrack: { count: 0, max: 262144 },
    sockets: [],
    xfrm: { states: [], policies: [] },
    qdiscs: [],
    sysctls: {},
    ...more,
  }
}

export function makeSnapshot(namespaces: readonly Namespace[], more: Partial<HostSnapshot> = {}): HostSnapshot {
  return {
    format: 1,
    takenAt: '2026-11-24T00:00:00.000Z',
    hostname: 'h1',
    kernel: '6.1.0-28-amd64',
    kinds: ['links', 'addrs', 'routes', 'rules', 'neigh', 'fdb', 'firewall'],
    features: {},
    namespaces,
    containers: [],
    networks: [],
    hidden: [],
    ...more,
  }
}
