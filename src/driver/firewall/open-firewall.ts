import { TsnetError } from '../../errors.ts'
import type { NetworkHost } from '../network-host.ts'
import { docker20 } from './docker20.ts'
import { docker28 } from './docker28.ts'
import type { Firewall, FirewallItem, FirewallMemory, FirewallSettings } from './firewall.ts'
import { IptablesFirewall } from './iptables-firewall.ts'
import { MAX_PREFIX } from './layout.ts'
import { NftFirewall } from './nft-firewall.ts'
import { MAX_COMMENT_BYTES } from './rule.ts'

const LAYOUTS = { docker20, docker28 } as const

export interface OpenFirewallOptions {
  readonly settings: FirewallSettings
  /** No userland proxy: connections that it would carry are translated too. */
  readonly hairpin: boolean
  readonly memory: FirewallMemory
  /** What has its rules from an earlier run. */
  readonly existing: readonly FirewallItem[]
}

/** @throws TsnetError `usage` for settings that cannot be */
export function openFirewall(host: NetworkHost, options: OpenFirewallOptions): Firewall {
  const { settings, hairpin, memory, existing } = options
  check(settings)
  if (settings.backend === 'nft') return new NftFirewall(host, { ...settings, hairpin }, existing)
  const layout = LAYOUTS[settings.layout]({ ...settings, hairpin })
  return new IptablesFirewall(host, layout, { memory, existing })
}

function check({ chainPrefix, comment }: FirewallSettings): void {
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(chainPrefix) || chainPrefix.length > MAX_PREFIX) {
    throw new TsnetError('usage', `chain prefix ${chainPrefix}: not a word of at most ${MAX_PREFIX} letters and digits`)
  }
  if (comment === undefined) return
  // nft and iptables-restore read it from a line
  if (!/^[\x20-\x7e]+$/.test(comment) || /["\\]/.test(comment) || comment.length > MAX_COMMENT_BYTES / 2) {
    throw new TsnetError('usage', `rule comment ${JSON.stringify(comment)}: not a short line of plain text`)
  }
}
