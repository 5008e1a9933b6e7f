import type { DetailFocus, PacketDetail } from '../capture/capture.ts'
import { type OpenDetail, openDetail } from '../capture/detail.ts'
import { detailLayout } from '../capture/detail-layout.ts'
import { hexWindow } from '../capture/hex-lines.ts'
import { bytesOf } from '../capture/packet-item.ts'
import type { Action } from '../keys.ts'
import { only, type State, type Transition } from '../state.ts'

/** enter on a packet: its layers and bytes; in them, a layer is folded. */
export function openPacket(state: State): Transition {
  const { detail } = state.capture
  if (detail === undefined) return only(withDetail(state, { focus: 'tree', node: '', hexTop: undefined }))
  return only(withDetail(state, { ...detail, focus: detail.focus === 'list' ? 'tree' : 'list' }))
}

function withDetail(state: State, detail: PacketDetail): State {
  return { ...state, capture: { ...state.capture, detail } }
}

const ORDER: readonly DetailFocus[] = ['list', 'tree', 'hex']

/** A key while a packet is open: nothing when it does what it does everywhere. */
export function typeInPacket(state: State, action: Action): Transition | undefined {
  if (state.place.pane !== 'view') return undefined
  const open = openDetail(state)
  if (open === undefined) return undefined
  if (action === 'next-view' || action === 'previous-view') return only(turnFocus(state, open.detail, action))
  if (open.detail.focus === 'list') return undefined
  const next = open.detail.focus === 'tree' ? inTree(state, open, action) : inHex(state, open, action)
  return next === undefined ? undefined : only(next)
}

function turnFocus(state: State, detail: PacketDetail, action: 'next-view' | 'previous-view'): State {
  const by = action === 'next-view' ? 1 : -1
  const focus = ORDER[(ORDER.indexOf(detail.focus) + by + ORDER.length) % ORDER.length] ?? 'list'
  return withDetail(state, { ...detail, focus })
}

function inTree(state: State, open: OpenDetail, action: Action): State | undefined {
  const { rows, chosen } = open
  const row = rows[chosen]
  const step = stepOf(action, detailLayout(state.size).treeHeight, rows.length)
  if (step !== undefined) return choose(state, open, chosen + step)
  switch (action) {
    case 'enter':
    case 'mark':
      return row?.open === undefined ? state : turn(state, open)
    case 'right':
      return row?.open === false ? turn(state, open) : choose(state, open, chosen + (row?.open === true ? 1 : 0))
    case 'left':
      if (row?.open === true) return turn(state, open)
      return choose(state, open, row?.parent === undefined ? chosen : rows.findIndex(({ id }) => id === row.parent))
    default:
      return undefined
  }
}

/** How far a key moves. */
function stepOf(action: Action, height: number, count: number): number | undefined {
  const page = Math.max(1, height - 1)
  const steps: Partial<Record<Action, number>> = {
    down: 1,
    up: -1,
    'scroll-down': 3,
    'scroll-up': -3,
    'page-down': page,
    'page-up': -page,
    first: -count,
    last: count,
  }
  return steps[action]
}

function choose(state: State, { detail, rows }: OpenDetail, position: number): State {
  const row = rows[Math.max(0, Math.min(position, rows.length - 1))]
  return row === undefined ? state : withDetail(state, { ...detail, node: row.id, hexTop: undefined })
}

function turn(state: State, { detail, rows, chosen }: OpenDetail): State {
  const id = rows[chosen]?.id
  if (id === undefined) return state
  const turned = new Set(state.capture.turned)
  if (!turned.delete(id)) turned.add(id)
  return { ...state, capture: { ...state.capture, turned, detail: { ...detail, node: id } } }
}

function inHex(state: State, { detail, packet, rows, chosen }: OpenDetail, action: Action): State | undefined {
  if (action === 'enter') return withDetail(state, { ...detail, focus: 'list' })
  const bytes = bytesOf(packet)
  const { hexHeight } = detailLayout(state.size)
  const step = stepOf(action, hexHeight, bytes.length)
  if (step === undefined) return undefined
  const node = rows[chosen]?.node ?? { start: 0, length: 0 }
  const top = hexWindow(bytes, hexHeight, { chosen: node, top: detail.hexTop })
  const hexTop = hexWindow(bytes, hexHeight, { chosen: node, top: Math.max(0, top + step) })
  return withDetail(state, { ...detail, hexTop })
}
