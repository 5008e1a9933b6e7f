import { layoutOf } from '../layout.ts'
import type { Size } from '../state.ts'
import { HEX_WIDTH } from './hex-lines.ts'

/** Where the list, the layers and the bytes of a packet are. */
export interface DetailLayout {
  /** `toggle`: either the layers or the bytes. */
  readonly arrangement: 'beside' | 'below' | 'toggle'
  /** Rows of the list. */
  readonly listHeight: number
  readonly treeHeight: number
  readonly treeWidth: number
  readonly hexHeight: number
}

const LEAST_TREE_WIDTH = 36
/** As high as that, and layers and bytes have room one above the other. */
const HIGH = 28

/**
 * ```
 *  12:00:00.1 web:40000  db:8500  TCP      list
 * ─ packet 7 · ip.ttl · byte 22 ─────      a line between
 *  ▾ IPv4  …           │ 0000  00 3c …     layers, and bytes beside, below or instead
 * ```
 */
export function detailLayout(size: Size): DetailLayout {
  const { tableHeight, rightWidth } = layoutOf(size)
  const listHeight = Math.max(1, Math.floor(tableHeight * 0.3))
  const rest = Math.max(1, tableHeight - listHeight - 1)
  const besideWidth = rightWidth - HEX_WIDTH - 3
  if (besideWidth >= LEAST_TREE_WIDTH) {
    return { arrangement: 'beside', listHeight, treeHeight: rest, treeWidth: besideWidth, hexHeight: rest }
  }
  const whole = { listHeight, treeWidth: rightWidth - 1 }
  if (tableHeight < HIGH) return { ...whole, arrangement: 'toggle', treeHeight: rest, hexHeight: rest }
  const hexHeight = Math.floor((rest - 1) * 0.4)
  return { ...whole, arrangement: 'below', treeHeight: rest - 1 - hexHeight, hexHeight }
}
