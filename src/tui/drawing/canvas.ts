import { displayWidth, type Line, type Span, type Tone } from '../text.ts'
import type { Arrangement, PlacedBox, PlacedCable } from './arrange.ts'
import { type Lit, litLink } from './lit.ts'

/** Directions in which a line leaves a cell. */
const UP = 1
const DOWN = 2
const LEFT = 4
const RIGHT = 8

/** Index: the directions added up. */
const STROKES = [' ', '│', '│', '│', '─', '┘', '┐', '┤', '─', '└', '┌', '├', '─', '┴', '┬', '┼']

interface Cell {
  strokes: number
  /** A character, or nothing for the right half of a wide one. */
  text: string | undefined
  tone: Tone
}

export interface PaintOptions {
  /** Id of the box that stands out, with its cables. */
  readonly chosen?: string
  /** The way of a packet; its links carry marks as well. */
  readonly lit?: Lit
  readonly rows: { readonly from: number; readonly to: number }
}

/** A part of the drawing as lines of text. */
export function paint(arrangement: Arrangement, { chosen, lit, rows }: PaintOptions): readonly Line[] {
  const canvas = new Canvas(arrangement.width, rows)
  const onWay = (cable: PlacedCable): boolean => lit !== undefined && isOnWay(cable, lit)
  for (const cable of arrangement.cables) {
    const isChosen = cable.from.box.id === chosen || cable.to.box.id === chosen
    if (!onWay(cable)) drawCable(canvas, cable, isChosen && lit === undefined ? 'accent' : 'faint')
  }
  // over the others, so that the way is whole
  for (const cable of arrangement.cables) if (onWay(cable)) drawCable(canvas, cable, 'strong')
  for (const box of arrangement.boxes) drawBox(canvas, box, { isChosen: box.box.id === chosen, lit })
  return canvas.lines()
}

/** Both ends are in namespaces of the way, and one of its links is what the packet passes. */
function isOnWay({ from, to, fromY, toY }: PlacedCable, lit: Lit): boolean {
  const ends = [
    { box: from.box, link: from.box.links[fromY - from.y - 1] },
    { box: to.box, link: to.box.links[toY - to.y - 1] },
  ]
  return (
    ends.every(({ box }) => box.namespaces.some((inode) => lit.namespaces.has(inode))) &&
    ends.some(({ box, link }) => link === undefined || lit.links.has(litLink(box.namespaces[0] ?? 0, link)))
  )
}

function drawCable(canvas: Canvas, { from, to, fromY, toY, trackX }: PlacedCable, tone: Tone): void {
  const startX = from.x + from.width - 1
  const endX = to.layer === from.layer ? startX : to.x
  canvas.horizontal(fromY, startX, trackX, tone)
  canvas.vertical(trackX, fromY, toY, tone)
  canvas.horizontal(toY, trackX, endX, tone)
}

function drawBox(
  canvas: Canvas,
  { box, x, y, width, height }: PlacedBox,
  { isChosen, lit }: { readonly isChosen: boolean; readonly lit: Lit | undefined },
): void {
  const isLit = lit !== undefined && box.namespaces.some((inode) => lit.namespaces.has(inode))
  const tone: Tone = isChosen ? 'heading' : isLit ? 'strong' : 'plain'
  const right = x + width - 1
  const bottom = y + height - 1
  canvas.horizontal(y, x, right, tone)
  canvas.horizontal(bottom, x, right, tone)
  canvas.vertical(x, y, bottom, tone)
  canvas.vertical(right, y, bottom, tone)
  canvas.text(x + 2, y, `${isChosen ? '▸' : ' '}${box.title} `, isChosen ? 'heading' : 'strong')
  for (const [position, text] of box.lines.entries()) {
    const mark = lineMark(box, position, lit)
    canvas.text(x + 2, y + 1 + position, text, mark?.tone ?? 'plain')
    if (mark !== undefined) canvas.text(x, y + 1 + position, mark.text, mark.tone)
  }
  if (lit?.stop !== undefined && box.namespaces.includes(lit.stop.namespace)) canvas.text(x, y, '✖', 'error')
}

/** On the frame of the box, so that colour only adds: ● the packet passes this link, ✖ it ends here. */
function lineMark(
  { links, namespaces }: PlacedBox['box'],
  position: number,
  lit: Lit | undefined,
): { readonly text: string; readonly tone: Tone } | undefined {
  const [link, namespace] = [links[position], namespaces[0]]
  if (lit === undefined || link === undefined || namespace === undefined) return undefined
  if (lit.stop?.namespace === namespace && lit.stop.link === link) return { text: '✖', tone: 'error' }
  return lit.links.has(litLink(namespace, link)) ? { text: '●', tone: 'good' } : undefined
}

class Canvas {
  readonly #rows: { readonly from: number; readonly to: number }
  readonly #cells: Cell[][]

  constructor(width: number, rows: { readonly from: number; readonly to: number }) {
    this.#rows = rows
    this.#cells = Array.from({ length: Math.max(0, rows.to - rows.from) }, () =>
      Array.from({ length: width }, () => ({ strokes: 0, text: '', tone: 'plain' })),
    )
  }

  horizontal(y: number, fromX: number, toX: number, tone: Tone): void {
    const [low, high] = [Math.min(fromX, toX), Math.max(fromX, toX)]
    for (let x = low; x <= high; x++) {
      this.#stroke(x, y, (x > low ? LEFT : 0) | (x < high ? RIGHT : 0), tone)
    }
  }

  vertical(x: number, fromY: number, toY: number, tone: Tone): void {
    const [low, high] = [Math.min(fromY, toY), Math.max(fromY, toY)]
    for (let y = low; y <= high; y++) this.#stroke(x, y, (y > low ? UP : 0) | (y < high ? DOWN : 0), tone)
  }

  text(x: number, y: number, text: string, tone: Tone): void {
    let at = x
    for (const character of text) {
      const cell = this.#cell(at, y)
      if (cell !== undefined) Object.assign(cell, { text: character, tone })
      const width = displayWidth(character)
      const half = width === 2 ? this.#cell(at + 1, y) : undefined
      if (half !== undefined) half.text = undefined
      at += width
    }
  }

  lines(): readonly Line[] {
    return this.#cells.map((cells) => ({ spans: spansOf(cells) }))
  }

  #stroke(x: number, y: number, strokes: number, tone: Tone): void {
    const cell = this.#cell(x, y)
    if (cell === undefined || strokes === 0) return
    cell.strokes |= strokes
    if (cell.tone !== 'accent' && cell.tone !== 'strong') cell.tone = tone
  }

  #cell(x: number, y: number): Cell | undefined {
    return this.#cells[y - this.#rows.from]?.[x]
  }
}

function spansOf(cells: readonly Cell[]): readonly Span[] {
  const spans: { text: string; tone: Tone }[] = []
  for (const { text, strokes, tone } of cells) {
    if (text === undefined) continue
    const shown = text === '' ? (STROKES[strokes] ?? ' ') : text
    const last = spans.at(-1)
    if (last !== undefined && (last.tone === tone || shown === ' ')) last.text += shown
    else spans.push({ text: shown, tone })
  }
  return spans
}
