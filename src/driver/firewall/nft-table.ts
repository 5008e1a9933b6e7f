import type { Family } from './rule.ts'

/** A table of nftables as it shall be. */
export interface NftTable {
  readonly family: Family
  readonly name: string
  readonly comment?: string
  /** Verdict maps: link → chain to jump to. */
  readonly maps: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly chains: ReadonlyMap<string, NftChain>
}

export interface NftChain {
  /** `type filter hook forward priority 0; policy accept;` */
  readonly hook?: string
  /** As nft lists them. */
  readonly rules: readonly string[]
}

/** For `nft -f`: the table anew, whatever there was. One transaction of the kernel. */
export function rebuildScript(table: NftTable): string {
  const { family, name, comment } = table
  const body = [
    ...(comment === undefined ? [] : [`comment ${JSON.stringify(comment)};`]),
    ...[...table.maps].map(([map, elements]) => {
      const members = [...elements].map(([link, chain]) => `"${link}" : jump ${chain}`).join(', ')
      return `map ${map} { type ifname : verdict;${members === '' ? '' : ` elements = { ${members} };`} }`
    }),
    ...[...table.chains].map(([chain, { hook, rules }]) => `chain ${chain} {\n${[hook ?? '', ...rules].join('\n')}\n}`),
  ]
  return [
    `table ${family} ${name} {}`,
    `delete table ${family} ${name}`,
    `table ${family} ${name} {`,
    ...body,
    '}',
    '',
  ].join('\n')
}

/**
 * For `nft -f`: what makes one table of the other. A chain whose rules differ is filled anew, the others keep their
 * counters. '' = nothing.
 */
export function changeScript(from: NftTable, to: NftTable): string {
  const at = `${to.family} ${to.name}`
  const lines = [
    ...[...to.chains].flatMap(([chain, content]) =>
      addedChain(at, chain, { was: from.chains.get(chain), is: content }),
    ),
    ...[...to.maps].flatMap(([map, elements]) => mapLines(at, map, { was: from.maps.get(map), is: elements })),
    ...[...to.chains].flatMap(([chain, content]) => ruleLines(at, chain, { was: from.chains.get(chain), is: content })),
  ]
  const gone = [...from.chains.keys()].filter((chain) => !to.chains.has(chain))
  const all = [...lines, ...gone.map((chain) => `delete chain ${at} ${chain}`)]
  return all.length === 0 ? '' : `${all.join('\n')}\n`
}

interface ChainPair {
  readonly was: NftChain | undefined
  readonly is: NftChain
}

function addedChain(at: string, chain: string, { was, is }: ChainPair): string[] {
  if (was && was.hook === is.hook) return []
  return [`add chain ${at} ${chain}${is.hook === undefined ? '' : ` { ${is.hook} }`}`]
}

function ruleLines(at: string, chain: string, { was, is }: ChainPair): string[] {
  const before = was?.rules ?? []
  const isLonger = before.every((rule, position) => rule === is.rules[position])
  const added = (isLonger ? is.rules.slice(before.length) : is.rules).map((rule) => `add rule ${at} ${chain} ${rule}`)
  return isLonger ? added : [`flush chain ${at} ${chain}`, ...added]
}

interface MapPair {
  readonly was: ReadonlyMap<string, string> | undefined
  readonly is: ReadonlyMap<string, string>
}

function mapLines(at: string, map: string, { was = new Map(), is }: MapPair): string[] {
  const element = (link: string, chain: string): string => `{ "${link}" : jump ${chain} }`
  return [
    ...[...was].filter(([link]) => !is.has(link)).map(([link]) => `delete element ${at} ${map} { "${link}" }`),
    ...[...is]
      .filter(([link]) => !was.has(link))
      .map(([link, chain]) => `add element ${at} ${map} ${element(link, chain)}`),
  ]
}
