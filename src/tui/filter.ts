/** A `/` filter: a regular expression, case ignored; `!` in front keeps what does not match. */
export interface Filter {
  readonly text: string
  matches(line: string): boolean
}

/** Longer expressions are no filter that a person typed. */
const LONGEST = 200

/** The filter, nothing for an empty one, or one line that says what is wrong with it. */
export function parseFilter(text: string): Filter | undefined | { readonly error: string } {
  const inverted = text.startsWith('!')
  const source = inverted ? text.slice(1) : text
  if (source === '') return undefined
  if (source.length > LONGEST) return { error: `filter: longer than ${LONGEST} characters` }
  try {
    const expression = new RegExp(source, 'i')
    return { text, matches: (line) => expression.test(line) !== inverted }
  } catch (error) {
    return { error: `filter: ${reasonOf(error)}` }
  }
}

/** `Invalid regular expression: /(/i: Unterminated group` → `Unterminated group`. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.slice(message.lastIndexOf(': ') + 2)
}
