import {
  decodeAddress,
  decodeBridgeVlans,
  decodeFdbEntry,
  decodeLink,
  decodeMdb,
  decodeNeighbour,
  decodeNexthop,
  decodeNsid,
  decodeRoute,
  decodeRule,
  decodeTrafficControl,
} from '../../src/index.ts'
import type { Decoder } from '../netfilter/decoders.ts'

/** Every decoder of rtnetlink, with real messages for it. */
export const ROUTE_DECODERS: readonly Decoder[] = [
  { fixture: 'route/links.hex', decode: decodeLink },
  { fixture: 'route/addresses.hex', decode: decodeAddress },
  { fixture: 'route/routes.hex', decode: decodeRoute },
  { fixture: 'route/rules.hex', decode: decodeRule },
  { fixture: 'route/neighbours.hex', decode: decodeNeighbour },
  { fixture: 'route/neighbour-proxies.hex', decode: decodeNeighbour },
  { fixture: 'route/fdb.hex', decode: decodeFdbEntry },
  { fixture: 'route/mdb.hex', decode: decodeMdb },
  { fixture: 'route/bridge-vlans.hex', decode: decodeBridgeVlans },
  { fixture: 'route/nexthops.hex', decode: decodeNexthop },
  { fixture: 'route/nsids.hex', decode: decodeNsid },
  { fixture: 'route/qdiscs.hex', decode: decodeTrafficControl },
  { fixture: 'route/classes.hex', decode: decodeTrafficControl },
  { fixture: 'route/filters.hex', decode: decodeTrafficControl },
]
