import type { Check } from './check.ts'
import { DEFAULT_ROUTE_WRONG } from './check-default-route.ts'
import { DUPLICATE_ADDRESS, DUPLICATE_MAC } from './check-duplicates.ts'
import { IP_FORWARD_OFF } from './check-forwarding.ts'
import { LINK_DOWN } from './check-links-down.ts'

/** Every check, causes before what follows from them. */
export const CHECKS: readonly Check[] = [
  LINK_DOWN,
  IP_FORWARD_OFF,
  DEFAULT_ROUTE_WRONG,
  DUPLICATE_ADDRESS,
  DUPLICATE_MAC,
]
