import { TsnetError } from '../../errors.ts'
import { compileFilter } from './pcap-filter.ts'

/** What may follow a word that is right so far, so that the whole is a filter. */
const ENDINGS = ['', ' 1', ' 1.1.1.1', ' 1.0.0.0/8', ' port 1', ' host 1.1.1.1', ' 1-2', ' = 1', ' & 1 = 1', ' tcp']
const ENDINGS_IN_BRACKETS = ['0]', ' 0] = 1', '] = 1', ':1] = 1']
const MOST_BRACKETS = 4
/** More words are not tried one by one. */
const MOST_WORDS = 200
const WORD = /"[^"]*"|'[^']*'|[()[\]]|[<>=!&|]+|[^\s()[\]<>=!&|]+/g

interface Word {
  readonly text: string
  /** Positions in the filter. */
  readonly start: number
  readonly end: number
}

/** Checks a filter. @throws TsnetError `usage` with libpcap's words and the column, from 1, that they are about */
export function checkFilter(filter: string): void {
  try {
    compileFilter(filter)
  } catch (error) {
    if (!(error instanceof TsnetError) || error.code !== 'usage') throw error
    const column = columnOf(filter, error.message)
    throw new TsnetError('usage', `${error.message} (column ${column})`, {
      cause: error,
      hint: `${whereIn(filter, column)}; ${error.hint}`,
    })
  }
}

/** `at "prot 80"`. */
function whereIn(filter: string, column: number): string {
  const rest = filter.slice(column - 1)
  return rest === '' ? 'it ends too early' : `at "${rest}"`
}

function columnOf(filter: string, message: string): number {
  const words = [...filter.matchAll(WORD)].map(
    ({ 0: text, index }): Word => ({ text, start: index, end: index + text.length }),
  )
  const complaint = message.slice(message.lastIndexOf(filter) + filter.length)
  const named = words.find(
    ({ text }) => text.length > 1 && !/^(?:and|or|not|port|host|net|in)$/.test(text) && quotes(complaint, text),
  )
  if (named !== undefined) return named.start + 1
  for (const word of words.slice(0, MOST_WORDS)) {
    if (!isBeginning(filter.slice(0, word.end))) return word.start + 1
  }
  // all of it is the beginning of a filter: it ends too early
  return filter.length + 1
}

/** Whether libpcap names that word: `unknown host 'nosuch'`. */
function quotes(complaint: string, text: string): boolean {
  return complaint.split(/[\s'":]+/).includes(text)
}

/** Whether some filter begins like this. */
function isBeginning(text: string): boolean {
  const open = Math.min(MOST_BRACKETS, count(text, '(') - count(text, ')'))
  const endings = count(text, '[') > count(text, ']') ? ENDINGS_IN_BRACKETS : ENDINGS
  return endings.some((ending) => isFilter(text + ending + ')'.repeat(Math.max(0, open))))
}

function count(text: string, character: string): number {
  return text.split(character).length - 1
}

function isFilter(text: string): boolean {
  try {
    compileFilter(text)
    return true
  } catch {
    return false
  }
}
