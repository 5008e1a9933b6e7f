import {
  AF,
  type Conntrack,
  decodeAddress,
  decodeConntrackEvent,
  decodeFdbEntry,
  decodeLink,
  decodeNeighbour,
  decodeRoute,
  decodeRule,
  ipProtocolName,
  isNftGeneration,
  type Link,
  type Message,
  NFNLGRP,
  RTM,
  RTNLGRP,
  u8,
} from 'netlink-ts'
import type { HostEvent } from '../model/event.ts'
import type { Kind } from '../model/snapshot.ts'
import { toAddress, toFdbEntry, toNeighbour, toRoute, toRule } from './rows.ts'

/** linux/rtnetlink.h groups that tell of everything rtnetlink shows of a namespace. */
export const ROUTE_GROUPS = [
  RTNLGRP.LINK,
  RTNLGRP.NEIGH,
  RTNLGRP.IPV4_IFADDR,
  RTNLGRP.IPV6_IFADDR,
  RTNLGRP.IPV4_ROUTE,
  RTNLGRP.IPV6_ROUTE,
  RTNLGRP.IPV4_RULE,
  RTNLGRP.IPV6_RULE,
  RTNLGRP.NSID,
] as const

/** What a notification says: the event for people, and the kind of table it makes stale. */
export interface Told {
  readonly kind: HostEvent['kind']
  readonly action: HostEvent['action']
  /** Without the namespace: `eth0 up mtu 1500`. */
  readonly text: string
  readonly object?: unknown
  readonly stale?: Kind
}

/** How a notification names the link behind an ifindex. */
export type LinkName = (index: number) => string

/** What an rtnetlink notification says; undefined for one that nobody asked about. */
export function readRouteNotification(message: Message, nameOf: LinkName): Told | undefined {
  switch (message.type) {
    case RTM.NEWLINK:
    case RTM.DELLINK:
      return isBridgePortNews(message) ? { ...portNews(message), stale: 'links' } : linkNews(message)
    case RTM.NEWADDR:
    case RTM.DELADDR:
      return addressNews(message, nameOf)
    case RTM.NEWROUTE:
    case RTM.DELROUTE:
      return routeNews(message, nameOf)
    case RTM.NEWRULE:
    case RTM.DELRULE:
      return ruleNews(message)
    case RTM.NEWNEIGH:
    case RTM.DELNEIGH:
      return u8(message.bytes, message.start) === AF.BRIDGE ? fdbNews(message, nameOf) : neighbourNews(message, nameOf)
    default:
      return undefined
  }
}

/** rtnetlink's DEL types are one above NEW, NEW being a multiple of four. */
function actionOf(message: Message): 'new' | 'deleted' {
  return message.type % 4 === 1 ? 'deleted' : 'new'
}

/** A bridge tells of its ports in RTM_NEWLINK messages of family AF_BRIDGE. */
function isBridgePortNews(message: Message): boolean {
  return u8(message.bytes, message.start) === AF.BRIDGE
}

function portNews(message: Message): Told {
  const link = decodeLink(message)
  return { kind: 'link', action: 'changed', text: `${link.name} bridge port` }
}

function linkNews(message: Message): Told {
  const link = decodeLink(message)
  const action = message.type === RTM.DELLINK ? 'deleted' : 'changed'
  return { kind: 'link', action, text: linkText(link), object: link, stale: 'links' }
}

function linkText(link: Link): string {
  const words = [link.name, link.kind, link.operstate.toLowerCase(), `mtu ${link.mtu}`, `<${link.flagNames.join(',')}>`]
  if (link.alias) words.push(`alias ${link.alias}`)
  return words.filter((word) => word !== undefined).join(' ')
}

function addressNews(message: Message, nameOf: LinkName): Told | undefined {
  const address = decodeAddress(message)
  if (!address) return undefined
  const row = toAddress(address)
  const text = `${row.address} dev ${nameOf(row.link)} scope ${row.scope}`
  return { kind: 'address', action: actionOf(message), text, object: row, stale: 'addrs' }
}

function routeNews(message: Message, nameOf: LinkName): Told | undefined {
  const route = decodeRoute(message)
  // RTM_F_CLONED: a cached path MTU or redirect, not an entry of a table
  const row = route && !route.cached ? toRoute(route) : undefined
  if (!row) return undefined
  const via = row.gateway ? ` via ${row.gateway}` : ''
  const dev = row.link === undefined ? '' : ` dev ${nameOf(row.link)}`
  const type = row.type === 'unicast' ? '' : `${row.type} `
  const text = `${type}${row.destination}${via}${dev} table ${row.table} proto ${row.protocol}`
  return { kind: 'route', action: actionOf(message), text, object: row, stale: 'routes' }
}

function ruleNews(message: Message): Told | undefined {
  const rule = decodeRule(message)
  if (!rule) return undefined
  const row = toRule(rule)
  const text = `${row.priority}: from ${row.from ?? 'all'} ${row.action} ${row.table ?? ''}`.trimEnd()
  return { kind: 'rule', action: actionOf(message), text, object: row, stale: 'rules' }
}

function neighbourNews(message: Message, nameOf: LinkName): Told | undefined {
  const neighbour = decodeNeighbour(message)
  if (!neighbour) return undefined
  const row = toNeighbour(neighbour)
  const text = `${row.address} dev ${nameOf(row.link)} lladdr ${row.mac ?? '-'} ${row.states.join(',')}`
  return { kind: 'neighbour', action: actionOf(message), text, object: row, stale: 'neigh' }
}

function fdbNews(message: Message, nameOf: LinkName): Told | undefined {
  const entry = decodeFdbEntry(message)
  if (!entry) return undefined
  const row = toFdbEntry(entry)
  const dst = row.destination ? ` dst ${row.destination}` : ''
  const text = `${row.mac} dev ${nameOf(row.link)}${dst} ${row.states.join(' ')}`
  return { kind: 'fdb', action: actionOf(message), text, object: row, stale: 'fdb' }
}

export const NETFILTER_GROUPS = [NFNLGRP.NFTABLES] as const
export const CONNTRACK_GROUPS = [NFNLGRP.CONNTRACK_NEW, NFNLGRP.CONNTRACK_UPDATE, NFNLGRP.CONNTRACK_DESTROY] as const

/** What an nfnetlink notification says: only the new generation of an nft rule set, which ends each transaction. */
export function readNftNotification(message: Message): Told | undefined {
  if (!isNftGeneration(message)) return undefined
  return { kind: 'nft', action: 'changed', text: 'rule set changed', stale: 'firewall' }
}

const CONNTRACK_ACTIONS = { new: 'new', update: 'changed', destroy: 'deleted' } as const

export function readConntrackNotification(message: Message): Told {
  const { event, connection } = decodeConntrackEvent(message)
  return { kind: 'conntrack', action: CONNTRACK_ACTIONS[event], text: conntrackText(connection), object: connection }
}

function conntrackText({ protocol, state, original, reply }: Conntrack): string {
  const words = [ipProtocolName(protocol), state, endsOf(original), '· reply', endsOf(reply)]
  return words.filter((word) => word !== undefined).join(' ')
}

function endsOf({ source, sourcePort, destination, destinationPort }: Conntrack['original']): string {
  return `${endOf(source, sourcePort)} → ${endOf(destination, destinationPort)}`
}

function endOf(address: string, port: number | undefined): string {
  if (port === undefined) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
