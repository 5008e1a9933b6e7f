import { deleteNftRule, dumpNftRules, type NetlinkSocket, NFNL_SUBSYS, nfnetlinkBatch } from 'netlink-ts'
import { askKernel } from '../kernel-failure.ts'
import type { Removal } from './restore-script.ts'

/** Which rules, and the kernel's count of changes for which their positions are right. */
export interface RulesToRemove {
  /** NFPROTO_* */
  readonly family: number
  readonly removals: readonly Removal[]
  readonly generation: number
}

/**
 * Takes rules of iptables (the nft variant) away, those of all tables in one transaction. The tool does the same, but each
 * of its runs ends only some 30 ms later, when the kernel has let go of what it deleted.
 *
 * @returns false: a chain holds what iptables does not list, so positions tell nothing; nothing is done
 * @throws TsnetError `failed` when somebody has changed rules since that generation: then nothing is done either
 */
export function removeIptablesRules(socket: NetlinkSocket, { family, removals, generation }: RulesToRemove): boolean {
  const chains = askKernel('list rules to remove', () =>
    removals.map(({ table, chain, ...removal }) => ({
      removal,
      rules: dumpNftRules(socket, { family, table, chain }),
    })),
  )
  if (chains.some(({ removal, rules }) => rules.length !== removal.count)) return false
  const gone = chains.flatMap(({ removal, rules }) => rules.filter((_, at) => removal.positions.includes(at)))
  const options = { subsystem: NFNL_SUBSYS.NFTABLES, generation }
  askKernel('remove rules', () => nfnetlinkBatch(socket, gone.map(deleteNftRule), options))
  return true
}
