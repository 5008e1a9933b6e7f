import type { Bytes } from './bytes.ts'
import type { DnsQuestion } from './packet.ts'

const HEADER_BYTES = 12
const LONGEST_NAME = 255
const IS_ANSWER = 0x8000

/** The first question of a DNS message (RFC 1035, section 4.1); undefined when there is none. */
export function decodeDns(bytes: Bytes): DnsQuestion | undefined {
  if (!bytes.has(HEADER_BYTES) || bytes.u16(4) === 0) return undefined
  const flags = bytes.u16(2)
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = bytes.u8(at); length > 0; length = bytes.u8(at)) {
    // a question is the first name of a message: there is nothing that it could point back to
    if (length > 63 || at + length > HEADER_BYTES + LONGEST_NAME || bytes.length < at + 1 + length) return undefined
    labels.push(latin1(bytes.from(at + 1, length).view()))
    at += 1 + length
  }
  if (bytes.length < at + 5) return undefined
  const isAnswer = (flags & IS_ANSWER) !== 0
  return {
    id: bytes.u16(0),
    isAnswer,
    name: labels.join('.'),
    type: bytes.u16(at + 1),
    ...(isAnswer ? { rcode: flags & 15 } : {}),
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
