import { ADDRESS, DNS, NEIGHBOUR, POLICY_RULE, ROUTE } from './explain/addressing.ts'
import { CONNTRACK, SOCKET, XFRM_POLICY, XFRM_STATE } from './explain/flows.ts'
import { FIREWALL_CHAIN, FIREWALL_RULE, IPSET, IPVS, QDISC } from './explain/forwarding.ts'
import { LAB } from './explain/lab.ts'
import { FDB, LINK } from './explain/link.ts'
import { CONTAINER, EVENT, HIDDEN, NAMESPACE } from './explain/namespace.ts'
import { PACKET_FIELDS } from './explain/packet.ts'
import { SYSCTLS } from './explain/sysctl.ts'

/** What a field means and why it matters, and where that is written. */
export interface Explanation {
  readonly text: string
  readonly source: string
}

/** Path of a field, list positions left out (`nexthops[].weight`), → explanation. */
export type Explanations = Readonly<Record<string, Explanation>>

export const TOPICS: Readonly<Record<string, Explanations>> = {
  namespace: NAMESPACE,
  container: CONTAINER,
  hidden: HIDDEN,
  link: LINK,
  address: ADDRESS,
  route: ROUTE,
  'policy rule': POLICY_RULE,
  neighbour: NEIGHBOUR,
  fdb: FDB,
  'firewall rule': FIREWALL_RULE,
  'firewall chain': FIREWALL_CHAIN,
  ipset: IPSET,
  ipvs: IPVS,
  conntrack: CONNTRACK,
  socket: SOCKET,
  'xfrm state': XFRM_STATE,
  'xfrm policy': XFRM_POLICY,
  qdisc: QDISC,
  sysctl: SYSCTLS,
  dns: DNS,
  event: EVENT,
  lab: LAB,
  packet: PACKET_FIELDS,
}

/** The explanation of a field, or of the list or table that it is part of. */
export function explanationOf(topic: string, path: string): Explanation | undefined {
  const table = TOPICS[topic]
  if (table === undefined) return undefined
  const plain = path.replaceAll(/\[\d+\]/g, '[]')
  return table[plain] ?? table[plain.replace(/(\[\]|\.).*$/, '')]
}

/** A setting is explained by its own name, its value is what the explanation is about. */
export function sysctlExplanation(name: string): Explanation | undefined {
  return SYSCTLS[name.slice(name.lastIndexOf('.') + 1)]
}
