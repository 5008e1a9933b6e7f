import { deleteNftTable, getNftGeneration, NFNL_SUBSYS, nfnetlinkBatch } from 'netlink-ts'
import { TsnetError } from '../../errors.ts'
import { SaveParser } from '../../kernel/firewall/save-parser.ts'
import type { NetworkHost } from '../network-host.ts'
import { removeIptablesRules } from './remove-rules.ts'
import type { RestoreScript } from './restore-script.ts'
import type { Family } from './rule.ts'
import { Ruleset } from './ruleset.ts'

const TOOLS = {
  ip: { save: 'iptables-save', restore: 'iptables-restore' },
  ip6: { save: 'ip6tables-save', restore: 'ip6tables-restore' },
} as const
const PACKAGE = 'iptables'
/** linux/netfilter.h */
const NFPROTO = { ip: 2, ip6: 10 } as const

interface Known {
  readonly generation: number
  readonly rules: Ruleset
}

/**
 * iptables and ip6tables of one namespace. What was read or written last is still true while the kernel's count of rule
 * changes says that nobody has changed anything since, so a listing is asked for only when it has.
 */
export class IptablesTool {
  readonly #host: NetworkHost
  readonly #known = new Map<Family, Known>()

  constructor(host: NetworkHost) {
    this.#host = host
  }

  /** @throws TsnetError `unsupported` without the tool or with the one that writes legacy tables */
  async read(family: Family): Promise<Ruleset> {
    await checkOnce(this.#host, family)
    const before = this.#generation()
    const known = this.#known.get(family)
    if (known?.generation === before) return known.rules
    const { stdout } = await this.#host.run(TOOLS[family].save, [], { package: PACKAGE })
    const parser = new SaveParser({ backend: 'nft', family })
    parser.push(Buffer.from(stdout))
    const rules = Ruleset.of(parser.finish())
    if (this.#generation() === before) this.#known.set(family, { generation: before, rules })
    return rules
  }

  /**
   * Each table is one transaction; when one is refused, those before it are done. When rules only go, all is one.
   *
   * @param result what the rules are afterwards
   * @throws TsnetError `failed`
   */
  async write(family: Family, script: RestoreScript, result: Ruleset): Promise<void> {
    const before = this.#generation()
    if (this.#remove(family, script, before)) {
      this.#count(before, 1)
    } else {
      await this.#host.run(TOOLS[family].restore, ['--noflush', '-w'], { input: script.text, package: PACKAGE })
      this.#count(before, script.tables.length)
    }
    if (this.#known.get(family)) this.#known.set(family, { generation: this.#generation(), rules: result })
  }

  /** @returns whether there was no more to do than to take rules away, and it is done */
  #remove(family: Family, { removals }: RestoreScript, generation: number): boolean {
    const areListed = this.#known.get(family)?.generation === generation
    if (removals === undefined || !areListed) return false
    return removeIptablesRules(this.#host.netfilter, { family: NFPROTO[family], removals, generation })
  }

  /** Takes a table away, which iptables itself never does. */
  deleteTable(family: Family, name: string): void {
    const request = deleteNftTable({ family: NFPROTO[family], name })
    nfnetlinkBatch(this.#host.netfilter, [request], { subsystem: NFNL_SUBSYS.NFTABLES })
    this.#known.clear()
  }

  forget(): void {
    this.#known.clear()
  }

  /** Keeps what is known when only our own `changes` have happened since, forgets it otherwise. */
  #count(before: number, changes: number): void {
    const now = this.#generation()
    for (const [family, known] of this.#known) {
      const isTrue = known.generation === before && now === before + changes
      if (isTrue) this.#known.set(family, { ...known, generation: now })
      else this.#known.delete(family)
    }
  }

  #generation(): number {
    return getNftGeneration(this.#host.netfilter).id
  }
}

/** The tools are the same in every namespace. */
const checked = new Map<Family, Promise<void>>()

function checkOnce(host: NetworkHost, family: Family): Promise<void> {
  const known = checked.get(family)
  if (known) return known
  const check = checkTool(host, family)
  checked.set(family, check)
  // it may be installed, or chosen, meanwhile
  check.catch(() => checked.delete(family))
  return check
}

async function checkTool(host: NetworkHost, family: Family): Promise<void> {
  const { restore } = TOOLS[family]
  const { stdout } = await host.run(restore, ['--version'], { package: PACKAGE })
  if (stdout.includes('nf_tables')) return
  throw new TsnetError('unsupported', `${restore}: writes legacy tables`, {
    hint: `choose the nft variant (update-alternatives --config ${family}tables), or the nft back end`,
  })
}
