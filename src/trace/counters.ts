import { readFileSync } from 'node:fs'
import type { NamespaceSession } from '../inspect/session.ts'
import type { Namespace } from '../model/snapshot.ts'
import type { MovedCounter } from '../model/trace.ts'
import { nameOf } from '../model/wiring.ts'

/** `IpExt InNoRoutes` → its value. */
export type Counters = ReadonlyMap<string, number>

/** Those of /proc/net that grow when a packet is lost (Documentation/networking/snmp_counter.rst). */
const LOSSES: ReadonlySet<string> = new Set([
  ...['InHdrErrors', 'InAddrErrors', 'InUnknownProtos', 'InDiscards', 'OutDiscards', 'OutNoRoutes'].map(
    (n) => `Ip ${n}`,
  ),
  ...['ReasmFails', 'FragFails'].map((name) => `Ip ${name}`),
  // no packet of ours, but the error about it
  ...['OutRateLimitGlobal', 'OutRateLimitHost'].map((name) => `Icmp ${name}`),
  ...['NoPorts', 'InErrors', 'RcvbufErrors', 'InCsumErrors'].map((name) => `Udp ${name}`),
  ...['InErrs', 'InCsumErrors', 'OutRsts'].map((name) => `Tcp ${name}`),
  ...['ListenOverflows', 'ListenDrops', 'IPReversePathFilter', 'TCPTimeWaitOverflow', 'TCPMD5NotFound'].map(
    (name) => `TcpExt ${name}`,
  ),
  ...['InNoRoutes', 'InTruncatedPkts', 'InCsumErrors'].map((name) => `IpExt ${name}`),
  ...['InHdrErrors', 'InTooBigErrors', 'InNoRoutes', 'InAddrErrors', 'InDiscards', 'OutDiscards', 'OutNoRoutes'].map(
    (name) => `Ip6 ${name}`,
  ),
  ...['FragFails', 'ReasmFails'].map((name) => `Ip6 ${name}`),
  ...['NoPorts', 'InErrors', 'RcvbufErrors'].map((name) => `Udp6 ${name}`),
])

/** What a namespace counts of lost packets. */
export function readCounters(session: NamespaceSession): Counters {
  const read = (name: string) => {
    try {
      return readFileSync(`/proc/thread-self/net/${name}`, 'utf8')
    } catch {
      return ''
    }
  }
  return session.inside(
    () => new Map([...parsePairs(read('snmp')), ...parsePairs(read('netstat')), ...parseLines(read('snmp6'))]),
  )
}

/** Two lines a group: `Ip: A B`, `Ip: 1 2`. */
function parsePairs(text: string): [string, number][] {
  const lines = text.split('\n').map((line) => line.split(' '))
  return lines.flatMap((names, position) => {
    const values = lines[position + 1]
    if (position % 2 !== 0 || values === undefined) return []
    const group = (names[0] ?? '').replace(':', '')
    return names.flatMap((name, column): [string, number][] => {
      const key = `${group} ${name}`
      return LOSSES.has(key) ? [[key, Number(values[column])]] : []
    })
  })
}

/** `Ip6InNoRoutes     0`. */
function parseLines(text: string): [string, number][] {
  return text.split('\n').flatMap((line): [string, number][] => {
    const [, group, name, value] = /^(Ip6|Udp6)(\w+)\s+(\d+)$/.exec(line) ?? []
    const key = `${group} ${name}`
    return LOSSES.has(key) ? [[key, Number(value)]] : []
  })
}

/** What has grown. */
export function movedCounters(namespace: Namespace, before: Counters, after: Counters): MovedCounter[] {
  return [...after].flatMap(([counter, value]) => {
    const delta = value - (before.get(counter) ?? 0)
    return delta > 0 ? [{ namespace: namespace.inode, name: nameOf(namespace), counter, delta }] : []
  })
}

/** Rules of legacy iptables that counted packets, links and queues that lost some. */
export function movedRows(before: Namespace, after: Namespace): MovedCounter[] {
  return [...movedRules(before, after), ...movedPolicies(before, after), ...movedLinks(before, after)]
}

function movedRules(before: Namespace, after: Namespace): MovedCounter[] {
  const key = (rule: Namespace['firewall'][number]) => `${rule.family} ${rule.table} ${rule.chain} ${rule.position}`
  const known = new Map(before.firewall.filter(isLegacy).map((rule) => [key(rule), rule]))
  return after.firewall.filter(isLegacy).flatMap((rule) => {
    const { family, table, chain, position, text, packets } = rule
    const earlier = known.get(key(rule))
    if (earlier === undefined || earlier.text !== text || packets <= earlier.packets) return []
    const at = { namespace: after.inode, name: nameOf(after) }
    return [
      {
        ...at,
        counter: `${table} ${chain} ${position}: ${text}`,
        delta: packets - earlier.packets,
        place: { kind: 'rule', ...at, backend: 'legacy', family, table, chain, position, text: `-A ${chain} ${text}` },
      } satisfies MovedCounter,
    ]
  })
}

function isLegacy({ backend }: { readonly backend: string }): boolean {
  return backend === 'legacy'
}

function movedPolicies(before: Namespace, after: Namespace): MovedCounter[] {
  return (after.chains ?? []).filter(isLegacy).flatMap((chain) => {
    const { family, table, chain: name, policy, packets = 0 } = chain
    const earlier = (before.chains ?? []).find(
      (each) => isLegacy(each) && each.family === family && each.table === table && each.chain === name,
    )
    const delta = packets - (earlier?.packets ?? 0)
    if (policy === undefined || delta <= 0) return []
    const at = { namespace: after.inode, name: nameOf(after) }
    const text = `policy ${policy} of ${name}`
    const place = { kind: 'policy', ...at, backend: 'legacy', family, table, chain: name, text } as const
    return [{ ...at, counter: `${table} ${name}: ${text}`, delta, place } satisfies MovedCounter]
  })
}

const LINK_LOSSES = ['rxDropped', 'rxErrors', 'txDropped', 'txErrors'] as const

function movedLinks(before: Namespace, after: Namespace): MovedCounter[] {
  const at = { namespace: after.inode, name: nameOf(after) }
  const links = after.links.flatMap((link) => {
    const earlier = before.links.find(({ index }) => index === link.index)
    if (earlier === undefined) return []
    return LINK_LOSSES.flatMap((name): MovedCounter[] => {
      const delta = link.counters[name] - earlier.counters[name]
      const place = { kind: 'link', ...at, link: link.name, text: `${name} of ${link.name}` } as const
      return delta > 0 ? [{ ...at, counter: `${link.name} ${name}`, delta, place }] : []
    })
  })
  const queues = after.qdiscs.flatMap((qdisc): MovedCounter[] => {
    const earlier = before.qdiscs.find(
      (each) => each.link === qdisc.link && each.handle === qdisc.handle && each.parent === qdisc.parent,
    )
    const delta = qdisc.dropped - (earlier?.dropped ?? 0)
    const link = after.links.find(({ index }) => index === qdisc.link)?.name ?? String(qdisc.link)
    const place = { kind: 'link', ...at, link, text: `queue ${qdisc.kind} of ${link}` } as const
    return earlier !== undefined && delta > 0 ? [{ ...at, counter: `${link} ${qdisc.kind} dropped`, delta, place }] : []
  })
  return [...links, ...queues]
}
