import type { Place } from '../model/journey.ts'
import type { HostSnapshot, Namespace } from '../model/snapshot.ts'
import type { Row, ShowKind } from './columns.ts'
import { FDB } from './tables/fdb.ts'
import { IPTABLES, NFT } from './tables/firewall.ts'
import { IPVS } from './tables/ipvs.ts'
import { NEIGH } from './tables/neigh.ts'
import { ROUTES } from './tables/routes.ts'
import { RULES } from './tables/rules.ts'

/** Where a kernel object stands in the tables: its kind, and its row where that can be told. */
export interface TablePlace {
  readonly kind: ShowKind
  /** Key of the row. */
  readonly key?: string
}

/** The table that shows a kernel object; undefined for what none shows. */
export function tablePlace(snapshot: HostSnapshot, namespace: Namespace, place: Place): TablePlace | undefined {
  const own = place.entry === undefined ? undefined : `${namespace.inode}/${place.entry}`
  switch (place.kind) {
    case 'rule':
    case 'policy':
      return ruleAt(snapshot, namespace, place)
    case 'sysctl':
      return { kind: 'sysctl', key: `${namespace.inode}/${place.sysctl ?? ''}` }
    case 'link':
    case 'bridge-port':
    case 'kernel':
      return linkAt(namespace, place.link)
    case 'route':
      return at('routes', own ?? routeKey(snapshot, namespace, place.text))
    case 'policy-rule':
      return at('rules', policyRuleKey(snapshot, namespace, place.text))
    case 'neighbour':
      return at('neigh', own ?? neighbourKey(snapshot, namespace, place))
    case 'fdb':
      return at('fdb', own ?? fdbKey(snapshot, namespace, place))
    case 'socket':
      return at('sockets', own)
    case 'ipvs':
      return at('ipvs', own === undefined ? undefined : serviceRow(snapshot, namespace, own))
    case 'conntrack':
    case 'xfrm':
      return at(place.kind, own)
    case 'snapshot':
      return undefined
  }
}

function at(kind: ShowKind, key: string | undefined): TablePlace {
  return key === undefined ? { kind } : { kind, key }
}

function linkAt({ inode, links }: Namespace, name: string | undefined): TablePlace {
  const link = links.find((each) => each.name === name)
  return at('links', link === undefined ? undefined : `${inode}:${link.index}`)
}

/** Whichever of the two tables has it. */
function ruleAt(snapshot: HostSnapshot, namespace: Namespace, place: Place): TablePlace {
  const { backend = 'nft', family = 'ip', table = '', chain = '' } = place
  const inTable = (kind: 'iptables' | 'nft') =>
    (kind === 'iptables' ? IPTABLES : NFT)
      .rows(snapshot, [namespace])
      .find(
        ({ object }) =>
          object.backend === backend &&
          object.family === family &&
          object.table === table &&
          object.chain === chain &&
          ('text' in object ? place.kind === 'rule' && object.position === place.position : place.kind === 'policy'),
      )?.key
  const key = inTable('iptables')
  if (key !== undefined) return { kind: 'iptables', key }
  const syntax = namespace.firewall.find((rule) => rule.table === table && rule.family === family)?.syntax
  return at(syntax ?? 'nft', inTable('nft'))
}

/** `172.19.0.0/16 dev eth0 src 172.19.0.3`, `blackhole 10.0.0.0/8`. */
function routeKey(snapshot: HostSnapshot, namespace: Namespace, text: string): string | undefined {
  const words = text.split(' ')
  const link = namespace.links.find(({ name }) => name === words[words.indexOf('dev') + 1])?.index
  const gateway = words.includes('via') ? words[words.indexOf('via') + 1] : undefined
  const fits = ROUTES.rows(snapshot, [namespace]).filter(({ object }) => words.slice(0, 2).includes(object.destination))
  const best = fits.find(
    ({ object }) =>
      (link === undefined || object.link === link) && (gateway === undefined || object.gateway === gateway),
  )
  return (best ?? fits[0])?.key
}

function policyRuleKey(snapshot: HostSnapshot, namespace: Namespace, text: string): string | undefined {
  const priority = /\b(\d+):/.exec(text)?.[1]
  return RULES.rows(snapshot, [namespace]).find(({ object }) => String(object.priority) === priority)?.key
}

/** On the link that the place names, if it names one. */
function neighbourKey(snapshot: HostSnapshot, namespace: Namespace, { text, link }: Place): string | undefined {
  const fits = NEIGH.rows(snapshot, [namespace]).filter(({ object }) => says(text, object.address))
  return onLink(fits, namespace, link)?.key
}

function fdbKey(snapshot: HostSnapshot, namespace: Namespace, { text, link }: Place): string | undefined {
  const fits = FDB.rows(snapshot, [namespace]).filter(({ object }) => says(text, object.mac))
  return onLink(fits, namespace, link)?.key
}

function onLink<Each extends Row<{ readonly link: number }>>(
  rows: readonly Each[],
  { links }: Namespace,
  name: string | undefined,
): Each | undefined {
  const index = links.find((each) => each.name === name)?.index
  return rows.find(({ object }) => object.link === index) ?? rows[0]
}

/** A service has a row for each of its destinations: as a whole it is the first of them. */
function serviceRow(snapshot: HostSnapshot, namespace: Namespace, own: string): string {
  const rows = IPVS.rows(snapshot, [namespace])
  return rows.find(({ key }) => key === own || key.startsWith(`${own}/`))?.key ?? own
}

function says(text: string, word: string): boolean {
  return text.split(/[\s,;]/).includes(word)
}
