import { readFileSync } from 'node:fs'
import { TsnetError } from '../errors.ts'

/** Bits of linux/capability.h. */
const CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n, CAP_SYS_ADMIN: 21n } as const

export type Capability = keyof typeof CAPABILITIES

/** Which of them this process lacks, by `CapEff` of proc(5). */
export function missingCapabilities(wanted: readonly Capability[]): readonly Capability[] {
  const [, digits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  const effective = BigInt(`0x${digits}`)
  return wanted.filter((name) => ((effective >> CAPABILITIES[name]) & 1n) === 0n)
}

/**
 * Asked beforehand, where a failure half-way would say less.
 *
 * @param operation what shall be done: `enter web`
 * @throws TsnetError `privilege`
 */
export function requireCapabilities(operation: string, wanted: readonly Capability[]): void {
  const missing = missingCapabilities(wanted)
  if (missing.length === 0) return
  const options = missing.map((name) => `--cap-add ${name.replace('CAP_', '')}`)
  throw new TsnetError('privilege', `${operation}: not permitted`, {
    hint: `needs ${missing.join(' and ')}: run as root, or with ${options.join(' ')}`,
  })
}
