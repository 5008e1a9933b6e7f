import { list, number, object, oneOf, pair, type Schema, text, yesNo } from './schema.ts'
import type { Address, DnsConfiguration, FdbEntry, Neighbour, PolicyRule, Route, RouteNexthop } from './snapshot.ts'

const family: Schema<4 | 6> = oneOf(4, 6)

export const addressSchema = object<Address>(
  { link: number, address: text, scope: text, flags: list(text) },
  { label: text, broadcast: text, peer: text, validS: number, preferredS: number },
)

export const routeSchema = object<Route>(
  { table: number, family, type: text, destination: text, scope: text, protocol: text },
  {
    from: text,
    gateway: text,
    link: number,
    source: text,
    metric: number,
    tos: number,
    flags: list(text),
    mtu: number,
    nexthops: list(
      object<RouteNexthop>({ link: number, weight: number, flags: list(text) }, { gateway: text, encap: text }),
    ),
    nexthopId: number,
    encap: text,
    preference: text,
  },
)

export const policyRuleSchema = object<PolicyRule>(
  { family, priority: number, action: text },
  {
    table: number,
    goto: number,
    not: yesNo,
    from: text,
    to: text,
    iif: text,
    oif: text,
    fwmark: number,
    fwmask: number,
    tos: number,
    ipProtocol: number,
    sourcePorts: pair(number),
    destinationPorts: pair(number),
    uids: pair(number),
    suppressPrefixLength: number,
    suppressGroup: number,
    l3mdev: yesNo,
    protocol: text,
  },
)

export const neighbourSchema = object<Neighbour>(
  { link: number, address: text, states: list(text) },
  { mac: text, proxy: yesNo, router: yesNo, externLearn: yesNo },
)

export const fdbEntrySchema = object<FdbEntry>(
  { link: number, mac: text, states: list(text) },
  { vlan: number, destination: text, port: number, vni: number, master: number, usedS: number, updatedS: number },
)

export const dnsSchema = object<DnsConfiguration>(
  { path: text, servers: list(text), search: list(text), options: list(text) },
  {},
)
