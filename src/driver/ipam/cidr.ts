import { TsnetError } from '../../errors.ts'
import { formatIp, parseIp } from '../../model/ip-bytes.ts'

/** An address as a number. */
export interface IpNumber {
  readonly family: 4 | 6
  readonly value: bigint
}

/** A block of addresses, its host bits cleared. */
export interface Cidr {
  readonly family: 4 | 6
  readonly first: bigint
  readonly last: bigint
  readonly length: number
}

/** Width of an address in bits. */
export function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128
}

/** @throws TsnetError `usage` */
export function parseIpNumber(text: string): IpNumber {
  const bytes = parseIp(text)
  if (bytes === undefined) throw new TsnetError('usage', `address ${text}: not an IP address`)
  return { family: bytes.length === 4 ? 4 : 6, value: bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) }
}

export function formatIpNumber({ family, value }: IpNumber): string {
  const size = bitsOf(family) / 8
  return formatIp(Array.from({ length: size }, (_, at) => Number((value >> BigInt(8 * (size - 1 - at))) & 0xffn)))
}

/**
 * `10.0.0.0/24`; host bits may be set and are cleared.
 *
 * @throws TsnetError `usage`
 */
export function parseCidr(text: string): Cidr {
  const [address = '', length = '', ...more] = text.split('/')
  const bits = parseIp(address)?.length === 4 ? 32 : 128
  if (parseIp(address) === undefined || more.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > bits) {
    throw new TsnetError('usage', `pool ${text}: not a CIDR`)
  }
  const { family, value } = parseIpNumber(address)
  return cidrAt(family, value, Number(length))
}

/** The block of `length` that has the address in it. */
export function cidrAt(family: 4 | 6, value: bigint, length: number): Cidr {
  const size = 1n << BigInt(bitsOf(family) - length)
  const first = value - (value % size)
  return { family, first, last: first + size - 1n, length }
}

export function formatCidr({ family, first, length }: Cidr): string {
  return `${formatIpNumber({ family, value: first })}/${length}`
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}

export function isInside(cidr: Cidr, { family, value }: IpNumber): boolean {
  return family === cidr.family && cidr.first <= value && value <= cidr.last
}
