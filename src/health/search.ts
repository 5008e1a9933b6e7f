import { createContext, Script } from 'node:vm'
import type { Search } from '../checks/file/matcher.ts'
import { TsnetError } from '../errors.ts'

/** No expression of a person takes longer; one that goes back over its steps again and again takes forever. */
const DEADLINE_MS = 250
const LONGEST_TEXT = 1024 * 1024

interface Asked {
  pattern: string
  text: string
}

/** Nothing of ours is in it, and it makes no code. */
const asked = createContext(Object.create(null), {
  codeGeneration: { strings: false, wasm: false },
}) as unknown as Asked
const RUN = new Script('{ const found = new RegExp(pattern, "u").exec(text); found && JSON.stringify([...found]) }')

/** Finds a regular expression in a text, and gives up on one that takes too long. @throws TsnetError `failed` */
export const search: Search = (pattern, text) => {
  asked.pattern = pattern
  asked.text = text.slice(0, LONGEST_TEXT)
  let found: unknown
  try {
    found = RUN.runInContext(asked as never, { timeout: DEADLINE_MS })
  } catch (cause) {
    const why = `/${pattern.slice(0, 80)}/ takes more than ${DEADLINE_MS} ms`
    throw new TsnetError('failed', `regular expression: ${why}`, { cause })
  }
  if (typeof found !== 'string') return undefined
  return (JSON.parse(found) as readonly (string | null)[]).map((group) => group ?? undefined)
}
