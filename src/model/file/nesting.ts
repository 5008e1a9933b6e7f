import { CST, Lexer } from 'yaml'
import type { Position } from './problem.ts'

/** Deeper than any lab. */
const MAX_DEPTH = 64
const MAX_INDENT = 256

/** What each kind of token adds to one of the depths; the parser goes one call deeper for each. */
const BRACKETS: ReadonlyMap<string, number> = new Map([
  ['flow-map-start', 1],
  ['flow-seq-start', 1],
  ['flow-map-end', -1],
  ['flow-seq-end', -1],
])
const MARKS: ReadonlySet<string> = new Set(['seq-item-ind', 'explicit-key-ind'])
/** The lexer's own marks, which stand for no text. */
const WITHOUT_TEXT: ReadonlySet<string> = new Set(['doc-mode', 'flow-error-end', 'scalar'])

/**
 * Where brackets, indentation or the `- - -` of one line are deeper than allowed. To be asked before parsing: the
 * parser is recursive, and near the end of its stack the process may abort.
 */
export function nestedTooDeep(text: string): Position | undefined {
  let [offset, brackets, marks, indent, lineStart] = [0, 0, 0, 0, true]
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token) ?? ''
    brackets += BRACKETS.get(type) ?? 0
    marks = type === 'newline' ? 0 : marks + Number(brackets === 0 && MARKS.has(type))
    indent = lineStart && type === 'space' ? token.length : 0
    if (Math.max(brackets, marks) > MAX_DEPTH || indent > MAX_INDENT) return positionIn(text, offset)
    lineStart = type === 'newline'
    if (!WITHOUT_TEXT.has(type)) offset += token.length
  }
  return undefined
}

function positionIn(text: string, offset: number): Position {
  const lines = text.slice(0, offset + 1).split('\n')
  return { line: lines.length, column: Math.max(1, lines.at(-1)?.length ?? 1) }
}
