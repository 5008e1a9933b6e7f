import type { Namespace } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** `ip -j -d rule`: presence of a key with null means "yes". */
type IpRule = Readonly<Record<string, unknown>> & { readonly priority: number; readonly src: string }

const TABLES: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 }
const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17 }

export async function oracleRules(context: OracleContext): Promise<Row[]> {
  const four = await context.json<IpRule>('ip', '-4 -j -d rule')
  const six = await context.json<IpRule>('ip', '-6 -j -d rule')
  return [...four.map((rule) => row(fromIp(rule, 4))), ...six.map((rule) => row(fromIp(rule, 6)))]
}

function fromIp(rule: IpRule, family: 4 | 6): object {
  const table = rule['table'] as string | undefined
  return {
    family,
    priority: rule.priority,
    action: actionOf(rule),
    table: table === undefined ? undefined : (TABLES[table] ?? Number(table)),
    goto: rule['goto'],
    not: 'not' in rule,
    from: prefix(rule.src, rule['srclen'], family),
    to: prefix(rule['dst'] as string | undefined, rule['dstlen'], family),
    iif: rule['iif'],
    oif: rule['oif'],
    fwmark: number(rule['fwmark']),
    fwmask: rule['fwmark'] === undefined ? undefined : (number(rule['fwmask']) ?? 0xffffffff),
    tos: number(rule['tos']),
    ipProtocol: protocolOf(rule['ipproto']),
    sourcePorts: range(rule['sport'], rule['sport_start'], rule['sport_end']),
    destinationPorts: range(rule['dport'], rule['dport_start'], rule['dport_end']),
    uids: range(undefined, rule['uid_start'], rule['uid_end']),
    suppressPrefixLength: rule['suppress_prefixlen'],
    suppressGroup: number(rule['suppress_ifgroup']),
    l3mdev: 'l3mdev' in rule,
    protocol: rule['protocol'],
  }
}

function actionOf(rule: IpRule): string {
  if ('goto' in rule) return 'goto'
  if ('nop' in rule) return 'nop'
  return (rule['action'] as string | undefined) ?? 'lookup'
}

function prefix(address: string | undefined, length: unknown, family: 4 | 6): string | undefined {
  if (address === undefined || address === 'all') return undefined
  return `${address}/${length ?? (family === 4 ? 32 : 128)}`
}

function number(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value)
}

function protocolOf(value: unknown): number | undefined {
  return value === undefined ? undefined : (PROTOCOLS[String(value)] ?? Number(value))
}

function range(one: unknown, start: unknown, end: unknown): [number, number] | undefined {
  if (one !== undefined) return [Number(one), Number(one)]
  return start === undefined ? undefined : [Number(start), Number(end)]
}

export function snapshotRules({ rules }: Namespace): Row[] {
  return rules.map((rule) =>
    row({ ...rule, fwmask: rule.fwmark === undefined ? undefined : (rule.fwmask ?? 0xffffffff) }),
  )
}
