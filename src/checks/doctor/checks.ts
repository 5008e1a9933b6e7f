import type { FindingPage } from '../../model/finding.ts'
import type { Check } from './check.ts'
import { LEAKED_NAMESPACE, MTU_MISMATCH, VETH_NOT_ENSLAVED, VLAN_NOT_TRUNKED } from './check-cables.ts'
import { DEFAULT_ROUTE_WRONG } from './check-default-route.ts'
import { CONTAINER_DNS_BROKEN } from './check-dns.ts'
import { DUPLICATE_ADDRESS, DUPLICATE_MAC } from './check-duplicates.ts'
import { BRIDGE_FILTER_OFF, CONNTRACK_STALE, ENGINE_MISMATCH, MIXED_IPTABLES } from './check-engine.ts'
import { FORWARD_POLICY_DROP } from './check-forward-policy.ts'
import { IP_FORWARD_OFF } from './check-forwarding.ts'
import { FWMARK_MISMATCH } from './check-fwmarks.ts'
import { HAIRPIN_OFF } from './check-hairpin.ts'
import { INGRESS_RULES_MISSING } from './check-ingress.ts'
import { IPVS_DEAD_BACKEND, IPVS_NO_BACKEND } from './check-ipvs.ts'
import { ISOLATION_DROP, MACVLAN_HOST_ISOLATION } from './check-isolation.ts'
import { UNREACHABLE } from './check-journeys.ts'
import { CONNTRACK_FULL, LIMITS } from './check-limits.ts'
import { LINK_DOWN } from './check-links-down.ts'
import { NAT_RULES_FLUSHED } from './check-nat.ts'
import { FDB_MISSING, FDB_STALE, NEIGH_MISSING, NEIGH_STALE } from './check-overlay-entries.ts'
import { PMTU_BLACKHOLE } from './check-pmtu.ts'
import { PUBLISHED_PORT_UNREACHABLE } from './check-published.ts'
import { DROPS_RISING } from './check-rising.ts'
import { RP_FILTER_STRICT } from './check-rp-filter.ts'
import { POLICY_ROUTING_CAPTURES, SUBNET_OVERLAP } from './check-subnets.ts'
import { ESP_BLOCKED, MTU_OVERLAY_EXCEEDS_UNDERLAY, VXLAN_PORT_BLOCKED } from './check-tunnels.ts'
import { XFRM_MISMATCH } from './check-xfrm.ts'

/** Every check, causes before what follows from them. */
export const CHECKS: readonly Check[] = [
  LINK_DOWN,
  VETH_NOT_ENSLAVED,
  VLAN_NOT_TRUNKED,
  IP_FORWARD_OFF,
  SUBNET_OVERLAP,
  POLICY_ROUTING_CAPTURES,
  LEAKED_NAMESPACE,
  DUPLICATE_ADDRESS,
  DUPLICATE_MAC,
  DEFAULT_ROUTE_WRONG,
  MTU_OVERLAY_EXCEEDS_UNDERLAY,
  PMTU_BLACKHOLE,
  MTU_MISMATCH,
  XFRM_MISMATCH,
  ESP_BLOCKED,
  VXLAN_PORT_BLOCKED,
  FDB_MISSING,
  FDB_STALE,
  NEIGH_MISSING,
  NEIGH_STALE,
  IPVS_NO_BACKEND,
  IPVS_DEAD_BACKEND,
  FWMARK_MISMATCH,
  INGRESS_RULES_MISSING,
  NAT_RULES_FLUSHED,
  FORWARD_POLICY_DROP,
  RP_FILTER_STRICT,
  PUBLISHED_PORT_UNREACHABLE,
  HAIRPIN_OFF,
  CONTAINER_DNS_BROKEN,
  ENGINE_MISMATCH,
  CONNTRACK_STALE,
  CONNTRACK_FULL,
  LIMITS,
  MIXED_IPTABLES,
  BRIDGE_FILTER_OFF,
  DROPS_RISING,
  UNREACHABLE,
  ISOLATION_DROP,
  MACVLAN_HOST_ISOLATION,
]

/** What there is to say of every kind of finding, in the order of the checks. */
export function findingPages(): readonly FindingPage[] {
  return CHECKS.map(({ id, title, explanation }) => ({ id, title, ...explanation }))
}
