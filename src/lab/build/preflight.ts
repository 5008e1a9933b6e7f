import { closeSync, openSync } from 'node:fs'
import {
  AF,
  addXfrmState,
  createLink,
  createVethPair,
  getGenericFamily,
  getLink,
  IPVS_GENL_NAME,
  inNewNamespace,
  NETLINK,
  NetlinkError,
  NetlinkSocket,
  newIpvsService,
  type Request,
  replaceQdisc,
} from 'netlink-ts'
import { isEncrypted } from '../../driver/networks/overlay/overlay-network.ts'
import { TsnetError } from '../../errors.ts'
import { type NetworkObject, objectsOf, type ResolvedLab } from '../resolve/lab-object.ts'
import { splitParent } from '../topology/macvlan-parent.ts'
import { shapingOptions } from './cable-steps.ts'

/** Something that kernels may lack. */
interface Feature {
  /** For people. */
  readonly name: string
  readonly module: string
  /** Makes it on a link of a scratch namespace. */
  readonly attempt: (link: number, socket: NetlinkSocket) => Request
  /** NETLINK_*; absent = NETLINK_ROUTE. */
  readonly protocol?: number
}

const MACVLAN: Feature = {
  name: 'macvlan',
  module: 'macvlan',
  attempt: (link) => createLink({ kind: 'macvlan', name: 'probe', link, info: { kind: 'macvlan', mode: 'bridge' } }),
}
const IPVLAN: Feature = {
  name: 'ipvlan',
  module: 'ipvlan',
  attempt: (link) => createLink({ kind: 'ipvlan', name: 'probe', link, info: { kind: 'ipvlan', mode: 'l2' } }),
}
const VLAN: Feature = {
  name: '802.1Q VLANs',
  module: '8021q',
  attempt: (link) => createLink({ kind: 'vlan', name: 'probe', link, info: { kind: 'vlan', id: 10 } }),
}
const VXLAN: Feature = {
  name: 'VXLAN',
  module: 'vxlan',
  attempt: () => createLink({ kind: 'vxlan', name: 'probe', info: { kind: 'vxlan', vni: 1, port: 4789 } }),
}
const ESP: Feature = {
  name: 'ESP with AES-GCM',
  module: 'esp4 xfrm_user gcm',
  protocol: NETLINK.XFRM,
  attempt: () =>
    addXfrmState({
      source: '192.0.2.1',
      destination: '192.0.2.2',
      spi: 0x100,
      reqid: 1,
      mode: 'transport',
      aead: { name: 'rfc4106(gcm(aes))', key: new Uint8Array(20), truncatedBits: 64 },
    }),
}
const IPVS: Feature = {
  name: 'IPVS',
  module: 'ip_vs ip_vs_rr xt_ipvs',
  protocol: NETLINK.GENERIC,
  attempt: (_, socket) => {
    const key = { family: AF.INET, protocol: 0, address: undefined, port: undefined, fwmark: 1 }
    return newIpvsService(getGenericFamily(socket, IPVS_GENL_NAME), { key, scheduler: 'rr' })
  },
}
const DUMMY: Feature = {
  name: 'dummy links',
  module: 'dummy',
  attempt: () => createLink({ kind: 'dummy', name: 'probe' }),
}
const NETEM: Feature = {
  name: 'netem',
  module: 'sch_netem',
  attempt: (index) => replaceQdisc({ index, kind: 'netem', options: { kind: 'netem', delayUs: 1000 } }),
}
const TBF: Feature = {
  name: 'the token bucket filter',
  module: 'sch_tbf',
  attempt: (index) =>
    replaceQdisc({ index, kind: 'tbf', options: { kind: 'tbf', rate: 1e6, burst: 20_000, limit: 40_000 } }),
}

interface Need {
  readonly feature: Feature
  /** For what, for people. */
  readonly by: string
}

/** What a lab needs of the kernel besides what every kernel with containers has. */
function needsOf(lab: ResolvedLab): readonly Need[] {
  const shaped = [...objectsOf(lab, 'attachment'), ...objectsOf(lab, 'link')].flatMap(({ id, shaping }) => {
    const kind = shapingOptions(shaping)?.kind
    return kind === undefined ? [] : [{ feature: kind === 'netem' ? NETEM : TBF, by: id }]
  })
  const networks = objectsOf(lab, 'network').flatMap((network) => {
    const by = `network ${network.name} at ${network.host}`
    return networkFeatures(network).map((feature) => ({ feature, by }))
  })
  const services = objectsOf(lab, 'balancer').map(({ id }) => ({ feature: IPVS, by: id }))
  return [...services, ...objectsOf(lab, 'vlan').map(({ id }) => ({ feature: VLAN, by: id })), ...shaped, ...networks]
}

function networkFeatures({ driver, options, internal }: NetworkObject): readonly Feature[] {
  if (driver === 'overlay') return isEncrypted(options) ? [VXLAN, ESP] : [VXLAN]
  if (driver !== 'macvlan' && driver !== 'ipvlan') return []
  const { parent } = options
  const below = parent === undefined || internal ? [DUMMY] : splitParent(parent).vlan === undefined ? [] : [VLAN]
  return [driver === 'macvlan' ? MACVLAN : IPVLAN, ...below]
}

/**
 * Finds out before anything is changed whether the kernel can build a lab, by trying in a namespace that nobody sees.
 *
 * @throws TsnetError `unsupported` naming all that is missing and what needs it
 */
export function preflight(lab: ResolvedLab): void {
  const users = new Map<Feature, string[]>()
  for (const { feature, by } of needsOf(lab)) users.set(feature, [...(users.get(feature) ?? []), by])
  const missing = [...users].filter(([feature]) => !isAvailable(feature))
  if (missing.length === 0) return
  const reasons = missing.map(([{ name }, by]) => `${name} (needed by ${by.slice(0, 3).join(', ')})`)
  const modules = missing.map(([{ module }]) => module)
  throw new TsnetError('unsupported', `lab ${lab.name}: this kernel lacks ${reasons.join(' and ')}`, {
    hint: `where it has them as modules: modprobe -a ${modules.join(' ')}`,
  })
}

function isAvailable({ attempt, protocol }: Feature): boolean {
  const fd = inNewNamespace(() => openSync('/proc/thread-self/ns/net', 'r'))
  try {
    return withSocket(fd, NETLINK.ROUTE, (route) => {
      route.request(createVethPair('below', { name: 'peer' }))
      const { index } = getLink(route, { name: 'below' })
      if (protocol === undefined) return isAccepted(route, () => attempt(index, route))
      return withSocket(fd, protocol, (socket) => isAccepted(socket, () => attempt(index, socket)))
    })
  } finally {
    closeSync(fd)
  }
}

function isAccepted(socket: NetlinkSocket, attempt: () => Request): boolean {
  try {
    return socket.batch([attempt()])[0] === undefined
  } catch (error) {
    // a family that is not there has no number to ask for
    if (error instanceof NetlinkError) return false
    throw error
  }
}

function withSocket<T>(fd: number, protocol: number, action: (socket: NetlinkSocket) => T): T {
  const socket = new NetlinkSocket(protocol, { namespace: { fd } })
  try {
    return action(socket)
  } finally {
    socket.close()
  }
}
