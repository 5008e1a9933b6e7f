import {
  AF,
  addAddress,
  deleteAddress,
  deleteIpvsService,
  getGenericFamily,
  getLink,
  IPVS_GENL_NAME,
  type IpvsServiceKey,
  newIpvsDestination,
  newIpvsService,
} from 'netlink-ts'
import { addRules, removeRules } from '../firewall/single-rule.ts'
import { askAll, askKernel, isAbsent, kernelFailure } from '../kernel-failure.ts'
import type { NetworkHost } from '../network-host.ts'
import { balancerRules, type ServiceAddress, sourceRule } from './service-rules.ts'

/** The link of a load balancer in the network that it balances. */
const LINK = 'eth0'
/** net/ipv4/vs, written after the first destination is there. */
const SETTINGS = { conn_reuse_mode: '0', expire_nodest_conn: '1', expire_quiescent_template: '1' } as const

/**
 * Has the load balancer of a host (a sandbox in the network) stand for a service: its virtual address, a mark for what
 * goes there, and IPVS that gives each new connection to the next task. Source: libnetwork, service_linux.go.
 *
 * @throws TsnetError `unsupported` when the kernel has no IPVS
 */
export async function addService(balancer: NetworkHost, service: ServiceAddress): Promise<void> {
  const { vip, mark, backends } = service
  const { generic } = balancer
  const family = askKernel('IPVS', () => getGenericFamily(generic, IPVS_GENL_NAME))
  const link = askKernel(`link ${LINK}`, () => getLink(balancer.route, { name: LINK })).index
  const address = addAddress({ index: link, address: vip, prefixLength: 32 }, { replace: true })
  askKernel(`add address ${vip}`, () => balancer.route.request(address))
  await addRules(balancer, balancerRules(service))
  balancer.writeSysctl('ipv4/vs/conntrack', '1')
  const key = keyOf(mark)
  askAll(generic, `IPVS service of mark ${mark}`, [
    { what: 'make it', request: newIpvsService(family, { key, scheduler: 'rr' }) },
    ...backends.map((backend) => ({
      what: `add ${backend}`,
      request: newIpvsDestination(family, { service: key, address: backend, port: 0, forward: 'masq', weight: 1 }),
    })),
  ])
  for (const [name, value] of Object.entries(SETTINGS)) balancer.writeSysctl(`ipv4/vs/${name}`, value)
}

/** No error for what is not there. The rule that all services of the balancer share stays. */
export async function removeService(balancer: NetworkHost, service: ServiceAddress): Promise<void> {
  const { generic, route } = balancer
  const family = askKernel('IPVS', () => getGenericFamily(generic, IPVS_GENL_NAME))
  const [refused] = generic.batch([deleteIpvsService(family, keyOf(service.mark))])
  if (refused !== undefined && !isAbsent(refused)) throw kernelFailure(`IPVS service of mark ${service.mark}`, refused)
  const shared = JSON.stringify(sourceRule(service.balancer, service.subnet))
  await removeRules(
    balancer,
    balancerRules(service).filter((rule) => JSON.stringify(rule) !== shared),
  )
  const link = askKernel(`link ${LINK}`, () => getLink(route, { name: LINK })).index
  route.batch([deleteAddress({ index: link, address: service.vip, prefixLength: 32 })])
}

function keyOf(fwmark: number): IpvsServiceKey {
  return { family: AF.INET, protocol: 0, address: undefined, port: undefined, fwmark }
}
