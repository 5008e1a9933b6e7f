import type { Namespace } from '../../../src/model/snapshot.ts'
import type { OracleContext } from './context.ts'
import { type Row, row } from './row.ts'

/** `tc -j -s qdisc`. */
interface TcQdisc {
  readonly kind: string
  readonly handle: string
  readonly dev: string
  readonly root?: true
  readonly parent?: string
  readonly bytes: number
  readonly packets: number
  readonly drops: number
  readonly overlimits: number
  readonly backlog: number
  readonly qlen: number
}

/** linux/pkt_sched.h: TC_H_INGRESS, which clsact has too. */
const INGRESS_PARENT = 'ffff:fff1'

export async function oracleQdiscs(context: OracleContext): Promise<Row[]> {
  const qdiscs = await context.json<TcQdisc>('tc', '-j -s qdisc')
  return qdiscs.map((one) =>
    row(
      { link: context.indexOf(one.dev), kind: one.kind, handle: one.handle, parent: parentOf(one) },
      {
        packets: one.packets,
        bytes: one.bytes,
        dropped: one.drops,
        overlimits: one.overlimits,
        backlogPackets: one.qlen,
        backlogBytes: one.backlog,
      },
    ),
  )
}

function parentOf({ root, parent, kind }: TcQdisc): string | undefined {
  if (root) return 'root'
  return parent === INGRESS_PARENT ? kind : parent
}

export function snapshotQdiscs({ qdiscs }: Namespace): Row[] {
  return qdiscs.map(({ link, kind, handle, parent, ...moving }) => row({ link, kind, handle, parent }, { ...moving }))
}
