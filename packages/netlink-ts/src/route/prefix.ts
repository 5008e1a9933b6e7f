import { parseAddress } from '../address.ts'
import type { AttributeCursor } from '../attribute.ts'
import { malformed } from '../error.ts'

/** The current attribute's address with a prefix length, `10.0.0.0/8`. */
export function formatPrefix(cursor: AttributeCursor, length: number): string {
  return `${cursor.address()}/${length}`
}

/** Address bytes and length of `10.0.0.0/8` or of a single address. */
export function parsePrefix(prefix: string): { readonly address: Uint8Array; readonly length: number } {
  const slash = prefix.indexOf('/')
  const address = parseAddress(slash === -1 ? prefix : prefix.slice(0, slash))
  const most = address.length * 8
  const text = slash === -1 ? String(most) : prefix.slice(slash + 1)
  const length = Number(text)
  if (!/^\d{1,3}$/.test(text) || length > most) throw malformed(`prefix: ${JSON.stringify(prefix)}`)
  return { address, length }
}
