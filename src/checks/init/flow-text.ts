/** What a line of a check file is made of; null = no value. */
export type Written =
  | string
  | number
  | boolean
  | null
  | readonly Written[]
  | { readonly [key: string]: Written | undefined }

const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/
/** YAML 1.2 core schema, and what YAML 1.1 made of words. */
const WORDS = /^(?:null|true|false|yes|no|on|off|y|n|\.inf|\.nan)$/i

/** YAML in flow style, on one line. What is undefined is left out. */
export function flowText(value: Written): string {
  if (value === null) return '~'
  if (typeof value === 'string') return textOf(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${(value as readonly Written[]).map(flowText).join(', ')}]`
  const entries = Object.entries(value as Readonly<Record<string, Written | undefined>>)
  const texts = entries.flatMap(([key, each]) => (each === undefined ? [] : [`${textOf(key)}: ${flowText(each)}`]))
  return `{ ${texts.join(', ')} }`
}

/** A `${` of somebody else's is no variable. */
function textOf(text: string): string {
  if (PLAIN.test(text) && !WORDS.test(text)) return text
  const json = JSON.stringify(text.replaceAll('${', '$${'))
  return json.replace(NOT_IN_YAML, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What may stand in JSON but not in YAML, or ends a line there. */
const NOT_IN_YAML = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g
