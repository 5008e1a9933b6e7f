import { randomBytes } from 'node:crypto'

/** A MAC as Docker gives: 02:42 (locally administered), then the IPv4 address if given, else chance. */
export function dockerMac(ipv4?: string): string {
  const tail = ipv4 === undefined ? [...randomBytes(4)] : ipv4.split('.').map(Number)
  return ['02', '42', ...tail.map((byte) => byte.toString(16).padStart(2, '0'))].join(':')
}
