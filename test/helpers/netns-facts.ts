import type { World } from './netns-world.ts'

/** Everything that looking must not change in one namespace: fact → what its tool says. */
export type NamespaceFacts = Readonly<Record<string, string>>

/** Counters that the traffic of the test itself moves; not settings. */
const MOVING_SYSCTL = /^net\.netfilter\.nf_conntrack_count|^net\.ipv[46]\.route\.|\.mld_/

/**
 * The state of a namespace by its own tools, without what moves by itself: counters, timers, neighbours that age.
 * Legacy tables are named, not listed: listing would make them.
 */
export async function namespaceFacts(world: World, namespace?: string): Promise<NamespaceFacts> {
  const where = namespace === undefined ? {} : { namespace }
  const ask = async (command: string, words: string) => (await world.tryRun(command, words.split(' '), where)).stdout
  const [links, ports, addresses, routes4, routes6, rules4, rules6, neighbours, fdb] = await Promise.all([
    ask('ip', '-o link'),
    ask('bridge', 'link'),
    ask('ip', '-j addr'),
    ask('ip', '-j -4 route show table all'),
    ask('ip', '-j -6 route show table all'),
    ask('ip', '-j -4 rule'),
    ask('ip', '-j -6 rule'),
    ask('ip', 'neigh show nud permanent'),
    ask('bridge', 'fdb show'),
  ])
  const [nft, tables4, tables6, ipsets, sysctls, xfrm, qdiscs] = await Promise.all([
    ask('nft', '-s -a list ruleset'),
    ask('cat', '/proc/net/ip_tables_names'),
    ask('cat', '/proc/net/ip6_tables_names'),
    ask('ipset', 'save -sorted'),
    ask('sysctl', '-a -r ^net'),
    ask('ip', 'xfrm policy'),
    ask('tc', 'qdisc'),
  ])
  return {
    links: links.replaceAll(/ state \w+/g, ''),
    ports,
    addresses: steady(addresses),
    routes: routes4 + routes6.replaceAll(/"expires":\d+/g, ''),
    rules: rules4 + rules6,
    neighbours,
    // multicast addresses join and leave by themselves
    fdb: lines(fdb, (line) => line.startsWith('01:') || line.startsWith('33:') || !/permanent|static/.test(line)),
    nft,
    legacyTables: tables4 + tables6,
    ipsets: ipsets.replaceAll(/ timeout \d+/g, ''),
    sysctls: lines(sysctls, (line) => MOVING_SYSCTL.test(line)),
    xfrm,
    qdiscs,
  }
}

/** Without lifetimes; an address of a link without carrier stays tentative for good (a tap that nobody opened). */
function steady(addresses: string): string {
  const links: { flags?: string[]; addr_info?: Record<string, unknown>[] }[] = JSON.parse(addresses)
  for (const { flags = [], addr_info: entries = [] } of links) {
    for (const entry of entries) {
      delete entry['valid_life_time']
      delete entry['preferred_life_time']
      if (!flags.includes('LOWER_UP')) delete entry['tentative']
    }
  }
  return JSON.stringify(links)
}

/** Spanning tree takes twice the forward delay (at most 30 s) until a port forwards and its bridge has carrier. */
const SETTLE_DEADLINE_MS = 90_000
/** An address whose uniqueness is still asked for; a bridge port on its way to forwarding. */
const RESTLESS = /tentative| state (?:listening|learning) /

/** Reads until two readings in a row are equal and nothing in them is about to change by itself. */
export async function settled<T>(read: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + SETTLE_DEADLINE_MS
  let last = await read()
  for (;;) {
    const next = await read()
    const text = JSON.stringify(next)
    if (text === JSON.stringify(last) && !RESTLESS.test(text)) return next
    if (Date.now() > deadline) throw new Error(`not at rest after ${SETTLE_DEADLINE_MS} ms`)
    last = next
  }
}

function lines(text: string, isMoving: (line: string) => boolean): string {
  return text
    .split('\n')
    .filter((line) => !isMoving(line))
    .join('\n')
}

/** Names of loaded modules; undefined on a kernel without modules. */
export async function loadedModules(world: World): Promise<readonly string[] | undefined> {
  const { stdout, status } = await world.tryRun('cat', ['/proc/modules'])
  if (status !== 0) return undefined
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ')[0] ?? '')
    .sort()
}
