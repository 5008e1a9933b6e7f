import { contains } from '../../flow/address.ts'
import { options } from '../../flow/firewall/iptables/tokens.ts'
import type { Space } from '../../flow/world.ts'
import type { FirewallRule } from '../../model/snapshot.ts'
import type { Endpoint, HostMap } from './host-map.ts'
import { defaultRoutes } from './routes.ts'

/** A rule that sends a port of a host to an address behind it. */
export interface PublishedRule {
  readonly space: Space
  readonly rule: FirewallRule
  readonly protocol: string
  readonly port: number
  /** The host's address that it is bound to; absent = any. */
  readonly hostAddress?: string
  readonly address: string
  readonly targetPort: number
}

const NATIVE = /\b(tcp|udp) dport (\d+)\b.*\bdnat (?:ip6? )?to ([\da-f.:[\]]+):(\d+)/

const parsed = new WeakMap<FirewallRule, Omit<PublishedRule, 'space'> | undefined>()

/** Every single port that a namespace forwards by DNAT, as its rules say. */
export function publishedRules(space: Space): PublishedRule[] {
  return space.namespace.firewall.flatMap((rule) => {
    if (!rule.text.includes('DNAT') && !rule.text.includes('dnat')) return []
    if (!parsed.has(rule)) parsed.set(rule, parse(rule))
    const found = parsed.get(rule)
    return found === undefined ? [] : [{ space, ...found }]
  })
}

function parse(rule: FirewallRule): Omit<PublishedRule, 'space'> | undefined {
  return rule.syntax === 'iptables' ? parseIptables(rule) : parseNative(rule)
}

function parseIptables(rule: FirewallRule): Omit<PublishedRule, 'space'> | undefined {
  const words = options(rule.text)
  const value = (name: string) => words.find((each) => each.name === name && !each.negated)?.values[0]
  const target = /^\[?([\d.a-f:]+?)\]?:(\d+)$/.exec(value('--to-destination') ?? '')
  const port = Number(value('--dport'))
  const [, address = '', targetPort = ''] = target ?? []
  if (target === null || !Number.isInteger(port) || value('-j') !== 'DNAT') return undefined
  // the engine's own resolver of a container
  if (address === '127.0.0.11') return undefined
  const hostAddress = value('-d')?.replace(/\/(32|128)$/, '')
  const bound = hostAddress === undefined || hostAddress.startsWith('0.0.0.0') ? {} : { hostAddress }
  return { rule, protocol: value('-p') ?? 'tcp', port, address, targetPort: Number(targetPort), ...bound }
}

function parseNative(rule: FirewallRule): Omit<PublishedRule, 'space'> | undefined {
  const [found, protocol = '', port, address = '', targetPort] = NATIVE.exec(rule.text) ?? []
  if (found === undefined || address === '127.0.0.11') return undefined
  const [, hostAddress] = /\bip daddr ([\d.]+)\b/.exec(rule.text) ?? []
  const bound = hostAddress === undefined ? {} : { hostAddress }
  return { rule, protocol, port: Number(port), address, targetPort: Number(targetPort), ...bound }
}

/** The address by which others know a host: that of its default route, or else one on no bridge of containers. */
export function uplinkOf(map: HostMap, space: Space): Endpoint | undefined {
  const inner = new Set(map.networks.filter(({ members }) => members.length > 0).map(({ link }) => link))
  const own = map.of(space).filter(({ ip, link }) => ip.family === 4 && !inner.has(link))
  const [route] = defaultRoutes(space)
  const byRoute = own.find(
    ({ link, subnet }) =>
      link.index === route?.link && (route.gateway === undefined || containsText(map, subnet, route.gateway)),
  )
  return byRoute ?? own.find(({ link }) => link.index === route?.link) ?? own[0]
}

function containsText(map: HostMap, subnet: Endpoint['subnet'], address: string): boolean {
  return map.holders(address).some(({ ip }) => contains(subnet, ip))
}
