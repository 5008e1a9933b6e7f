import type { FdbEntry, Namespace, Neighbour } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** `ip -j neigh`. */
interface IpNeighbour {
  readonly dst: string
  readonly dev: string
  readonly lladdr?: string
  readonly state?: readonly string[]
  readonly router?: null
  readonly extern_learn?: null
  readonly proxy?: null
}

/** A neighbour's state follows a clock: PERMANENT and NOARP stay, the others may have moved on by one. */
const SETTLED = ['PERMANENT', 'NOARP']

export async function oracleNeighbours(context: OracleContext): Promise<Row[]> {
  const entries = await context.json<IpNeighbour>('ip', '-j neigh show nud all')
  const proxies = [
    ...(await context.json<IpNeighbour>('ip', '-4 -j neigh show proxy')),
    ...(await context.json<IpNeighbour>('ip', '-6 -j neigh show proxy')),
  ]
  return [...entries, ...proxies].map((entry) =>
    row({
      link: context.indexOf(entry.dev),
      address: entry.dst,
      mac: entry.lladdr,
      states: settled(entry.state),
      proxy: 'proxy' in entry,
      router: 'router' in entry,
      externLearn: 'extern_learn' in entry,
    }),
  )
}

function settled(states: readonly string[] = []): string {
  return states.every((state) => SETTLED.includes(state)) ? states.join() : 'moving'
}

export function snapshotNeighbours({ neighbours }: Namespace): Row[] {
  return neighbours.map((one: Neighbour) => row({ ...one, states: one.proxy ? '' : settled(one.states) }))
}

/** `bridge -j -d -s fdb`. */
interface BridgeFdb {
  readonly mac: string
  readonly ifname: string
  readonly dst?: string
  readonly port?: number
  readonly vni?: number
  readonly vlan?: number
  readonly flags: readonly string[]
  readonly master?: string
  readonly state: string
}

export async function oracleFdb(context: OracleContext): Promise<Row[]> {
  const entries = await context.json<BridgeFdb>('bridge', '-j -d -s fdb')
  return entries.map((entry) =>
    row({
      link: context.indexOf(entry.ifname),
      mac: entry.mac,
      vlan: entry.vlan,
      destination: entry.dst,
      port: entry.port,
      vni: entry.vni,
      master: entry.master === undefined ? undefined : context.indexOf(entry.master),
      states: [...entry.flags, entry.state].filter((state) => !VAGUE.includes(state)).sort(),
    }),
  )
}

/** `bridge` says `master` by naming it; learned entries have no word or `stale` or `reachable`, by age. */
const VAGUE = ['', 'master', 'stale', 'reachable']

export function snapshotFdb({ fdb }: Namespace): Row[] {
  return fdb.map(({ usedS: _used, updatedS: _updated, ...entry }: FdbEntry) =>
    row({ ...entry, states: entry.states.filter((state) => !VAGUE.includes(state)).sort() }),
  )
}
