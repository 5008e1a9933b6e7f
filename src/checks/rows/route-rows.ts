import { RULES } from '../../report/tables/rules.ts'
import type { Check } from '../file/check.ts'
import type { Row } from '../file/judge.ts'
import { linkName, type Place } from './link-rows.ts'

/** linux/rtnetlink.h RT_TABLE_MAIN. */
const MAIN_TABLE = 254

export function routeRows({ namespace }: Place, { where, expect }: Check): readonly Row[] {
  const isOfAny = [...where, ...expect.properties].some(({ property }) => property === 'table')
  return namespace.routes
    .filter(({ table }) => isOfAny || table === MAIN_TABLE)
    .map((route): Row => {
      const nexthops = route.nexthops?.map(({ gateway, link }) =>
        `${gateway ?? ''} ${linkName(namespace, link)}`.trim(),
      )
      return {
        destination: route.destination,
        via: route.gateway,
        link: linkName(namespace, route.link),
        source: route.source,
        metric: route.metric,
        table: route.table,
        type: route.type,
        protocol: route.protocol,
        scope: route.scope,
        family: route.family,
        mtu: route.mtu,
        nexthops,
      }
    })
}

const MATCH_COLUMNS = ['FROM', 'TO', 'MATCH', 'ACTION'] as const

export function ruleRows({ snapshot, namespace }: Place): readonly Row[] {
  const texts = new Map(MATCH_COLUMNS.map((name) => [name, RULES.columns.find((column) => column.name === name)?.text]))
  return RULES.rows(snapshot, [namespace]).map((row): Row => {
    const { object } = row
    const text = (name: (typeof MATCH_COLUMNS)[number]): string => texts.get(name)?.(row) ?? ''
    const [from, to, match, action] = [text('FROM'), text('TO'), text('MATCH'), text('ACTION')]
    return {
      // as ip-rule(8) prints it: `to all` goes without saying
      text: [`from ${from}`, to === 'all' ? '' : `to ${to}`, match, action].filter((part) => part !== '').join(' '),
      priority: object.priority,
      from,
      to,
      iif: object.iif,
      oif: object.oif,
      fwmark: object.fwmark,
      table: object.table,
      action: object.action,
      family: object.family,
    }
  })
}

export function neighbourRows({ namespace }: Place): readonly Row[] {
  return namespace.neighbours.map(({ address, mac, link, states, proxy }): Row => {
    return { address, mac, link: linkName(namespace, link), states, proxy: proxy === true }
  })
}

export function fdbRows({ namespace }: Place): readonly Row[] {
  return namespace.fdb.map(({ mac, link, master, destination, vlan, vni, states }): Row => {
    return {
      mac,
      link: linkName(namespace, link),
      bridge: linkName(namespace, master),
      destination,
      vlan,
      vni,
      states,
    }
  })
}
