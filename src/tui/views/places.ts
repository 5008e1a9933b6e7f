import type { Place as KernelPlace } from '../../model/journey.ts'
import type { HostSnapshot, Namespace } from '../../model/snapshot.ts'
import { sanitise } from '../../report/sanitise.ts'
import { FDB } from '../../report/tables/fdb.ts'
import { NEIGH } from '../../report/tables/neigh.ts'
import { ROUTES } from '../../report/tables/routes.ts'
import { RULES } from '../../report/tables/rules.ts'
import { linkKey } from '../deltas.ts'
import { chainKey, ruleKeys } from '../rule-keys.ts'
import type { Target, ViewId } from './view.ts'

/** Where a kernel object is shown: its view, and its row where that can be told. */
export interface ShownAt {
  readonly view: ViewId
  readonly row?: string
}

/** Enter goes to the kernel object; nothing for what no view shows. */
export function toPlace(snapshot: HostSnapshot, place: KernelPlace | undefined | null): Target | undefined {
  if (place === undefined || place === null) return undefined
  const namespace = snapshot.namespaces.find(({ inode }) => inode === place.namespace)
  if (namespace === undefined) return undefined
  const shown = shownAt(snapshot, namespace, place)
  if (shown === undefined) return undefined
  return {
    kind: 'place',
    place: { scope: namespace.inode, pane: 'view', ...shown },
    label: `to ${placeWords(place)} in ${sanitise(place.name, { max: 40 })}`,
  }
}

const LONGEST = 60

function placeWords({ kind, chain, position, sysctl, link, text }: KernelPlace): string {
  if (kind === 'policy' && chain !== undefined) return `the policy of ${sanitise(chain)}`
  if (chain !== undefined) return `rule ${position ?? ''} of ${sanitise(chain)}`.replace('  ', ' ')
  if (sysctl !== undefined) return sanitise(sysctl)
  if (kind === 'link' && link !== undefined) return `link ${sanitise(link)}`
  return `${kind} ${sanitise(text, { max: LONGEST })}`
}

/** A row that has not been read yet is found by its id as soon as it has. */
export function shownAt(snapshot: HostSnapshot, namespace: Namespace, place: KernelPlace): ShownAt | undefined {
  switch (place.kind) {
    case 'rule':
    case 'policy':
      return { view: 'firewall', row: ruleRow(namespace, place) }
    case 'sysctl':
      return { view: 'sysctl', row: `${namespace.inode}/${place.sysctl ?? ''}` }
    case 'link':
    case 'bridge-port':
    case 'kernel':
      return linkAt(namespace, place.link)
    case 'route':
      return at('routes', routeRow(snapshot, namespace, place.text))
    case 'policy-rule':
      return at('rules', policyRow(snapshot, namespace, place.text))
    case 'neighbour':
      return at('neigh', NEIGH.rows(snapshot, [namespace]).find(({ object }) => says(place.text, object.address))?.key)
    case 'fdb':
      return at('fdb', FDB.rows(snapshot, [namespace]).find(({ object }) => says(place.text, object.mac))?.key)
    case 'socket':
      return { view: 'sockets' }
    case 'conntrack':
      return { view: 'conntrack' }
    case 'ipvs':
      return { view: 'ipvs' }
    case 'xfrm':
      return { view: 'xfrm' }
    case 'snapshot':
      return { view: 'summary' }
  }
}

function at(view: ViewId, row: string | undefined): ShownAt {
  return row === undefined ? { view } : { view, row }
}

function linkAt({ inode, links }: Namespace, name: string | undefined): ShownAt {
  const link = links.find((each) => each.name === name)
  return at('links', link === undefined ? undefined : linkKey(inode, link.index))
}

function ruleRow(namespace: Namespace, place: KernelPlace): string {
  const { backend = 'nft', family = 'ip', table = '', chain = '', position, handle, kind, text } = place
  const id = chainKey(namespace.inode, { backend, family, table, chain })
  if (kind === 'policy') return id
  const found = namespace.firewall.findIndex(
    (rule) =>
      rule.position === position &&
      rule.chain === chain &&
      rule.table === table &&
      rule.family === family &&
      rule.backend === backend,
  )
  if (found >= 0) return ruleKeys(namespace)[found] ?? id
  return handle === undefined ? `${id}/${text.replace(`-A ${chain} `, '')}` : `${id}/#${handle}`
}

/** `172.19.0.0/16 dev eth0 src 172.19.0.3`, `blackhole 10.0.0.0/8`. */
function routeRow(snapshot: HostSnapshot, namespace: Namespace, text: string): string | undefined {
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

function policyRow(snapshot: HostSnapshot, namespace: Namespace, text: string): string | undefined {
  const priority = /\b(\d+):/.exec(text)?.[1]
  return RULES.rows(snapshot, [namespace]).find(({ object }) => String(object.priority) === priority)?.key
}

function says(text: string, word: string): boolean {
  return text.split(/[\s,;]/).includes(word)
}
