import { sanitise } from '../../report/sanitise.ts'
import { type OpenDetail, openDetail } from '../capture/detail.ts'
import { type DetailLayout, detailLayout } from '../capture/detail-layout.ts'
import { hexLine, hexLineCount, hexWindow } from '../capture/hex-lines.ts'
import { bytesOf } from '../capture/packet-item.ts'
import type { TreeRow } from '../capture/tree-rows.ts'
import { layoutOf } from '../layout.ts'
import type { State } from '../state.ts'
import { tableOf } from '../table.ts'
import { cutEnd, EMPTY_LINE, fitLine, type Line, line, padTo, span } from '../text.ts'
import { tableLines } from './table-lines.ts'

/** The list of packets; with one of them open its layers and bytes below ({@link detailLayout}). */
export function captureLines(state: State): readonly Line[] {
  const open = openDetail(state)
  if (open === undefined) return tableOf(state).total === 0 ? emptyLines(state) : tableLines(state)
  const layout = detailLayout(state.size)
  const list = tableLines(state).slice(0, layout.listHeight + 1)
  return [...filled(list, layout.listHeight + 1), separator(state, open), ...detailLines(open, layout)]
}

function filled(lines: readonly Line[], height: number): readonly Line[] {
  return [...lines, ...Array.from({ length: Math.max(0, height - lines.length) }, () => EMPTY_LINE)]
}

/** What libpcap does not understand is pointed at. */
function emptyLines(state: State): readonly Line[] {
  const { problem, filter } = state.capture
  const column = Number(/\(column (\d+)\)/.exec(problem ?? '')?.[1] ?? 0)
  const lines = tableLines(state)
  if (problem === undefined || column === 0) return lines
  return [
    EMPTY_LINE,
    line('  ', span(sanitise(filter), 'strong')),
    line(' '.repeat(column + 1), span('^', 'error'), span(` column ${column}`, 'error')),
    ...lines,
    EMPTY_LINE,
    line('  ', span('c', 'accent'), span(' asks for the filter again', 'faint')),
  ]
}

/** `─ packet 7 · ip.ttl · byte 22 ───── list [layers] bytes ─`: which field, where it is, what tab goes to. */
function separator(state: State, { detail, packet, rows, chosen }: OpenDetail): Line {
  const { rightWidth } = layoutOf(state.size)
  const node = rows[chosen]?.node
  const bytes = bytesOf(packet)
  const cut = bytes.length < packet.length ? `, ${bytes.length} kept` : ''
  const field = node === undefined ? '' : ` · ${node.name} · ${placeText(node)}`
  const left = ` packet ${packet.number} · ${packet.length} bytes${cut}${field} `
  const parts = [
    { focus: 'list', word: 'list' },
    { focus: 'tree', word: 'layers' },
    { focus: 'hex', word: 'bytes' },
  ] as const
  const right = parts.map(({ focus, word }) =>
    detail.focus === focus ? span(`[${word}]`, 'heading') : span(` ${word} `, 'faint'),
  )
  const rightLength = parts.reduce((sum, { word }) => sum + word.length + 2, 0)
  const shown = cutEnd(left, Math.max(0, rightWidth - rightLength - 4))
  const dashes = '─'.repeat(Math.max(0, rightWidth - 3 - rightLength - shown.length))
  return line(span('─', 'faint'), span(shown, 'strong'), span(dashes, 'faint'), ...right, span('─', 'faint'))
}

function placeText({ start, length }: { readonly start: number; readonly length: number }): string {
  return length === 1 ? `byte ${start}` : length === 0 ? `at ${start}` : `bytes ${start}–${start + length - 1}`
}

function detailLines(open: OpenDetail, layout: DetailLayout): readonly Line[] {
  const { arrangement, treeHeight, treeWidth } = layout
  const isHex = open.detail.focus === 'hex'
  if (arrangement === 'toggle') return isHex ? hexLines(open, layout) : treeLines(open, layout)
  const tree = filled(treeLines(open, layout), treeHeight)
  const hex = hexLines(open, layout)
  if (arrangement === 'below') return [...tree, EMPTY_LINE, ...hex]
  return tree.map((each, at) => {
    const { spans } = fitLine(each, treeWidth)
    const kept =
      each.selected === true ? spans.map(({ text, tone }) => span(text, tone === 'plain' ? 'strong' : tone)) : spans
    return line(...kept, span('│ ', 'faint'), ...(hex[at]?.spans ?? []))
  })
}

function treeLines({ rows, chosen, detail }: OpenDetail, { treeHeight, treeWidth }: DetailLayout): readonly Line[] {
  const last = Math.max(0, rows.length - treeHeight)
  const top = Math.max(0, Math.min(chosen - Math.floor(treeHeight / 2), last))
  return rows
    .slice(top, top + treeHeight)
    .map((row, at) => treeLine(row, { isChosen: top + at === chosen, isActive: detail.focus === 'tree', treeWidth }))
}

function treeLine(
  { depth, open, text, node }: TreeRow,
  {
    isChosen,
    isActive,
    treeWidth,
  }: { readonly isChosen: boolean; readonly isActive: boolean; readonly treeWidth: number },
): Line {
  const fold = open === undefined ? '  ' : open ? '▾ ' : '▹ '
  const tone = node.name === 'cut' ? 'warning' : depth === 0 ? 'heading' : isChosen ? 'strong' : 'plain'
  const room = treeWidth - 2 - depth * 2
  return {
    ...line(
      span(isChosen ? '▸ ' : '  ', 'accent'),
      ' '.repeat(depth * 2),
      span(padTo(cutEnd(fold + text, room), room), tone),
    ),
    selected: isChosen && isActive,
  }
}

function hexLines({ packet, rows, chosen, detail }: OpenDetail, { hexHeight }: DetailLayout): readonly Line[] {
  const bytes = bytesOf(packet)
  const node = rows[chosen]?.node ?? { start: 0, length: 0 }
  const top = hexWindow(bytes, hexHeight, { chosen: node, top: detail.hexTop })
  const count = Math.max(0, Math.min(hexHeight, hexLineCount(bytes) - top))
  return Array.from({ length: count }, (_, at) => hexLine(bytes, top + at, node))
}
