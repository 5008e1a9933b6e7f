import { addRules, ensureChain, hasChain, removeChain, removeRules, type SingleRule } from '../firewall/single-rule.ts'
import type { NetworkHost } from '../network-host.ts'
import { INGRESS_CHAIN, type IngressHost, ingressBase, ingressRules } from './service-rules.ts'

type Layout = 'docker20' | 'docker28'

const TABLES = ['nat', 'filter'] as const
/** Packets for 127.0.0.1 may be led to the ingress sandbox. */
const ROUTE_LOCALNET = 'ipv4/conf/docker_gwbridge/route_localnet'
/** The user's own rules come before all. */
const USER: SingleRule = { table: 'filter', chain: 'FORWARD', place: 'first', words: ['-j', 'DOCKER-USER'] }

/** Leads ports of a host into its ingress sandbox: the routing mesh. Repeating it adds nothing. */
export async function addIngress(host: NetworkHost, ingress: IngressHost, layout: Layout): Promise<void> {
  for (const table of TABLES) await ensureChain(host, table, INGRESS_CHAIN)
  await addRules(host, ingressBase(layout))
  if (layout === 'docker20' && (await hasChain(host, 'filter', 'DOCKER-USER'))) {
    await removeRules(host, [USER])
    await addRules(host, [USER])
  }
  host.writeSysctl(ROUTE_LOCALNET, '1')
  await addRules(host, ingressRules(ingress, layout))
}

/** No error for what is not there. */
export async function removeIngress(host: NetworkHost, layout: Layout): Promise<void> {
  await removeRules(
    host,
    ingressBase(layout).filter(({ chain }) => chain !== INGRESS_CHAIN),
  )
  for (const table of TABLES) await removeChain(host, table, INGRESS_CHAIN)
}
