import { closeSync, openSync } from 'node:fs'
import {
  createLink,
  createVethPair,
  getLink,
  inNewNamespace,
  NETLINK,
  NetlinkSocket,
  type Request,
  replaceQdisc,
} from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import { objectsOf, type ResolvedLab } from '../resolve/lab-object.ts'
import { splitParent } from '../topology/macvlan-parent.ts'
import { shapingOptions } from './cable-steps.ts'

/** Something that kernels may lack. */
interface Feature {
  /** For people. */
  readonly name: string
  readonly module: string
  /** Makes it on a link of a scratch namespace. */
  readonly attempt: (link: number) => Request
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
  const networks = objectsOf(lab, 'network').flatMap(({ driver, name, host, options, internal }) => {
    if (driver === 'overlay') return [{ feature: VXLAN, by: `network ${name} at ${host}` }]
    if (driver !== 'macvlan' && driver !== 'ipvlan') return []
    const by = `network ${name} at ${host}`
    const { parent } = options
    const below = parent === undefined || internal ? [DUMMY] : splitParent(parent).vlan === undefined ? [] : [VLAN]
    return [driver === 'macvlan' ? MACVLAN : IPVLAN, ...below].map((feature) => ({ feature, by }))
  })
  return [...objectsOf(lab, 'vlan').map(({ id }) => ({ feature: VLAN, by: id })), ...shaped, ...networks]
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

function isAvailable({ attempt }: Feature): boolean {
  const fd = inNewNamespace(() => openSync('/proc/thread-self/ns/net', 'r'))
  try {
    const socket = new NetlinkSocket(NETLINK.ROUTE, { namespace: { fd } })
    try {
      socket.request(createVethPair('below', { name: 'peer' }))
      const { index } = getLink(socket, { name: 'below' })
      return socket.batch([attempt(index)])[0] === undefined
    } finally {
      socket.close()
    }
  } finally {
    closeSync(fd)
  }
}
