import { type Pseudonyms, redactChain, redactWord } from './redact-text.ts'

/**
 * A value of libnftables-json(5) (expressions of a rule, elements of a set) with pseudonyms, which are the same as in
 * the rule's text. Its keys are nft's own words and stay.
 */
export function redactExpression(value: unknown, field: string, pseudonyms: Pseudonyms): unknown {
  if (typeof value === 'string') return redactText(value, field, pseudonyms)
  if (Array.isArray(value)) return value.map((item) => redactExpression(item, field, pseudonyms))
  if (typeof value !== 'object' || value === null) return value
  return redactPrefix(value, pseudonyms) ?? redactFields(value, pseudonyms)
}

function redactFields(value: object, pseudonyms: Pseudonyms): unknown {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [key, redactExpression(item, key, pseudonyms)]),
  )
}

/** `{addr, len}`: the address alone would not show that it names a network. */
function redactPrefix(value: object, pseudonyms: Pseudonyms): unknown {
  const { addr, len } = value as { readonly addr?: unknown; readonly len?: unknown }
  if (typeof addr !== 'string' || typeof len !== 'number') return undefined
  const [address] = redactWord(`${addr}/${len}`, pseudonyms).split('/')
  return { ...value, addr: address }
}

function redactText(text: string, field: string, pseudonyms: Pseudonyms): string {
  if (field === 'target') return redactChain(text, pseudonyms)
  if (field === 'comment' || (field === 'prefix' && text !== '') || /\s/.test(text)) return pseudonyms.names.name(text)
  return redactWord(text, pseudonyms)
}
