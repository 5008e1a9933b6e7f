import type { FindingPage } from '../../model/finding.ts'
import type { Check } from './check.ts'
import { DEFAULT_ROUTE_WRONG } from './check-default-route.ts'
import { CONTAINER_DNS_BROKEN } from './check-dns.ts'
import { DUPLICATE_ADDRESS, DUPLICATE_MAC } from './check-duplicates.ts'
import { FORWARD_POLICY_DROP } from './check-forward-policy.ts'
import { IP_FORWARD_OFF } from './check-forwarding.ts'
import { HAIRPIN_OFF } from './check-hairpin.ts'
import { UNREACHABLE } from './check-journeys.ts'
import { LINK_DOWN } from './check-links-down.ts'
import { NAT_RULES_FLUSHED } from './check-nat.ts'
import { PUBLISHED_PORT_UNREACHABLE } from './check-published.ts'
import { RP_FILTER_STRICT } from './check-rp-filter.ts'

/** Every check, causes before what follows from them. */
export const CHECKS: readonly Check[] = [
  LINK_DOWN,
  IP_FORWARD_OFF,
  DEFAULT_ROUTE_WRONG,
  DUPLICATE_ADDRESS,
  DUPLICATE_MAC,
  FORWARD_POLICY_DROP,
  RP_FILTER_STRICT,
  NAT_RULES_FLUSHED,
  PUBLISHED_PORT_UNREACHABLE,
  HAIRPIN_OFF,
  CONTAINER_DNS_BROKEN,
  UNREACHABLE,
]

/** What there is to say of every kind of finding, in the order of the checks. */
export function findingPages(): readonly FindingPage[] {
  return CHECKS.map(({ id, title, explanation }) => ({ id, title, ...explanation }))
}
