import { vxlanPortsOf } from '../../model/packets/vxlan-ports.ts'
import { wiringOf } from '../../model/wiring.ts'
import { addressNames } from '../../report/packets/packet-names.ts'
import { rememberLast } from '../memo.ts'
import { viewWindow } from '../selection.ts'
import type { State } from '../state.ts'
import { tableOf } from '../table.ts'
import type { PacketDetail } from './capture.ts'
import type { PacketItem, PacketRow } from './packet-item.ts'
import { type TreeRow, treeRows } from './tree-rows.ts'

/** What the details are of: the selected packet, its rows, and which of them is chosen. */
export interface OpenDetail {
  readonly detail: PacketDetail
  readonly packet: PacketRow
  readonly rows: readonly TreeRow[]
  /** Position in `rows`. */
  readonly chosen: number
}

/** Nothing unless a packet is open in the view that is shown. */
export function openDetail(state: State): OpenDetail | undefined {
  const { detail } = state.capture
  const packet = selectedPacket(state)
  if (detail === undefined || packet === undefined) return undefined
  const rows = rowsOf({ state, packet })
  return { detail, packet, rows, chosen: Math.max(0, chosenPosition(rows, detail.node)) }
}

export function selectedPacket(state: State): PacketRow | undefined {
  if (state.place.view !== 'capture') return undefined
  const table = tableOf(state)
  const item = table.items[viewWindow(state, table).selected] as PacketItem | undefined
  return item?.row
}

const rowsOf = rememberLast(
  ({ state, packet }: { readonly state: State; readonly packet: PacketRow }) => [
    packet,
    state.host.snapshot,
    state.capture.turned,
  ],
  ({ state, packet }) => {
    const { snapshot } = state.host
    return treeRows(packet, {
      vxlanPorts: vxlanPortsOf(snapshot),
      turned: state.capture.turned,
      nameOf: addressNames(wiringOf(snapshot), packet.namespace),
    })
  },
)

/** The field itself; in a packet that lacks it, or where it is folded, what it would be in. */
function chosenPosition(rows: readonly TreeRow[], node: string): number {
  for (let id = node; id !== ''; id = id.slice(0, Math.max(0, id.lastIndexOf('/')))) {
    const at = rows.findIndex((row) => row.id === id)
    if (at >= 0) return at
  }
  return node === '' ? rows.findIndex(({ open }) => open === true) : 0
}
