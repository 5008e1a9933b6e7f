import { randomBytes } from 'node:crypto'
import { TsnetError } from '../errors.ts'
import type { ArpIdentity } from './identity.ts'

/** `size` bytes that begin with the cookie. */
export function datagram(cookie: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(Math.max(4, size))
  bytes.writeUInt32BE(cookie)
  return bytes
}

/** RFC 792 and RFC 4443; the kernel fills in the checksum of ICMPv6. */
export function echoRequest(options: {
  readonly family: 4 | 6
  readonly cookie: number
  readonly size: number
}): Uint8Array {
  const { family, cookie, size } = options
  const bytes = Buffer.alloc(8 + Math.max(4, size))
  bytes[0] = family === 4 ? 8 : 128
  randomBytes(2).copy(bytes, 4)
  bytes.writeUInt16BE(1, 6)
  bytes.writeUInt32BE(cookie, 8)
  if (family === 4) bytes.writeUInt16BE(checksum(bytes), 2)
  return bytes
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

const RECURSION_DESIRED = 0x0100
const TYPE_A = 1
const CLASS_IN = 1

/** RFC 1035: asks for the address of a name. Its first four bytes are its id and flags. */
export function dnsQuestion(name: string): Uint8Array {
  const labels = name.replace(/\.$/, '').split('.')
  if (name.length > 253 || labels.some((label) => label.length === 0 || label.length > 63)) {
    throw new TsnetError('usage', `question ${name}: no name of the DNS`)
  }
  const header = Buffer.alloc(12)
  randomBytes(2).copy(header)
  header.writeUInt16BE(RECURSION_DESIRED, 2)
  header.writeUInt16BE(1, 4)
  const question = Buffer.alloc(4)
  question.writeUInt16BE(TYPE_A)
  question.writeUInt16BE(CLASS_IN, 2)
  const parts = labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')]))
  return Buffer.concat([header, ...parts, Buffer.of(0), question])
}

const ARP_REQUEST = '0001080006040001'
const ETHERTYPE_ARP = '0806'

/** RFC 826, with its Ethernet header: to everybody. */
export function arpRequest({ sender, senderMac, target }: ArpIdentity): Uint8Array {
  const mac = senderMac.replaceAll(':', '')
  const ip = (address: string) => Buffer.from(address.split('.').map(Number)).toString('hex')
  const hex = ['ff'.repeat(6), mac, ETHERTYPE_ARP, ARP_REQUEST, mac, ip(sender), '00'.repeat(6), ip(target)]
  return Buffer.from(hex.join(''), 'hex')
}
