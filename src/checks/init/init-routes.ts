import type { Check } from '../file/check.ts'
import { addressRows, type Place } from '../rows/link-rows.ts'
import { routeRows, ruleRows } from '../rows/route-rows.ts'
import type { InitLine } from './init-checks.ts'
import { inOrder, noOthers, pick } from './init-rows.ts'

export function addressLines(place: Place): readonly InitLine[] {
  const rows = inOrder(addressRows(place), ['link', 'address'])
  const lines = rows.map((row): InitLine => {
    return { address: String(row['address']), expect: pick(row, ['link', 'scope'], 'given') }
  })
  return [...lines, noOthers('address', 'address', rows)]
}

/** linux/rtnetlink.h RT_TABLE_LOCAL: made by the kernel of the addresses. */
const LOCAL_TABLE = 255
const ANY_TABLE = { where: [{ property: 'table' }], expect: { properties: [] } } as unknown as Check

const ROUTE = ['via', 'link', 'source', 'metric', 'table', 'type', 'family'] as const

export function routeLines(place: Place): readonly InitLine[] {
  const isLasting = ({ table, protocol }: { readonly table?: unknown; readonly protocol?: unknown }): boolean =>
    table !== LOCAL_TABLE && protocol !== 'ra' && protocol !== 'redirect'
  const rows = inOrder(routeRows(place, ANY_TABLE).filter(isLasting), [
    'table',
    'destination',
    'family',
    'link',
    'metric',
  ])
  const lines = rows.map((row): InitLine => {
    return {
      route: String(row['destination']),
      expect: { ...pick(row, ROUTE, 'all'), ...pick(row, ['nexthops', 'mtu'], 'given') },
    }
  })
  const counted = { table: { not: LOCAL_TABLE }, protocol: { not: { in: ['ra', 'redirect'] } } }
  return [...lines, noOthers('route', 'destination', rows, counted)]
}

export function ruleLines(place: Place): readonly InitLine[] {
  const rows = inOrder(ruleRows(place), ['family', 'priority', 'text'])
  const lines = rows.map((row): InitLine => {
    return { rule: String(row['text']), expect: pick(row, ['priority', 'family'], 'given') }
  })
  return [...lines, noOthers('rule', 'text', rows)]
}
