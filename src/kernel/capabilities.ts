import { readFileSync } from 'node:fs'

/** Bits of linux/capability.h. */
const CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n, CAP_SYS_ADMIN: 21n } as const

export type Capability = keyof typeof CAPABILITIES

/** Which of them this process lacks, by `CapEff` of proc(5). */
export function missingCapabilities(wanted: readonly Capability[]): readonly Capability[] {
  const [, digits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const effective = BigInt(`0x${digits}`)
  return wanted.filter((name) => ((effective >> CAPABILITIES[name]) & 1n) === 0n)
}
