import { parseAddress } from 'netlink-ts'

/**
 * One of the keys that all hosts of encrypted networks share. A swarm's managers keep three, and make a new one every
 * twelve hours; the first of the list encrypts, all of them decrypt.
 */
export interface OverlayKey {
  /** Low 32 bits of its Lamport time. */
  readonly tag: number
  /** 16 bytes in hex: AES-128. */
  readonly key: string
}

/** FNV-1a, 32 bits. */
const FNV_START = 0x811c_9dc5
const FNV_PRIME = 0x0100_0193

/**
 * The SPI of what goes from one host to another with a key, as libnetwork makes it (drivers/overlay/encryption.go): every
 * host finds out by itself what the others use.
 */
export function spiOf(source: string, destination: string, tag: number): number {
  const tagBytes = [tag >>> 24, (tag >>> 16) & 0xff, (tag >>> 8) & 0xff, tag & 0xff]
  let hash = FNV_START
  for (const byte of [...mapped(source), ...tagBytes, ...mapped(destination)]) hash = Math.imul(hash ^ byte, FNV_PRIME)
  return hash >>> 0
}

/** What rfc4106 takes: the key, and the SPI as its salt. */
export function aeadKey(key: string, spi: number): Uint8Array {
  const bytes = Buffer.alloc(20)
  bytes.write(key, 'hex')
  bytes.writeUInt32BE(spi, 16)
  return bytes
}

/** 16 bytes; IPv4 as ::ffff:a.b.c.d. */
function mapped(address: string): readonly number[] {
  const bytes = [...parseAddress(address)]
  return bytes.length === 4 ? [...Array.from({ length: 10 }, () => 0), 0xff, 0xff, ...bytes] : bytes
}
