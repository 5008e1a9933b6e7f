import type { PolicyRule } from '../../model/snapshot.ts'
import { wiringOf } from '../../model/wiring.ts'
import { numberColumn, type Row, type Table, textColumn } from '../columns.ts'
import { tableName } from './routes.ts'

/**
 * ```
 * PRIORITY  FAMILY  FROM  TO   MATCH         ACTION
 *        0  4       all   all                lookup local
 * ```
 */
export const RULES: Table<Row<PolicyRule>> = {
  kind: 'rules',
  title: 'policy rules',
  kinds: ['rules'],
  context: [],
  columns: [
    numberColumn('PRIORITY', ({ object }) => object.priority),
    textColumn('FAMILY', ({ object }) => String(object.family)),
    textColumn('FROM', ({ object }) => `${object.not === true ? 'not ' : ''}${object.from ?? 'all'}`),
    textColumn('TO', ({ object }) => object.to ?? 'all'),
    textColumn('MATCH', ({ object }) => matchText(object)),
    textColumn('ACTION', ({ object }) => actionText(object)),
    textColumn('PROTOCOL', ({ object }) => object.protocol, { wide: true }),
  ],
  rows: (snapshot, namespaces) => {
    const wiring = wiringOf(snapshot)
    return namespaces.flatMap((namespace) =>
      namespace.rules.map((object) => {
        const key = `${namespace.inode}/${object.family}/${object.priority}/${matchText(object)}/${object.from}/${object.to}/${actionText(object)}`
        return { key, namespace, object, wiring }
      }),
    )
  },
}

function matchText(rule: PolicyRule): string {
  const parts: readonly (readonly [string, string | number | undefined])[] = [
    ['iif', rule.iif],
    ['oif', rule.oif],
    ['fwmark', markText(rule.fwmark, rule.fwmask)],
    ['tos', rule.tos],
    ['ipproto', rule.ipProtocol],
    ['sport', rule.sourcePorts?.join('-')],
    ['dport', rule.destinationPorts?.join('-')],
    ['uidrange', rule.uids?.join('-')],
  ]
  const given = parts.filter(([, value]) => value !== undefined).map(([name, value]) => `${name} ${value}`)
  return [...given, ...(rule.l3mdev === true ? ['l3mdev'] : [])].join(' ')
}

/** As ip-rule(8) writes it: the mask is left out when it is all ones. */
function markText(mark: number | undefined, mask: number | undefined): string | undefined {
  if (mark === undefined) return undefined
  return `0x${mark.toString(16)}${mask === undefined || mask === 0xffffffff ? '' : `/0x${mask.toString(16)}`}`
}

function actionText(rule: PolicyRule): string {
  const target = rule.action === 'goto' ? rule.goto : rule.table === undefined ? undefined : tableName(rule.table)
  const suppress = rule.suppressPrefixLength === undefined ? '' : ` suppress_prefixlength ${rule.suppressPrefixLength}`
  return `${rule.action}${target === undefined || target === '0' ? '' : ` ${target}`}${suppress}`
}
