import { bridgeRows, linkRows, type Place } from '../rows/link-rows.ts'
import { fdbRows, neighbourRows } from '../rows/route-rows.ts'
import type { InitLine } from './init-checks.ts'
import { inOrder, noOthers, pick } from './init-rows.ts'

/** `~` where there is none, so that one that comes is seen. */
const LINK = ['kind', 'mac', 'mtu', 'up', 'running', 'master'] as const
const LINK_IF_ANY = ['parent', 'vlan', 'vni', 'vxlanPort', 'hairpin', 'isolated'] as const

export function linkLines(place: Place): readonly InitLine[] {
  const rows = inOrder(linkRows(place), ['name'])
  const lines = rows.map((row): InitLine => {
    return { link: String(row['name']), expect: { ...pick(row, LINK, 'all'), ...pick(row, LINK_IF_ANY, 'given') } }
  })
  return [...lines, noOthers('link', 'name', rows)]
}

export function bridgeLines(place: Place): readonly InitLine[] {
  return inOrder(bridgeRows(place), ['name']).map((row): InitLine => {
    return { bridge: String(row['name']), expect: pick(row, ['ports', 'stp', 'vlanFiltering'], 'given') }
  })
}

/** Only what somebody put there: the rest comes and goes. */
export function neighbourLines(place: Place): readonly InitLine[] {
  const isKept = (states: unknown): boolean => Array.isArray(states) && states.includes('PERMANENT')
  const neighbours = inOrder(neighbourRows(place), ['address', 'link'])
    .filter(({ states, mac }) => isKept(states) && mac !== undefined)
    .map(
      (row): InitLine => ({ neighbour: String(row['address']), expect: pick(row, ['mac', 'link', 'proxy'], 'given') }),
    )
  const entries = inOrder(fdbRows(place), ['mac', 'link', 'destination'])
    .filter(({ destination }) => destination !== undefined)
    .map((row): InitLine => {
      return { fdb: String(row['mac']), expect: pick(row, ['link', 'destination', 'vlan', 'vni'], 'given') }
    })
  return [...neighbours, ...entries]
}
