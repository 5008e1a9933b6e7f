import type * as kernel from 'netlink-ts'
import type { Address, FdbEntry, Neighbour, PolicyRule, Route, RouteNexthop } from '../model/snapshot.ts'

/**
 * netlink-ts's objects as rows of the snapshot, one function a kind. A field that says nothing is left out.
 * Written out field by field: a host with 1,000 namespaces has some 30,000 rows, and they are a third of the time
 * of a snapshot.
 */

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export function toAddress(address: kernel.Address): Address {
  const row: Mutable<Address> = {
    link: address.index,
    address: `${address.address}/${address.prefixLength}`,
    scope: address.scope,
    flags: address.flagNames,
  }
  if (address.label !== undefined) row.label = address.label
  if (address.broadcast !== undefined) row.broadcast = address.broadcast
  if (address.peer !== undefined) row.peer = address.peer
  if (address.validS !== undefined) row.validS = address.validS
  if (address.preferredS !== undefined) row.preferredS = address.preferredS
  return row
}

/** Undefined for MPLS, which the model has no place for. */
export function toRoute(route: kernel.Route): Route | undefined {
  if (route.family === 'mpls') return undefined
  const row: Mutable<Route> = {
    table: route.table,
    family: route.family,
    type: route.type,
    destination: route.destination,
    scope: route.scope,
    protocol: route.protocol,
  }
  if (route.gateway !== undefined) row.gateway = route.gateway
  if (route.index !== undefined) row.link = route.index
  if (route.source !== undefined) row.source = route.source
  if (route.metric !== undefined) row.metric = route.metric
  if (route.from !== undefined) row.from = route.from
  if (route.tos !== 0) row.tos = route.tos
  if (route.flagNames.length > 0) row.flags = route.flagNames
  if (route.metrics?.mtu !== undefined) row.mtu = route.metrics.mtu
  if (route.nexthops) row.nexthops = route.nexthops.map(toNexthop)
  if (route.nexthopId !== undefined) row.nexthopId = route.nexthopId
  if (route.encap) row.encap = route.encap.type
  if (route.preference !== undefined) row.preference = route.preference
  return row
}

function toNexthop(hop: kernel.RouteNexthop): RouteNexthop {
  const row: Mutable<RouteNexthop> = { link: hop.index, weight: hop.weight, flags: hop.flagNames }
  if (hop.gateway !== undefined) row.gateway = hop.gateway
  if (hop.encap) row.encap = hop.encap.type
  return row
}

export function toRule(rule: kernel.Rule): PolicyRule {
  const row: Mutable<PolicyRule> = { family: rule.family, priority: rule.priority, action: rule.action }
  if (rule.table !== undefined) row.table = rule.table
  if (rule.goto !== undefined) row.goto = rule.goto
  if (rule.not) row.not = true
  if (rule.from !== undefined) row.from = rule.from
  if (rule.to !== undefined) row.to = rule.to
  if (rule.inputInterface !== undefined) row.iif = rule.inputInterface
  if (rule.outputInterface !== undefined) row.oif = rule.outputInterface
  if (rule.fwmark !== undefined) row.fwmark = rule.fwmark
  if (rule.fwmask !== undefined) row.fwmask = rule.fwmask
  addRareMatches(row, rule)
  if (rule.protocol !== undefined) row.protocol = rule.protocol
  return row
}

function addRareMatches(row: Mutable<PolicyRule>, rule: kernel.Rule): void {
  if (rule.tos) row.tos = rule.tos
  if (rule.ipProtocol !== undefined) row.ipProtocol = rule.ipProtocol
  if (rule.sourcePorts !== undefined) row.sourcePorts = rule.sourcePorts
  if (rule.destinationPorts !== undefined) row.destinationPorts = rule.destinationPorts
  if (rule.uids !== undefined) row.uids = rule.uids
  if (rule.suppressPrefixLength !== undefined) row.suppressPrefixLength = rule.suppressPrefixLength
  if (rule.suppressGroup !== undefined) row.suppressGroup = rule.suppressGroup
  if (rule.l3mdev) row.l3mdev = true
}

export function toNeighbour(neighbour: kernel.Neighbour): Neighbour {
  const row: Mutable<Neighbour> = {
    link: neighbour.index,
    address: neighbour.address,
    states: neighbour.stateNames,
  }
  if (neighbour.mac !== undefined) row.mac = neighbour.mac
  if (neighbour.proxy) row.proxy = true
  if (neighbour.router) row.router = true
  if (neighbour.externLearn) row.externLearn = true
  return row
}

export function toFdbEntry(entry: kernel.FdbEntry): FdbEntry {
  const row: Mutable<FdbEntry> = {
    link: entry.index,
    mac: entry.mac,
    states: entry.stateName === '' ? entry.flagNames : [entry.stateName, ...entry.flagNames],
  }
  if (entry.vlan !== undefined) row.vlan = entry.vlan
  if (entry.destination !== undefined) row.destination = entry.destination
  if (entry.port !== undefined) row.port = entry.port
  if (entry.vni !== undefined) row.vni = entry.vni
  if (entry.master !== undefined) row.master = entry.master
  if (entry.usedS !== undefined) row.usedS = entry.usedS
  if (entry.updatedS !== undefined) row.updatedS = entry.updatedS
  return row
}
