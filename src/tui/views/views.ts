import { BRIDGES } from './bridge-tree.ts'
import { CAPTURE } from './capture.ts'
import { CONNTRACK_VIEW } from './conntrack.ts'
import { DOCTOR } from './doctor.ts'
import { EVENTS } from './events.ts'
import { FIREWALL } from './firewall-tree.ts'
import { LABS } from './labs.ts'
import { MATRIX } from './matrix.ts'
import { PATH } from './path.ts'
import { SUMMARY } from './summary.ts'
import { ADDRS_VIEW, FDB_VIEW, LINKS_VIEW, NEIGH_VIEW, ROUTES_VIEW, RULES_VIEW, VETH_VIEW } from './tables.ts'
import { TOPOLOGY } from './topology.ts'
import { DNS_VIEW, IPSET_VIEW, IPVS_VIEW, QDISC_VIEW, SOCKETS_VIEW, SYSCTL_VIEW, XFRM_VIEW } from './traffic.ts'
import { anyView, type View, type ViewId } from './view.ts'

/** In the order of the tabs; the first nine have a number. */
export const VIEWS: readonly View[] = [
  anyView(SUMMARY),
  anyView(LINKS_VIEW),
  anyView(BRIDGES),
  anyView(VETH_VIEW),
  anyView(FDB_VIEW),
  anyView(ROUTES_VIEW),
  anyView(NEIGH_VIEW),
  anyView(FIREWALL),
  anyView(TOPOLOGY),
  anyView(SOCKETS_VIEW),
  anyView(CONNTRACK_VIEW),
  anyView(EVENTS),
  anyView(ADDRS_VIEW),
  anyView(RULES_VIEW),
  anyView(IPVS_VIEW),
  anyView(IPSET_VIEW),
  anyView(XFRM_VIEW),
  anyView(QDISC_VIEW),
  anyView(SYSCTL_VIEW),
  anyView(DNS_VIEW),
  anyView(DOCTOR),
  anyView(PATH),
  anyView(MATRIX),
  anyView(CAPTURE),
  anyView(LABS),
]

const BY_ID: ReadonlyMap<ViewId, View> = new Map(VIEWS.map((view) => [view.id, view]))

export function viewOf(id: ViewId): View {
  const view = BY_ID.get(id)
  if (view === undefined) throw new Error(`view ${id}: not there`)
  return view
}
