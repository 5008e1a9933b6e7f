import { malformed } from '../error.ts'
import { text } from '../reader.ts'

/** libnftnl/udata.h: NFTNL_UDATA_{TABLE,CHAIN,RULE,OBJ}_COMMENT and NFTNL_UDATA_SET_COMMENT. */
export const NFTNL_UDATA = { COMMENT: 0, SET_COMMENT: 7 } as const

/**
 * The comment in userdata of a table, chain, rule, object (`type` 0) or set (`type` 7): a list of one byte type,
 * one byte length, value. Userdata belongs to whoever wrote the object; what does not fit the list is no comment.
 */
export function decodeNftComment(
  userData: Uint8Array | undefined,
  type: number = NFTNL_UDATA.COMMENT,
): string | undefined {
  if (!userData) return undefined
  for (let at = 0; at + 2 <= userData.length; ) {
    const length = userData[at + 1] as number
    if (at + 2 + length > userData.length) return undefined
    if (userData[at] === type) return text(userData, at + 2, length)
    at += 2 + length
  }
  return undefined
}

/** Userdata that holds a comment of at most 127 bytes of UTF-8, as nft(8) writes it. */
export function encodeNftComment(comment: string, type: number = NFTNL_UDATA.COMMENT): Uint8Array {
  const bytes = new TextEncoder().encode(comment)
  if (bytes.length > 127 || bytes.includes(0)) throw malformed('comment: at most 127 bytes without NUL fit')
  return Uint8Array.of(type, bytes.length + 1, ...bytes, 0)
}
