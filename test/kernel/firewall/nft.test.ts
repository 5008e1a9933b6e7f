import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TsnetError } from '../../../src/errors.ts'
import { combineNft, SavedChains } from '../../../src/kernel/firewall/combine.ts'
import { NftItems } from '../../../src/kernel/firewall/nft-items.ts'
import { NftRuleset } from '../../../src/kernel/firewall/nft-ruleset.ts'
import { chainKey, NftText } from '../../../src/kernel/firewall/nft-text.ts'

const json = readFileSync(new URL('../../../fixtures/firewall/native.json', import.meta.url))
const listing = readFileSync(new URL('../../../fixtures/firewall/native.nft', import.meta.url))

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
  return edges.slice(1).map((edge, position) => Buffer.from(bytes.subarray(edges[position], edge)))
}

function items(...chunks: Buffer[]): unknown[] {
  const found: unknown[] = []
  const parser = new NftItems((item) => found.push(item))
  for (const chunk of chunks) parser.push(chunk)
  parser.finish()
  return found
}

function texts(wanted: ReadonlyMap<string, ReadonlySet<number>>, ...chunks: Buffer[]): NftText {
  const parser = new NftText(wanted)
  for (const chunk of chunks) parser.push(chunk)
  return parser
}

describe('the JSON of nft', () => {
  test('is cut into the same items wherever a pipe cuts it', () => {
    const expected = JSON.parse(json.toString()).nftables
    fc.assert(
      fc.property(fc.array(fc.nat(json.length), { maxLength: 8 }), (cuts) => {
        expect(items(...cut(json, cuts))).toEqual(expected)
      }),
    )
  })

  test('of any bytes gives items or our error', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((value) => `{"nftables": [${value}, {"rule": ${value}}, {"chain": ${value}}, {"set": ${value}}]}`),
    )
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), text.map(Buffer.from)), (bytes) => {
        const ruleset = new NftRuleset(() => false)
        const parser = new NftItems((item) => ruleset.add(item))
        try {
          parser.push(Buffer.from(bytes))
          parser.finish()
          const empty = new NftText(new Map())
          expect(combineNft(ruleset, new SavedChains(), empty).rules).toBeInstanceOf(Array)
        } catch (error) {
          expect(error).toBeInstanceOf(TsnetError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('that ends in the middle is refused', () => {
    expect(() => items(json.subarray(0, 300))).toThrow('ends in the middle')
  })
})

describe('the text of nft', () => {
  const c = chainKey('ip6', 'filter', 'c')
  const ingress = chainKey('netdev', 'n', 'i')

  test('gives a rule by its handle and the device of a chain, wherever a pipe cuts it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(listing.length), { maxLength: 8 }), (cuts) => {
        const found = texts(new Map([[c, new Set([4, 5])]]), ...cut(listing, cuts))
        expect(found.text(c, 4)).toBe('tcp dport { 80, 443 } counter packets 0 bytes 0 accept comment "say # handle 9"')
        expect(found.text(c, 5)).toBe('goto d')
        expect(found.device(ingress)).toBe('lo')
      }),
    )
  })

  test('makes one line of a rule that nft breaks, and takes no handle that is not there', () => {
    const broken =
      'table ip t {\n\tchain c {\n\t\tip saddr { 1.1.1.1, # handle 8\n\t\t\t2.2.2.2 } drop # handle 3\n\t}\n}\n'
    const key = chainKey('ip', 't', 'c')
    const found = texts(new Map([[key, new Set([3])]]), Buffer.from(broken))
    expect(found.text(key, 3)).toBe('ip saddr { 1.1.1.1, # handle 8 2.2.2.2 } drop')
  })
})

test('a rule whose text is missing shows its expressions, so that none is lost', () => {
  const ruleset = new NftRuleset(() => false)
  for (const item of items(json)) ruleset.add(item)
  const { rules, chains } = combineNft(ruleset, new SavedChains(), new NftText(new Map()))
  expect(rules.map(({ text }) => text)).toContain('[{"goto":{"target":"d"}}]')
  expect(rules.map(({ target }) => target)).toEqual(['ACCEPT', 'd', 'ACCEPT'])
  expect(chains).toHaveLength(3)
})
