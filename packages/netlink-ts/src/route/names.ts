/**
 * Names of numbers as iproute2 prints them without a configuration of its own. A number without a name is
 * printed as decimal text.
 */

/** linux/rtnetlink.h RTPROT_*, names of iproute2's etc/iproute2/rt_protos. */
export const ROUTE_PROTOCOLS: Readonly<Record<number, string>> = {
  0: 'unspec',
  1: 'redirect',
  2: 'kernel',
  3: 'boot',
  4: 'static',
  8: 'gated',
  9: 'ra',
  10: 'mrt',
  11: 'zebra',
  12: 'bird',
  13: 'dnrouted',
  14: 'xorp',
  15: 'ntk',
  16: 'dhcp',
  18: 'keepalived',
  42: 'babel',
  186: 'bgp',
  187: 'isis',
  188: 'ospf',
  189: 'rip',
  192: 'eigrp',
}

/** linux/rtnetlink.h RT_SCOPE_*, names of etc/iproute2/rt_scopes. */
export const ROUTE_SCOPES: Readonly<Record<number, string>> = {
  0: 'global',
  200: 'site',
  253: 'link',
  254: 'host',
  255: 'nowhere',
}

/** linux/rtnetlink.h RT_TABLE_*, names of etc/iproute2/rt_tables. */
export const ROUTE_TABLES: Readonly<Record<number, string>> = { 0: 'unspec', 253: 'default', 254: 'main', 255: 'local' }

/** linux/rtnetlink.h RTN_* */
export const ROUTE_TYPES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
  'xresolve',
] as const

/** linux/fib_rules.h FR_ACT_* */
export const RULE_ACTIONS = [
  'unspec',
  'lookup',
  'goto',
  'nop',
  'res3',
  'res4',
  'blackhole',
  'unreachable',
  'prohibit',
] as const

/** linux/icmpv6.h ICMPV6_ROUTER_PREF_*, as `ip -6 route` prints them. */
export const ROUTE_PREFERENCES = ['medium', 'high', 'invalid', 'low'] as const

const numbers = new Map<Readonly<Record<number, string>>, Map<string, number>>()

/** The number of a name (or of decimal text) in one of these tables. */
export function numberNamed(names: Readonly<Record<number, string>>, name: string): number {
  let reversed = numbers.get(names)
  if (!reversed) {
    reversed = new Map(Object.entries(names).map(([number, text]) => [text, Number(number)]))
    numbers.set(names, reversed)
  }
  return reversed.get(name) ?? Number(name)
}

/** The name of a number, or the number as text. */
export function nameOfNumber(names: Readonly<Record<number, string>>, number: number): string {
  return names[number] ?? String(number)
}
