import { compareIp, contains, type Ip, type Prefix, toIp, toPrefix } from '../address.ts'

/** `80`, `1000:2000`, `1024-65535`, `:1023`, `1024:` as first and last. */
export function toRange(text: string): readonly [number, number] {
  const [first = '', last] = text.split(/[:-]/)
  if (last === undefined) return [Number(first), Number(first)]
  return [first === '' ? 0 : Number(first), last === '' ? 0xffff : Number(last)]
}

export function inRange(value: number | undefined, [first, last]: readonly [number, number]): boolean {
  return value !== undefined && value >= first && value <= last
}

/** `0x4/0xf`, `4`: value and mask. */
export function toMasked(text: string): readonly [value: number, mask: number] {
  const [value = '0', mask] = text.split('/')
  return [Number(value) >>> 0, mask === undefined ? 0xffff_ffff : Number(mask) >>> 0]
}

/** `10.0.0.1-10.0.0.9`, or one address twice. */
export function toAddressRange(text: string): readonly [Ip, Ip] | undefined {
  const [first = '', last] = text.split('-')
  const from = toIp(first)
  const to = last === undefined ? from : toIp(last)
  return from === undefined || to === undefined ? undefined : [from, to]
}

export function inAddressRange(address: Ip, [from, to]: readonly [Ip, Ip]): boolean {
  return address.family === from.family && compareIp(address, from) >= 0 && compareIp(address, to) <= 0
}

/** A prefix; one that nobody can read holds nothing. */
export function prefixTest(text: string): (address: Ip) => boolean {
  const prefix: Prefix | undefined = toPrefix(text)
  return prefix === undefined ? () => false : (address) => contains(prefix, address)
}

/** The text of a prefix that is one single address. */
export function singleAddress(text: string): string | undefined {
  const prefix = toPrefix(text)
  if (prefix === undefined || prefix.length !== (prefix.family === 4 ? 32 : 128)) return undefined
  return toIp(text.split('/')[0] ?? '')?.text
}

/** Names of links; a `+` or `*` at the end stands for anything. */
export function nameTest(pattern: string): (name: string | undefined) => boolean {
  const last = pattern.at(-1)
  if (last !== '+' && last !== '*') return (name) => name === pattern
  const start = pattern.slice(0, -1)
  return (name) => name?.startsWith(start) === true
}
