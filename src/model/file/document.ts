import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
} from 'yaml'
import { messageOf } from '../../errors.ts'
import { nestedTooDeep } from './nesting.ts'
import type { Path, Position, Problem } from './problem.ts'

/** A file that is YAML: its value, and where each part of it stands. */
export interface YamlDocument {
  readonly file: string
  readonly value: unknown
  /** Of the value, or with `atKey` of the key; of what encloses it when there is none. */
  positionOf(path: Path, atKey: boolean): Position
}

/** A hand-written file is a few kilobytes; a lab of 2,000 containers is some 100. */
export const MAX_FILE_BYTES = 1024 * 1024
/** How often aliases may stand for what an anchor marked, counted as the parser does: with what is inside of it. */
const MAX_ALIASES = 100

/**
 * Reads YAML 1.2 (and so JSON), with `<<` merges as Compose has them. Problems are all those of syntax; then there is
 * no document.
 *
 * @param file shown in problems
 */
export function parseYamlFile(file: string, text: string): { document?: YamlDocument; problems: readonly Problem[] } {
  const at = (position: Position, message: string): Problem => ({ severity: 'error', file, ...position, message })
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) {
    return { problems: [at({ line: 1, column: 1 }, `more than ${MAX_FILE_BYTES} bytes`)] }
  }
  const lineCounter = new LineCounter()
  const offsetPosition = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const tooDeep = nestedTooDeep(text)
  if (tooDeep !== undefined) return { problems: [at(tooDeep, 'nested too deeply')] }
  const yaml = parseDocument(text, { lineCounter, merge: true, prettyErrors: false })
  try {
    const problems = yaml.errors.map(({ code, pos, message }) =>
      at(offsetPosition(pos[0]), SYNTAX_MESSAGES[code] ?? message),
    )
    if (problems.length > 0) return { problems }
    const value: unknown = yaml.toJS({ maxAliasCount: MAX_ALIASES })
    if (containsItself(value)) return { problems: [at(offsetPosition(firstAlias(yaml)), 'an alias contains itself')] }
    const positionOf = (path: Path, atKey: boolean): Position => offsetPosition(offsetOf(yaml, path, atKey))
    return { document: { file, value, positionOf }, problems: [] }
  } catch (error) {
    // aliases that lead nowhere or multiply: the parser throws without saying where
    return { problems: [at(offsetPosition(firstAlias(yaml)), aliasMessage(error))] }
  }
}

/** Each part is looked at once, however many aliases lead to it. */
function containsItself(root: unknown): boolean {
  const [open, done] = [new Set<object>(), new Set<object>()]
  const walk = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null || done.has(value)) return false
    if (open.has(value)) return true
    open.add(value)
    const found = Object.values(value).some(walk)
    open.delete(value)
    done.add(value)
    return found
  }
  return walk(root)
}

function firstAlias(yaml: Document): number {
  let offset = 0
  visit(yaml, {
    Alias: (_key, alias) => {
      offset = startOf(alias) ?? 0
      return visit.BREAK
    },
  })
  return offset
}

function aliasMessage(error: unknown): string {
  const message = messageOf(error)
  return /^Excessive alias count/.test(message)
    ? `its aliases stand for too much (more than ${MAX_ALIASES} times)`
    : message
}

/** Where the parser's own words speak of its interface. */
const SYNTAX_MESSAGES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'a second document: a file is one',
}

/** Offset of the innermost node along a path that there is. */
function offsetOf(yaml: Document, path: Path, atKey: boolean): number {
  let node: Node | null = yaml.contents
  let offset = startOf(node) ?? 0
  for (const [position, step] of path.entries()) {
    const found: Place | undefined = childOf(yaml, node, step)
    if (found === undefined) return offset
    const wantsKey = atKey && position === path.length - 1
    offset = (wantsKey ? found.key : (startOf(found.value) ?? found.key)) ?? offset
    node = found.value
  }
  return offset
}

interface Place {
  /** Offset of the key; of a list's item, of the item itself. */
  readonly key: number | undefined
  readonly value: Node | null
}

function childOf(yaml: Document, parent: Node | null, step: string | number): Place | undefined {
  const node = isAlias(parent) ? parent.resolve(yaml) : parent
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | undefined
    return item === undefined ? undefined : { key: startOf(item), value: item }
  }
  if (!isMap(node)) return undefined
  const pairs = node.items as Pair<Node, Node | null>[]
  const own = pairs.find(({ key }) => isScalar(key) && String(key.value) === String(step))
  return own === undefined ? mergedChild(yaml, pairs, step) : { key: startOf(own.key), value: own.value }
}

/** From what `<<` brings in. */
function mergedChild(
  yaml: Document,
  pairs: readonly Pair<Node, Node | null>[],
  step: string | number,
): Place | undefined {
  for (const { key, value } of pairs) {
    if (!isScalar(key) || !isMergeKey(key.value)) continue
    for (const each of isSeq(value) ? (value.items as Node[]) : [value]) {
      const place = childOf(yaml, each, step)
      if (place !== undefined) return place
    }
  }
  return undefined
}

/** The parser gives it a symbol of that name for a value. */
function isMergeKey(value: unknown): boolean {
  return value === '<<' || (typeof value === 'symbol' && value.description === '<<')
}

function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0]
}
