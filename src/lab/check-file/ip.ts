import { bitsOf, type Cidr, cidrAt, type IpNumber, parseCidr, parseIpNumber } from '../../driver/ipam/cidr.ts'
import { parseIp } from '../../model/ip-bytes.ts'

/** An address and the subnet that its prefix length makes of it. */
export interface SubnetAddress {
  readonly address: IpNumber
  readonly subnet: Cidr
}

/** `10.0.0.1`; undefined = it is none. */
export function readIp(text: string): IpNumber | undefined {
  return parseIp(text) === undefined ? undefined : parseIpNumber(text)
}

/** `10.0.0.1/24`; undefined = it is none. */
export function readSubnetAddress(text: string): SubnetAddress | undefined {
  const [plain = '', length = ''] = text.split('/')
  const address = readIp(plain)
  if (address === undefined || !/^[0-9]{1,3}$/.test(length) || Number(length) > bitsOf(address.family)) return undefined
  return { address, subnet: cidrAt(address.family, address.value, Number(length)) }
}

/** `10.0.0.0/24`; undefined = it is none. Host bits are cleared, see {@link hasHostBits}. */
export function readSubnet(text: string): Cidr | undefined {
  return readSubnetAddress(text) === undefined ? undefined : parseCidr(text)
}

export function hasHostBits(text: string): boolean {
  const read = readSubnetAddress(text)
  return read !== undefined && read.address.value !== read.subnet.first
}

/** Network and broadcast address of an IPv4 subnet are nobody's; /31 and /32 have none (RFC 3021). */
export function isReservedIn({ family, first, last, length }: Cidr, { value }: IpNumber): boolean {
  return family === 4 && length < 31 && (value === first || value === last)
}

/** How many containers can have an address, the gateway not counted. */
export function capacityOf({ family, first, last, length }: Cidr): bigint {
  const all = last - first + 1n
  return family === 4 && length < 31 ? all - 2n : all
}
