import type { ConntrackEntry, Namespace } from '../../../src/model/snapshot.ts'
import { oracleAddresses, snapshotAddresses } from './addresses.ts'
import { oracleConntrack, snapshotConntrack } from './conntrack.ts'
import type { OracleContext } from './context.ts'
import { oracleIpsets, snapshotIpsets } from './ipsets.ts'
import { oracleIptables, snapshotIptables } from './iptables.ts'
import { oracleLinks, snapshotLinks } from './links.ts'
import { oracleFdb, oracleNeighbours, snapshotFdb, snapshotNeighbours } from './neighbours.ts'
import { oracleNft, snapshotNft } from './nft.ts'
import { oracleQdiscs, snapshotQdiscs } from './qdiscs.ts'
import { oracleRoutes, snapshotRoutes } from './routes.ts'
import type { Row } from './row.ts'
import { oracleRules, snapshotRules } from './rules.ts'
import { oracleSockets, snapshotSockets } from './sockets.ts'

/** What we said of one namespace. */
export interface Ours {
  readonly namespace: Namespace
  readonly connections: readonly ConntrackEntry[]
}

interface Fact {
  readonly oracle: (context: OracleContext) => Promise<Row[]>
  readonly ours: (ours: Ours) => Row[]
}

function table(oracle: Fact['oracle'], rowsOf: (namespace: Namespace) => Row[]): Fact {
  return { oracle, ours: ({ namespace }) => rowsOf(namespace) }
}

/** Every table of a namespace beside the tool that tells the same. */
export const FACTS: Readonly<Record<string, Fact>> = {
  links: table(oracleLinks, snapshotLinks),
  addresses: table(oracleAddresses, snapshotAddresses),
  routes: table(oracleRoutes, snapshotRoutes),
  rules: table(oracleRules, snapshotRules),
  neighbours: table(oracleNeighbours, snapshotNeighbours),
  fdb: table(oracleFdb, snapshotFdb),
  iptables: table(oracleIptables, snapshotIptables),
  nft: table(oracleNft, snapshotNft),
  ipsets: table(oracleIpsets, snapshotIpsets),
  sockets: table(oracleSockets, snapshotSockets),
  qdiscs: table(oracleQdiscs, snapshotQdiscs),
  conntrack: { oracle: oracleConntrack, ours: ({ connections }) => snapshotConntrack(connections) },
}
