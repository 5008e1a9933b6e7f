import type { PlanContext, PlannedLink } from './topology-plan.ts'
import type { Random } from './topology-random.ts'

export interface Wiring {
  readonly links: PlannedLink[]
  readonly make: string[]
  /** Links on top of others: made when all the others are there. */
  readonly stack: string[]
  readonly set: string[]
}

/** Texts for aliases: what people and attackers write. Without line breaks, which `ip -batch` cannot carry. */
const ALIASES = ['uplink to rack 7', `it's "quoted"`, 'näme ☃ 日本', '$(reboot) `id` \\n', 'tsnet:lab/a', '  spaces  ']

const PORT_FLAGS = ['hairpin', 'isolated', 'guard', 'root_block', 'fastleave', 'proxy_arp', 'proxy_arp_wifi'] as const
const MORE_PORT_FLAGS = ['learning', 'flood', 'mcast_flood', 'bcast_flood', 'neigh_suppress'] as const

/** The links of every namespace together, for a veth may join any two. */
export function linksOf(contexts: readonly PlanContext[]): Wiring[] {
  const wirings: Wiring[] = contexts.map(() => ({ links: [], make: [], stack: [], set: [] }))
  for (const context of contexts) {
    addBridges(context, wiringOf(wirings, context))
    addVeths(context, wirings)
  }
  for (const context of contexts) {
    const wiring = wiringOf(wirings, context)
    addOthers(context, wiring)
    addStacked(context, wiring)
    finish(context, wiring)
  }
  return wirings
}

function wiringOf(wirings: readonly Wiring[], context: PlanContext): Wiring {
  const wiring = wirings[context.position]
  if (wiring === undefined) throw new Error(`no wiring at ${context.position}`)
  return wiring
}

function addLink(wiring: Wiring, name: string, kind: string): void {
  wiring.links.push({ name, kind, up: false })
}

function addBridges({ random }: PlanContext, wiring: Wiring): void {
  random.times(random.integer(0, 2), (number) => {
    const name = `br${number}`
    const options = [
      random.maybe(0.3, 'stp_state 1'),
      random.maybe(0.3, `forward_delay ${random.integer(2, 30) * 100}`),
      random.maybe(0.3, `ageing_time ${random.pick([0, 1500, 30000, 100000])}`),
      random.maybe(0.3, `group_fwd_mask ${random.pick([8, 0x4000])}`),
      random.maybe(0.3, 'mcast_snooping 0'),
      random.maybe(0.3, 'nf_call_iptables 1'),
      random.maybe(0.3, 'nf_call_ip6tables 1'),
    ]
    wiring.make.push(words('link add', name, random.maybe(0.5, `address ${random.mac()}`), 'type bridge', options))
    addLink(wiring, name, 'bridge')
  })
}

function addVeths(context: PlanContext, wirings: readonly Wiring[]): void {
  const { random, position, names } = context
  random.times(random.integer(1, 4), (number) => {
    const other = random.integer(0, names.length - 1)
    const name = `v${number}`
    const peer = random.pick([`p${position}-${number}`, `eth${position}${number}`])
    const end = other === position ? '' : `netns ${names[other]}`
    const mtu = random.maybe(0.3, `mtu ${random.pick([1400, 1450, 9000])}`)
    const queue = random.maybe(0.2, `txqueuelen ${random.integer(1, 5000)}`)
    wiringOf(wirings, context).make.push(words('link add', name, mtu, queue, 'type veth peer name', peer, end))
    addLink(wiringOf(wirings, context), name, 'veth')
    const target = wirings[other]
    if (target) addLink(target, peer, 'veth')
  })
}

function addOthers({ random, capabilities }: PlanContext, wiring: Wiring): void {
  if (random.chance(0.6)) {
    wiring.make.push('link add nh0 type veth peer name nh1')
    for (const name of ['nh0', 'nh1']) addLink(wiring, name, 'veth')
  }
  for (const kind of ['ifb', 'dummy'] as const) {
    if (!capabilities.linkKinds.has(kind) || random.chance(0.5)) continue
    wiring.make.push(`link add ${kind}9 type ${kind}`)
    addLink(wiring, `${kind}9`, kind)
  }
  if (capabilities.linkKinds.has('bond') && random.chance(0.3)) {
    wiring.make.push(`link add bond9 type bond mode ${random.pick(['active-backup', '802.3ad', 'balance-rr'])}`)
    addLink(wiring, 'bond9', 'bond')
  }
  if (capabilities.linkKinds.has('vrf') && random.chance(0.3)) {
    wiring.make.push(`link add vrf9 type vrf table ${random.integer(500, 600)}`)
    addLink(wiring, 'vrf9', 'vrf')
  }
  for (const mode of random.some(['tun', 'tap'], 0.4)) {
    wiring.make.push(`tuntap add dev ${mode}0 mode ${mode}`)
    addLink(wiring, `${mode}0`, mode)
  }
}

/** Links on top of others: vxlan, macvlan, vlan, ipvlan. */
function addStacked({ random, position, capabilities }: PlanContext, wiring: Wiring): void {
  random.times(random.integer(0, 2), (number) => {
    const name = `vx${number}`
    wiring.stack.push(words('link add', name, 'type vxlan', vxlanOptions(random, { position, number, wiring })))
    addLink(wiring, name, 'vxlan')
  })
  const parents = wiring.links.filter((link) => link.kind === 'veth')
  const kinds = ['macvlan', 'macvtap', 'vlan', 'ipvlan'].filter((kind) => capabilities.linkKinds.has(kind))
  for (const parent of random.some(parents, 0.3)) {
    const kind = random.pick(kinds)
    const name = `${kind.slice(0, 4)}-${parent.name.slice(0, 8)}`
    const vlanId = random.integer(1, 4094)
    const mode = random.pick(['bridge', 'private', 'vepa', 'passthru'])
    const options = { vlan: `id ${vlanId}`, ipvlan: 'mode l3', macvlan: `mode ${mode}`, macvtap: `mode ${mode}` }[kind]
    wiring.stack.push(words('link add link', parent.name, name, 'type', kind, options ?? ''))
    addLink(wiring, name, kind)
    // a macvlan or ipvlan parent has a receive handler already and cannot become a bridge port
    replace(wiring, parent.name, { master: '' })
  }
}

function vxlanOptions(random: Random, at: { position: number; number: number; wiring: Wiring }): string[] {
  const port = `dstport ${4789 + at.number}`
  if (random.chance(0.15)) return ['external', port]
  const device = at.wiring.links.find((link) => link.kind === 'veth')?.name
  return [
    `id ${random.integer(1, 0xffffff)}`,
    port,
    random.chance(0.5) ? `local ${random.pick([`10.${at.position + 1}.250.1`, '127.0.0.1'])}` : '',
    random.maybe(0.3, `remote 192.0.2.${random.integer(1, 254)}`),
    device === undefined ? '' : random.maybe(0.3, `dev ${device}`),
    random.maybe(0.5, 'nolearning'),
    ...random.some(['proxy', 'l2miss', 'l3miss', 'rsc'], 0.3),
    random.maybe(0.3, `ttl ${random.integer(1, 255)}`),
    random.maybe(0.3, `ageing ${random.integer(1, 1000)}`),
    random.maybe(0.3, random.pick(['udpcsum', 'noudpcsum'])),
  ]
}

/** Masters, port options, aliases, and which links are up. */
function finish(context: PlanContext, wiring: Wiring): void {
  const bridges = wiring.links.filter((link) => link.kind === 'bridge')
  wiring.set.push('link set lo up')
  for (const [position, link] of [...wiring.links].entries())
    finishLink(context.random, wiring, { link, bridges, position })
}

interface Unfinished {
  readonly link: PlannedLink
  readonly bridges: readonly PlannedLink[]
  readonly position: number
}

function finishLink(random: Random, wiring: Wiring, { link, bridges, position }: Unfinished): void {
  const { name } = link
  const master = masterFor(random, link, bridges)
  const up = isForNexthops(link) || random.chance(0.85)
  const lines = [
    ...(master === undefined ? [] : [`link set dev ${name} master ${master}`, portLine(random, name)]),
    random.maybe(0.3, `link set dev ${name} alias ${quote(random.pick(ALIASES))}`),
    random.maybe(0.15, `link property add dev ${name} altname alt-${name}-${position}`),
    random.maybe(0.1, `link set dev ${name} group ${random.integer(1, 200)}`),
    up ? `link set dev ${name} up` : '',
  ]
  wiring.set.push(...lines.filter(Boolean))
  const addressable = isForNexthops(link) || (master === undefined && canCarryAddresses(link) && random.chance(0.85))
  replace(wiring, name, {
    up,
    ...(master === undefined ? {} : { master }),
    ...(addressable ? { subnet: position + 1 } : {}),
  })
}

/** A nexthop object needs carrier, so there is a pair whose ends are both up. */
function isForNexthops(link: PlannedLink): boolean {
  return ['nh0', 'nh1'].includes(link.name)
}

function canCarryAddresses(link: PlannedLink): boolean {
  return !['tun', 'ifb'].includes(link.kind)
}

function masterFor(random: Random, link: PlannedLink, bridges: readonly PlannedLink[]): string | undefined {
  const canBePort =
    !isForNexthops(link) && ['veth', 'vxlan', 'tap', 'dummy'].includes(link.kind) && link.master === undefined
  return canBePort && bridges.length > 0 && random.chance(0.5) ? random.pick(bridges).name : undefined
}

function portLine(random: Random, name: string): string {
  return words('link set dev', name, 'type bridge_slave', [
    ...random.some(PORT_FLAGS, 0.25).map((flag) => `${flag} on`),
    ...random.some(MORE_PORT_FLAGS, 0.25).map((flag) => `${flag} ${random.pick(['on', 'off'])}`),
    `cost ${random.integer(1, 100)}`,
    random.maybe(0.3, `priority ${random.integer(0, 63)}`),
  ])
}

function replace(wiring: Wiring, name: string, change: Partial<PlannedLink>): void {
  const at = wiring.links.findIndex((link) => link.name === name)
  const link = wiring.links[at]
  if (link) wiring.links[at] = { ...link, ...change }
}

function words(...parts: (string | readonly string[])[]): string {
  return parts
    .flat()
    .filter((part) => part !== '')
    .join(' ')
}

/** For `ip -batch`, which takes a quoted word literally up to the same quote. */
function quote(text: string): string {
  return text.includes('"') ? `'${text.replaceAll("'", '')}'` : `"${text}"`
}
