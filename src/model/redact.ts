import { AddressPseudonyms } from './redact-address.ts'
import { redactExpression } from './redact-expression.ts'
import { type Dictionary, dictionaryOf, treatmentOf } from './redact-fields.ts'
import { NamePseudonyms } from './redact-names.ts'
import type { Pseudonyms } from './redact-text.ts'
import type { HostSnapshot } from './snapshot.ts'

/** Fields that are never copied, whatever they hold. */
const FORBIDDEN = /key|secret|password|token|environ|arguments|psk/i

/**
 * A copy of a snapshot that can be given away: addresses, MAC addresses and names are replaced by pseudonyms, labels
 * and driver options left out. The same thing has the same pseudonym everywhere, in the texts of rules too, and in
 * every snapshot that is redacted with the same `seed`; without the seed they cannot be traced back.
 *
 * A field that this program does not know is treated as a name, a word in a rule that belongs to no rule language too.
 */
export function redactSnapshot(snapshot: HostSnapshot, seed: string): HostSnapshot {
  const pseudonyms = { addresses: new AddressPseudonyms(seed), names: new NamePseudonyms(seed) }
  return redactValue(snapshot, { table: '', field: '' }, pseudonyms) as HostSnapshot
}

/** Where a value stands: the field it is in, and the field of the object around that. */
interface Place {
  readonly table: string
  readonly field: string
}

function redactValue(value: unknown, at: Place, pseudonyms: Pseudonyms): unknown {
  if (at.field === 'expressions' || at.field === 'elements') return redactExpression(value, '', pseudonyms)
  if (typeof value === 'string') return treatmentOf(at.table, at.field)(value, pseudonyms)
  if (Array.isArray(value)) return value.map((item) => redactValue(item, at, pseudonyms))
  if (typeof value !== 'object' || value === null) return value
  const dictionary = dictionaryOf(at.table, at.field)
  if (dictionary) return redactDictionary(value, dictionary, pseudonyms)
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, item]): [string, unknown][] =>
      FORBIDDEN.test(field) ? [] : [[field, redactValue(item, { table: at.field, field }, pseudonyms)]],
    ),
  )
}

function redactDictionary(value: object, dictionary: Dictionary, pseudonyms: Pseudonyms): Record<string, unknown> {
  if (dictionary === 'removed') return {}
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      dictionary.keys(key, pseudonyms),
      typeof item === 'string' ? dictionary.values(item, pseudonyms) : item,
    ]),
  )
}
