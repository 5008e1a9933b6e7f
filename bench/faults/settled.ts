import type { FdbEntry, HostSnapshot, Link, Namespace, Neighbour } from '../../src/model/snapshot.ts'

/**
 * What of a host stays as it is while nobody changes anything, a line an entry: no counters, no handles, nothing that
 * is learnt, nothing that runs.
 */
export function settledLines({ namespaces }: HostSnapshot): readonly string[] {
  return namespaces.flatMap(linesOf).toSorted()
}

function linesOf(namespace: Namespace): string[] {
  const name = namespace.names[0] ?? String(namespace.inode)
  const rows: Readonly<Record<string, readonly unknown[]>> = {
    namespace: [namespace.inode],
    link: namespace.links.map(withoutCounters),
    address: namespace.addresses,
    route: namespace.routes,
    rule: namespace.rules,
    neighbour: namespace.neighbours.filter(isPermanent),
    fdb: namespace.fdb.filter(isStatic).map(({ usedS: _, updatedS: _updated, ...entry }) => entry),
    firewall: namespace.firewall.map(
      ({ packets: _, bytes: _bytes, handle: _handle, expressions: _e, ...rule }) => rule,
    ),
    chain: namespace.chains.map(({ packets: _, bytes: _bytes, ...chain }) => chain),
    set: [...namespace.ipsets, ...(namespace.nftSets ?? [])],
    ipvs: namespace.ipvs.map(({ protocol, address, port, fwmark, scheduler, destinations }) => ({
      ...{ protocol, address, port, fwmark, scheduler },
      destinations: destinations
        .map(({ active: _, inactive: _inactive, ...destination }) => destination)
        .toSorted((a, b) => (a.address < b.address ? -1 : 1)),
    })),
    listening: namespace.sockets
      .filter(({ state }) => state === 'LISTEN')
      .map(({ protocol, local, localPort }) => ({ protocol, local, localPort })),
    xfrm: [
      ...namespace.xfrm.states.map(({ packets: _, bytes: _bytes, ...state }) => state),
      ...namespace.xfrm.policies,
    ],
    qdisc: namespace.qdiscs.map(({ link, kind, parent }) => ({ link, kind, parent })),
    sysctl: Object.entries(namespace.sysctls).filter(([setting]) => !/nf_conntrack_count/.test(setting)),
    dns: namespace.dns === undefined ? [] : [namespace.dns],
  }
  return Object.entries(rows).flatMap(([kind, entries]) =>
    entries.map((entry) => `${name} ${kind} ${canonical(entry)}`),
  )
}

/** The order of keys is nobody's doing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function withoutCounters({ counters: _, port, ...link }: Link): unknown {
  if (port === undefined) return link
  const { number: _number, ...rest } = port
  return { ...link, port: rest }
}

function isPermanent({ states, proxy }: Neighbour): boolean {
  return proxy === true || states.includes('PERMANENT')
}

/** Multicast is what the devices listen to. */
function isStatic({ states, mac }: FdbEntry): boolean {
  const isMulticast = (Number.parseInt(mac.slice(0, 2), 16) & 1) !== 0
  return !isMulticast && (states.includes('permanent') || states.includes('static'))
}

/** What one has and the other has not: `- line`, `+ line`. */
export function differences(before: readonly string[], after: readonly string[]): readonly string[] {
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ]
}
