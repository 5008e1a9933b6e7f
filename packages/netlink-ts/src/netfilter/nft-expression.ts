import { Attributes } from '../attribute.ts'
import { Writer } from '../writer.ts'
import { decodeNftCounter, type NftCounter } from './nft-counter.ts'

/** linux/netfilter/nf_tables.h */
export const NFTA_EXPR = { NAME: 1, DATA: 2 } as const
export const NFT_REG = { VERDICT: 0, REG_1: 1, REG_2: 2, REG_3: 3, REG_4: 4 } as const
export const NFT_META = {
  LEN: 0,
  PROTOCOL: 1,
  PRIORITY: 2,
  MARK: 3,
  IIF: 4,
  OIF: 5,
  IIFNAME: 6,
  OIFNAME: 7,
  NFTRACE: 12,
  NFPROTO: 15,
  L4PROTO: 16,
} as const
export const NFT_CMP = { EQ: 0, NEQ: 1, LT: 2, LTE: 3, GT: 4, GTE: 5 } as const
export const NFT_PAYLOAD = { LINK_LAYER: 0, NETWORK: 1, TRANSPORT: 2 } as const
const NFTA_IMMEDIATE = { DREG: 1, DATA: 2 } as const
export const NFTA_META = { DREG: 1, KEY: 2, SREG: 3 } as const
export const NFTA_CMP = { SREG: 1, OP: 2, DATA: 3 } as const
export const NFTA_PAYLOAD = { DREG: 1, BASE: 2, OFFSET: 3, LEN: 4 } as const
const NFTA_BITWISE = { SREG: 1, DREG: 2, LEN: 3, MASK: 4, XOR: 5 } as const
export const NFTA_DATA = { VALUE: 1, VERDICT: 2 } as const
export const NFTA_VERDICT = { CODE: 1, CHAIN: 2 } as const

/** linux/netfilter.h, linux/netfilter/nf_tables.h: verdict codes. */
const VERDICTS: Readonly<Record<string, number>> = {
  drop: 0,
  accept: 1,
  stolen: 2,
  queue: 3,
  repeat: 4,
  continue: -1,
  break: -2,
  jump: -3,
  goto: -4,
  return: -5,
}
const VERDICT_NAMES = new Map(Object.entries(VERDICTS).map(([name, code]) => [code, name]))

/** `accept`, `jump`… of a verdict code; a queue verdict carries its number in the upper half. */
export function nftVerdictName(code: number): string {
  if (code > 0 && (code & 0xffff) === VERDICTS['queue']) return 'queue'
  return VERDICT_NAMES.get(code) ?? String(code)
}

/** One step of a rule. */
export interface NftExpression {
  /** `meta`, `cmp`, `immediate`, `counter`, `match`… */
  readonly name: string
  /** Its attributes as the kernel encodes them; a copy. Empty for an expression without any. */
  readonly data: Uint8Array
}

/** NFTA_LIST_ELEM of a rule's expressions. */
export function decodeNftExpression(attributes: Attributes): NftExpression {
  const data = attributes.view(NFTA_EXPR.DATA)
  return { name: attributes.string(NFTA_EXPR.NAME) ?? '', data: data ? data.slice() : new Uint8Array(0) }
}

export interface NftVerdict {
  /** `accept`, `drop`, `jump`, `goto`, `return`… */
  readonly verdict: string
  /** Of jump and goto. */
  readonly chain: string | undefined
}

/** Verdict that an `immediate` expression puts into the verdict register; undefined for any other. */
export function verdictOfExpression({ name, data }: NftExpression): NftVerdict | undefined {
  if (name !== 'immediate') return undefined
  return decodeNftVerdict(expressionAttributes(data).nested(NFTA_IMMEDIATE.DATA)?.nested(NFTA_DATA.VERDICT))
}

/** NFTA_DATA_VERDICT, NFTA_TRACE_VERDICT. */
export function decodeNftVerdict(attributes: Attributes | undefined): NftVerdict | undefined {
  const code = attributes?.u32be(NFTA_VERDICT.CODE)
  if (code === undefined) return undefined
  return { verdict: nftVerdictName(code | 0), chain: attributes?.string(NFTA_VERDICT.CHAIN) }
}

/** Counts of a `counter` expression; undefined for any other. */
export function counterOfExpression({ name, data }: NftExpression): NftCounter | undefined {
  return name === 'counter' ? decodeNftCounter(expressionAttributes(data)) : undefined
}

/** linux/netfilter/nf_tables_compat.h: an iptables match or target inside a rule. */
export interface NftXtables {
  /** Name of the extension: `tcp`, `conntrack`, `DNAT`… */
  readonly extension: string
  readonly revision: number
  /** The extension's own struct; a copy. */
  readonly payload: Uint8Array
}
const NFTA_XT = { NAME: 1, REV: 2, INFO: 3 } as const

/** The iptables extension in a `match` or `target` expression (iptables-nft); undefined for any other. */
export function xtablesOfExpression({ name, data }: NftExpression): NftXtables | undefined {
  if (name !== 'match' && name !== 'target') return undefined
  const attributes = expressionAttributes(data)
  return {
    extension: attributes.string(NFTA_XT.NAME) ?? '',
    revision: attributes.u32be(NFTA_XT.REV) ?? 0,
    payload: attributes.view(NFTA_XT.INFO)?.slice() ?? new Uint8Array(0),
  }
}

/** Attributes of an expression, for those that nothing here decodes. */
export function expressionAttributes(data: Uint8Array): Attributes {
  return new Attributes(data, 0, data.length)
}

function expression(name: string, fill: (writer: Writer) => void): NftExpression {
  const writer = new Writer()
  fill(writer)
  return { name, data: writer.finish() }
}

function writeValue(writer: Writer, type: number, value: Uint8Array): Writer {
  return writer.nested(type, (w) => w.bytesAttribute(NFTA_DATA.VALUE, value))
}

/** Puts `value` into a register. */
export function nftImmediate(register: number, value: Uint8Array): NftExpression {
  return expression('immediate', (w) =>
    writeValue(w.u32beAttribute(NFTA_IMMEDIATE.DREG, register), NFTA_IMMEDIATE.DATA, value),
  )
}

/** Ends the rule with a verdict: accept, drop, return, continue, or jump / goto to `chain`. */
export function nftVerdict(verdict: keyof typeof VERDICTS, chain?: string): NftExpression {
  return expression('immediate', (writer) => {
    writer.u32beAttribute(NFTA_IMMEDIATE.DREG, NFT_REG.VERDICT)
    writer.nested(NFTA_IMMEDIATE.DATA, (data) =>
      data.nested(NFTA_DATA.VERDICT, (w) => {
        w.u32beAttribute(NFTA_VERDICT.CODE, VERDICTS[verdict] as number)
        if (chain !== undefined) w.stringAttribute(NFTA_VERDICT.CHAIN, chain)
      }),
    )
  })
}

/** Loads what NFT_META_* `key` says of the packet into a register. */
export function nftMetaLoad(key: number, register: number): NftExpression {
  return expression('meta', (w) => w.u32beAttribute(NFTA_META.KEY, key).u32beAttribute(NFTA_META.DREG, register))
}

/** Sets NFT_META_* `key` of the packet from a register. */
export function nftMetaSet(key: number, register: number): NftExpression {
  return expression('meta', (w) => w.u32beAttribute(NFTA_META.KEY, key).u32beAttribute(NFTA_META.SREG, register))
}

/** Goes on only if a register compares (NFT_CMP) with `value`. */
export function nftCompare(register: number, operator: number, value: Uint8Array): NftExpression {
  return expression('cmp', (w) =>
    writeValue(w.u32beAttribute(NFTA_CMP.SREG, register).u32beAttribute(NFTA_CMP.OP, operator), NFTA_CMP.DATA, value),
  )
}

/** Loads `length` bytes at `offset` of a header (NFT_PAYLOAD base) into a register. */
export function nftPayload(
  register: number,
  place: { readonly base: number; readonly offset: number; readonly length: number },
): NftExpression {
  return expression('payload', (w) =>
    w
      .u32beAttribute(NFTA_PAYLOAD.DREG, register)
      .u32beAttribute(NFTA_PAYLOAD.BASE, place.base)
      .u32beAttribute(NFTA_PAYLOAD.OFFSET, place.offset)
      .u32beAttribute(NFTA_PAYLOAD.LEN, place.length),
  )
}

/** register = register & mask, for addresses inside a prefix. */
export function nftMask(register: number, mask: Uint8Array): NftExpression {
  return expression('bitwise', (w) => {
    w.u32beAttribute(NFTA_BITWISE.SREG, register).u32beAttribute(NFTA_BITWISE.DREG, register)
    w.u32beAttribute(NFTA_BITWISE.LEN, mask.length)
    writeValue(w, NFTA_BITWISE.MASK, mask)
    writeValue(w, NFTA_BITWISE.XOR, new Uint8Array(mask.length))
  })
}

/** Counts packets and bytes that come this far. */
export function nftCount(): NftExpression {
  return { name: 'counter', data: new Uint8Array(0) }
}

/** `meta nftrace set 1`. */
export function nftTraceOn(): NftExpression[] {
  return [nftImmediate(NFT_REG.REG_1, Uint8Array.of(1)), nftMetaSet(NFT_META.NFTRACE, NFT_REG.REG_1)]
}
