import { createHash } from 'node:crypto'

/** 64 hex digits that stand for the same thing whenever the lab is built, as Docker's ids look. */
export function labId(...parts: readonly string[]): string {
  return createHash('sha256')
    .update(['tsnet lab', ...parts].join('\0'))
    .digest('hex')
}

/** linux/if.h */
const LONGEST_INTERFACE = 15
const HASH_DIGITS = 4

/** A link's name made of any text: the text itself where it fits and is free, else its beginning and a hash. */
export function linkName(text: string, taken: ReadonlySet<string>): string {
  const plain = text.replaceAll(/[^A-Za-z0-9_.-]/g, '-')
  if (plain.length <= LONGEST_INTERFACE && !taken.has(plain) && plain !== 'lo') return plain
  const start = plain.slice(0, LONGEST_INTERFACE - HASH_DIGITS - 1)
  return `${start}-${labId('link', text).slice(0, HASH_DIGITS)}`
}
