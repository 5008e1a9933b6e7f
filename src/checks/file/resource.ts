import type { JsonSchema } from '../../model/file/shapes.ts'
import type { Kind } from '../../model/snapshot.ts'

/** What can be checked of one kind of thing; the reader, the JSON schema and `check schema` are made of it. */
export interface Resource {
  /** One sentence for editors. */
  readonly summary: string
  /**
   * `rows`: looked up in the facts; a check passes when one row is as expected. `predicted`: from the facts, by the
   * flow engine. `live`: tried on the host, which a saved snapshot cannot answer.
   */
  readonly by: 'rows' | 'predicted' | 'live'
  /** Whether it is of one namespace, that of `from`. */
  readonly isInNamespace: boolean
  /** What the one word or list behind the name means. */
  readonly short: { readonly key: string; readonly schema: JsonSchema }
  /** Keys of the long form besides that one. Of `rows`, all properties are keys too. */
  readonly keys: Readonly<Record<string, JsonSchema>>
  /** Property → what it is. */
  readonly properties: Readonly<Record<string, string>>
  /** A word that `expect` can be → what it stands for. The first is meant when nothing is expected. */
  readonly words: Readonly<Record<string, WordMeaning>>
  /** Expected besides when neither they nor `result` are spoken of. */
  readonly besides?: Readonly<Record<string, unknown>>
  /** What of the facts is read for it. */
  readonly kinds: readonly Kind[]
}

/** Properties with their matchers; `absent` = there must be no such row. */
export type WordMeaning = 'present' | 'absent' | Readonly<Record<string, unknown>>

export const PRESENCE = { present: 'present', absent: 'absent' } as const
