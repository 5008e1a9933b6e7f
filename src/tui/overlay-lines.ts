import { sanitise } from '../report/sanitise.ts'
import { COMMANDS } from './commands-table.ts'
import { describeLines } from './describe.ts'
import { KEYS } from './keys.ts'
import { rememberLast } from './memo.ts'
import type { Overlay } from './state.ts'
import { EMPTY_LINE, type Line, line, padTo, span, wrap } from './text.ts'

export function overlayTitle(overlay: Overlay): string {
  switch (overlay.kind) {
    case 'help':
      return 'help'
    case 'describe':
      return `describe · ${overlay.title}`
    case 'json':
      return `json · ${overlay.title}`
  }
}

/** What an overlay says, in lines that fit the screen; remembered while it is scrolled. */
export function overlayLines(overlay: Overlay, width: number): readonly Line[] {
  return linesOf({ overlay, width })
}

export function overlayText(overlay: Overlay): string {
  const text = overlayLines(overlay, 120).map(({ spans }) =>
    spans
      .map((each) => each.text)
      .join('')
      .trimEnd(),
  )
  return `${text.join('\n')}\n`
}

interface Request {
  readonly overlay: Overlay
  readonly width: number
}

const linesOf = rememberLast(
  ({ overlay, width }: Request) => [overlay.kind, overlay.kind === 'help' ? '' : overlay.subject, width],
  ({ overlay, width }: Request): readonly Line[] => {
    switch (overlay.kind) {
      case 'help':
        return helpLines(width)
      case 'describe':
        return describeLines(overlay.subject, overlay.topic, width)
      case 'json':
        return jsonLines(overlay.subject, width)
    }
  },
)

/** Made from the key table: what is not there does not exist. */
function helpLines(width: number): readonly Line[] {
  const lines: Line[] = []
  for (const group of ['Move', 'Go', 'Look', 'Do'] as const) {
    lines.push(EMPTY_LINE, line(' ', span(group, 'heading')))
    for (const { label, help } of KEYS.filter((binding) => binding.group === group && binding.label !== '')) {
      lines.push(...entry(label, help, width))
    }
  }
  lines.push(EMPTY_LINE, line(' ', span('After :', 'heading'), span('  a view, a namespace, or', 'faint')))
  for (const { names, help } of COMMANDS) lines.push(...entry(names.join(' '), help, width))
  lines.push(EMPTY_LINE, line(' ', span('Marks', 'heading')))
  for (const [mark, meaning] of MARKS) lines.push(...entry(mark, meaning, width))
  return lines
}

const MARKS: readonly (readonly [string, string])[] = [
  ['●', 'nothing to see'],
  ['▲', 'worth a look: something is down, nearly full, or packets are being lost'],
  ['✖', 'does not work: no carrier, a duplicate address, a full table'],
  ['~ +', 'changed, or new, a moment ago'],
  ['◆ ◇', 'marked with space: ◆ the source of a path (or a row), ◇ its destination'],
  ['✓ ?', 'of a path: it arrives; nobody can know from what was read'],
  ['▾ ▹', 'a branch, open or folded: enter changes it'],
]

const LABEL = 15

function entry(label: string, help: string, width: number): readonly Line[] {
  const [first = '', ...rest] = wrap(help, Math.max(10, width - LABEL - 3))
  return [
    line('  ', span(padTo(label, LABEL), 'accent'), first),
    ...rest.map((text) => line(' '.repeat(LABEL + 2), text)),
  ]
}

/** Bounded: a namespace with 100,000 rules is no text that anybody scrolls through. */
const MOST_LINES = 20_000

function jsonLines(subject: unknown, width: number): readonly Line[] {
  const text = JSON.stringify(subject, undefined, 2).split('\n')
  const shown = text.slice(0, MOST_LINES).flatMap((each) => jsonLine(sanitise(each), width))
  return text.length > MOST_LINES ? [...shown, line(span(` … ${text.length - MOST_LINES} more lines`, 'faint'))] : shown
}

function jsonLine(text: string, width: number): readonly Line[] {
  const match = /^(\s*)("(?:[^"\\]|\\.)*")(: )(.*)$/.exec(text)
  if (match !== null && text.length < width) {
    const [, indent = '', key = '', colon = '', value = ''] = match
    return [line(` ${indent}`, span(key, 'accent'), colon, value)]
  }
  const lines: Line[] = []
  for (let at = 0; at === 0 || at < text.length; at += width - 1) lines.push(line(` ${text.slice(at, at + width - 1)}`))
  return lines
}
