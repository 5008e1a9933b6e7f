import type { Namespace, Route, RouteNexthop } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** `ip -j -d route show table all`. */
interface IpRoute {
  readonly type: string
  readonly dst: string
  readonly from?: string
  readonly gateway?: string
  readonly via?: { readonly host: string }
  readonly dev?: string
  readonly table?: string
  readonly protocol: string
  readonly scope: string
  readonly prefsrc?: string
  readonly metric?: number
  readonly tos?: string
  readonly flags: readonly string[]
  readonly metrics?: readonly { readonly mtu?: number }[]
  readonly pref?: string
  readonly nhid?: number
  readonly encap?: string
  readonly nexthops?: readonly IpNexthop[]
}

interface IpNexthop {
  readonly gateway?: string
  readonly via?: { readonly host: string }
  readonly dev?: string
  readonly weight: number
  readonly flags: readonly string[]
  readonly encap?: string
}

const TABLES: Readonly<Record<string, number>> = { default: 253, main: 254, local: 255 }

export async function oracleRoutes(context: OracleContext): Promise<Row[]> {
  // a route with an encapsulation prints two "dst": the last would win, so the first is renamed
  const read = async (family: 4 | 6) => {
    const output = await context.text('ip', `-${family} -j -d route show table all`)
    return output.trim() === '' ? [] : (JSON.parse(withDestinations(output)) as IpRoute[])
  }
  return [
    ...(await read(4)).map((route) => fromIp(route, 4, context)),
    ...(await read(6)).map((route) => fromIp(route, 6, context)),
  ]
}

/** The tunnel's own words (`"encap":"ip","id":…,"dst":…`) would overwrite the route's: keep only the type. */
function withDestinations(output: string): string {
  return output.replace(/("encap":"ip6?"),(?:"(?:id|src|dst|ttl|tos|hoplimit|tc)":[^,]*,)+/g, '$1,')
}

function fromIp(route: IpRoute, family: 4 | 6, context: OracleContext): Row {
  return row({
    table: TABLES[route.table ?? 'main'] ?? Number(route.table),
    family,
    type: route.type,
    destination: prefix(route.dst, family),
    from: route.from === undefined ? undefined : prefix(route.from, family),
    gateway: route.gateway ?? route.via?.host,
    link: route.dev === undefined ? undefined : context.indexOf(route.dev),
    source: route.prefsrc,
    scope: route.scope,
    protocol: route.protocol,
    metric: route.metric === 0 ? undefined : route.metric,
    tos: route.tos === undefined ? undefined : Number(route.tos),
    flags: [...route.flags].sort(),
    mtu: route.metrics?.[0]?.mtu,
    nexthops: route.nexthops?.map((hop) => hopFromIp(hop, context)),
    nexthopId: route.nhid,
    encap: route.encap,
    preference: route.pref,
  })
}

function hopFromIp(hop: IpNexthop, context: OracleContext): object {
  return {
    gateway: hop.gateway ?? hop.via?.host,
    link: hop.dev === undefined ? undefined : context.indexOf(hop.dev),
    weight: hop.weight,
    flags: [...hop.flags].sort(),
    encap: hop.encap,
  }
}

/** `ip` leaves out the length of a host prefix. */
function prefix(text: string, family: 4 | 6): string {
  if (text === 'default' || text.includes('/')) return text
  return `${text}/${family === 4 ? 32 : 128}`
}

export function snapshotRoutes({ routes }: Namespace): Row[] {
  return routes.map((route) => row(comparable(route)))
}

function comparable(route: Route): object {
  return {
    ...route,
    metric: route.metric === 0 ? undefined : route.metric,
    flags: [...(route.flags ?? [])].sort(),
    nexthops: route.nexthops?.map((hop: RouteNexthop) => ({ ...hop, flags: [...hop.flags].sort() })),
  }
}
