import { formatIpNumber, parseCidr, parseIpNumber } from '../../ipam/cidr.ts'

/**
 * An address as tools list it, so that a rule with it is found again.
 *
 * @throws TsnetError `usage` for what is none: it becomes a word in the input of a tool
 */
export function canonicalAddress(address: string): string {
  return formatIpNumber(parseIpNumber(address))
}

/** An address with its prefix length, host bits kept. @throws as {@link canonicalAddress} */
export function canonicalCidr(cidr: string): string {
  const [address = ''] = cidr.split('/')
  return `${canonicalAddress(address)}/${parseCidr(cidr).length}`
}
