import { sanitise } from '../report/sanitise.ts'
import { explanationOf, sysctlExplanation } from './explain.ts'
import { displayWidth, EMPTY_LINE, type Line, line, padTo, span, wrap } from './text.ts'

/** One field of an object, flattened: `port.state`, `counters.rxDropped`, `networks[0].gateway`. */
export interface Field {
  readonly path: string
  readonly value: string
  /** Instead of the value: each on a line of its own. */
  readonly lines?: readonly string[]
}

/** Lists longer than this are counted, not listed: JSON (`y`) has them all. */
const LONGEST_LIST = 12
const DEEPEST = 4

/** Every field of an object in its own order, bounded in depth and length. */
export function fieldsOf(subject: object, prefix = '', depth = 0): readonly Field[] {
  const fields: Field[] = []
  for (const [name, value] of Object.entries(subject)) {
    if (value === undefined) continue
    const path = prefix === '' ? name : `${prefix}.${name}`
    fields.push(...fieldsOfValue(path, value, depth))
  }
  return fields
}

function fieldsOfValue(path: string, value: unknown, depth: number): readonly Field[] {
  if (Array.isArray(value)) return fieldsOfList(path, value, depth)
  if (typeof value === 'object' && value !== null) {
    return depth < DEEPEST ? fieldsOf(value, path, depth + 1) : [{ path, value: '{…}' }]
  }
  return [{ path, value: String(value) }]
}

function fieldsOfList(path: string, list: readonly unknown[], depth: number): readonly Field[] {
  if (list.length === 0) return [{ path, value: 'none' }]
  if (list.some((item) => typeof item === 'string' && item.includes(' '))) return [sentences(path, list)]
  if (list.every((item) => typeof item !== 'object')) {
    const more = list.length > LONGEST_LIST ? ` … ${list.length} in all` : ''
    return [{ path, value: list.slice(0, LONGEST_LIST).join(' ') + more }]
  }
  if (list.length > LONGEST_LIST || depth >= DEEPEST) return [{ path, value: `${list.length} (y shows them)` }]
  return list.flatMap((item, position) => fieldsOfValue(`${path}[${position}]`, item, depth + 1))
}

const MOST_SENTENCES = 200

function sentences(path: string, list: readonly unknown[]): Field {
  const more = list.length > MOST_SENTENCES ? [`… ${list.length} in all`] : []
  return { path, value: '', lines: [...list.slice(0, MOST_SENTENCES).map(String), ...more] }
}

/** A setting is `{name, value}`: which one it is decides what the value means. */
function settingExplanation(subject: object) {
  return 'name' in subject && typeof subject.name === 'string' ? sysctlExplanation(subject.name) : undefined
}

/** A field, its value, and below it what it means and why it matters. */
export function describeLines(subject: object, topic: string, width: number): readonly Line[] {
  const fields = fieldsOf(subject)
  const nameWidth = Math.min(26, Math.max(8, ...fields.map(({ path }) => displayWidth(sanitise(path)))))
  const room = Math.max(16, width - nameWidth - 5)
  return fields.flatMap(({ path, value, lines: sentences = [value] }) => {
    const [first = '', ...rest] = sentences.flatMap((each) => wrap(sanitise(each), room))
    const explanation =
      topic === 'sysctl' && path === 'value' ? settingExplanation(subject) : explanationOf(topic, path)
    const lines = [
      line('  ', span(padTo(sanitise(path), nameWidth), 'accent'), '  ', span(first, 'strong')),
      ...rest.map((text) => line(' '.repeat(nameWidth + 4), span(text, 'strong'))),
    ]
    if (explanation === undefined) return lines
    const words = wrap(`${explanation.text} [${explanation.source}]`, room)
    return [...lines, ...words.map((text) => line(' '.repeat(nameWidth + 4), span(text, 'faint'))), EMPTY_LINE]
  })
}
