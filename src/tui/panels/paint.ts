import { fitLine, type Line } from '../text.ts'
import type { Palette } from './palette.ts'

/** A rectangle of the screen, painted: lines of text with SGR sequences. */
export interface Panel {
  readonly width: number
  readonly height: number
  readonly text: string
}

interface Area {
  readonly width: number
  /** Missing lines are blank. */
  readonly height: number
}

/** Lines of text that never wrap: each is cut and padded to the width. */
export function paintPanel(lines: readonly Line[], { width, height }: Area, palette: Palette): Panel {
  const text = Array.from({ length: height }, (_, position) => {
    const line = lines[position]
    return line === undefined ? '' : paintLine(fitLine(line, width), palette)
  })
  return { width, height, text: text.join('\n') }
}

const INVERSE = '7'

/** Every span carries its whole style, so that no line depends on the one before it. */
function paintLine({ spans, selected = false }: Line, palette: Palette): string {
  let painted = ''
  for (const { text, tone } of spans) {
    const style = selected ? [INVERSE, palette[tone]].filter((part) => part !== '').join(';') : palette[tone]
    painted += style === '' ? text : `\x1b[${style}m${text}\x1b[0m`
  }
  return painted
}
