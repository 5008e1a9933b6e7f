const ETHERTYPE = { IPV4: 0x0800, IPV6: 0x86dd, VLAN: 0x8100, QINQ: 0x88a8 } as const
const MACS_BYTES = 12
const IPV6_BYTES = 40
const PORTS_BYTES = 4
/** linux/in.h: those that begin with two ports. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 132])

/** Where an IP header is, found without taking the packet apart. */
interface Place {
  readonly at: number
  readonly isV6: boolean
}

/**
 * A number that all packets of one conversation share, in both directions and hardly any others: made of protocol,
 * addresses and ports. Undefined for what is not IP. Cheap enough for every packet of a capture.
 */
export function flowKey(bytes: Uint8Array, start: number, end: number, begins: 'ethernet' | 'ip'): number | undefined {
  const place = begins === 'ip' ? ipAt(bytes, start, end) : ipBehindEthernet(bytes, start, end)
  if (place === undefined) return undefined
  const { at, isV6 } = place
  const size = isV6 ? 16 : 4
  const first = at + (isV6 ? 8 : 12)
  if (first + 2 * size > end) return undefined
  const protocol = (isV6 ? bytes[at + 6] : bytes[at + 9]) ?? 0
  const transport = at + (isV6 ? IPV6_BYTES : ((bytes[at] ?? 0) & 15) * 4)
  const isLater = !isV6 && (((bytes[at + 6] ?? 0) & 0x1f) | (bytes[at + 7] ?? 0)) !== 0
  const hasPorts = WITH_PORTS.has(protocol) && !isLater && transport + PORTS_BYTES <= end
  const one = endHash(bytes, first, size, hasPorts ? transport : -1)
  const other = endHash(bytes, first + size, size, hasPorts ? transport + 2 : -1)
  return combine(one, other, protocol)
}

function ipAt(bytes: Uint8Array, at: number, end: number): Place | undefined {
  if (at >= end) return undefined
  const version = (bytes[at] ?? 0) >> 4
  return version === 4 || version === 6 ? { at, isV6: version === 6 } : undefined
}

function ipBehindEthernet(bytes: Uint8Array, start: number, end: number): Place | undefined {
  let at = start + MACS_BYTES
  let type = half(bytes, at)
  while ((type === ETHERTYPE.VLAN || type === ETHERTYPE.QINQ) && at + 4 < end) {
    at += 4
    type = half(bytes, at)
  }
  if (type !== ETHERTYPE.IPV4 && type !== ETHERTYPE.IPV6) return undefined
  return at + 2 < end ? { at: at + 2, isV6: type === ETHERTYPE.IPV6 } : undefined
}

function half(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

/** FNV-1a over an address and a port. */
function endHash(bytes: Uint8Array, address: number, size: number, port: number): number {
  let hash = 0x811c9dc5
  for (let at = address; at < address + size; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  if (port < 0) return hash
  hash = Math.imul(hash ^ (bytes[port] ?? 0), 0x01000193)
  return Math.imul(hash ^ (bytes[port + 1] ?? 0), 0x01000193)
}

/** 53 bits, the same whichever end comes first. */
function combine(one: number, other: number, protocol: number): number {
  const sum = (one + other + protocol) >>> 0
  const product = Math.imul(one | 1, other | 1) >>> 11
  return product * 0x1_0000_0000 + sum
}
