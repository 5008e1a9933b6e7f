/** nft families of iptables and ip6tables. */
export type Family = 'ip' | 'ip6'
export type Table = 'filter' | 'nat' | 'mangle' | 'raw'

/** Where a rule belongs. */
export interface ChainPlace {
  readonly family: Family
  readonly table: Table
  readonly chain: string
}

/** A rule of iptables or ip6tables. */
export interface Rule extends ChainPlace {
  /** Matches and target as iptables-save prints them, so that the text can be looked for in its output. */
  readonly text: string
}

/** One step of a transaction. Each is carried out only as far as it changes something. */
export type Operation =
  /** Made when it is missing. */
  | ({ readonly act: 'chain' } & ChainPlace)
  /** Put at the end, at the beginning, or (`first`) moved to the beginning although it is there. */
  | ({ readonly act: 'append' | 'insert' | 'first' } & Rule)
  /** Put at a position, counted from 0; at the end when there are fewer. */
  | ({ readonly act: 'place'; readonly position: number } & Rule)
  | ({ readonly act: 'remove' } & Rule)
  | ({ readonly act: 'policy'; readonly policy: 'ACCEPT' | 'DROP' } & ChainPlace)
  /** With its rules, and the rules elsewhere that jump to it. */
  | ({
      readonly act: 'drop'
      readonly jumps: readonly Rule[]
      /** When given, a chain with any other rule stays, and its jumps too. */
      readonly onlyWith?: readonly string[]
    } & ChainPlace)

/** `-j TARGET` last, words separated by one blank. */
export function ruleText(...words: readonly (string | undefined)[]): string {
  return words.filter((word) => word !== undefined && word !== '').join(' ')
}

/** The same rule with a comment before its target: as the last match. */
export function withComment<R extends Rule>(rule: R, comment: string | undefined): R {
  if (comment === undefined) return rule
  const words = `-m comment --comment ${quote(comment)} `
  const target = rule.text.startsWith('-j ') ? 0 : rule.text.lastIndexOf(' -j ') + 1
  return { ...rule, text: `${rule.text.slice(0, target)}${words}${rule.text.slice(target)}` }
}

/** As xtables_save_string of iptables does. */
function quote(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text.replace(/["'\\]/g, '\\$&')}"`
}

/** Of a rule in {@link withComment} and of a chain's name (XT_EXTENSION_MAXNAMELEN − 1). */
export const MAX_COMMENT_BYTES = 255
export const MAX_CHAIN_NAME = 28
