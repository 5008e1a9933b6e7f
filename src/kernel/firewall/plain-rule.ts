import {
  expressionAttributes,
  NFT_CMP,
  NFT_META,
  NFT_PAYLOAD,
  NFTA_CMP,
  NFTA_DATA,
  NFTA_META,
  NFTA_PAYLOAD,
  type NftExpression,
  u16,
  u16be,
  u32,
  verdictOfExpression,
  xtablesOfExpression,
} from 'netlink-ts'
import { plainNatText } from './plain-nat.ts'

/** What a rule asks for, by the option that says it. */
type Parts = Map<Option, string>
type Option = '-s' | '-d' | '-p' | '--sport' | '--dport' | '-j'

/**
 * A rule of iptables-nft (IPv4) as iptables-save writes it without `-A CHAIN`: whole addresses, tcp or udp, single
 * ports, and where it leads. Undefined for a rule that has anything else.
 */
export function plainRuleText(expressions: readonly NftExpression[]): string | undefined {
  const parts: Parts = new Map()
  for (let at = 0; at < expressions.length; ) {
    const [expression, next] = expressions.slice(at, at + 2) as [NftExpression, NftExpression?]
    const taken = takeExpression(parts, expression, next)
    if (taken === 0 || (parts.has('-j') && at + taken < expressions.length)) return undefined
    at += taken
  }
  return textOf(parts)
}

/** How many expressions were understood, from this one on. */
function takeExpression(parts: Parts, expression: NftExpression, next: NftExpression | undefined): 0 | 1 | 2 {
  switch (expression.name) {
    case 'counter':
      return 1
    case 'meta':
    case 'payload':
      return next !== undefined && takeComparison(parts, expression, next) ? 2 : 0
    case 'match':
      return takePorts(parts, expression) ? 1 : 0
    case 'immediate':
      return keep(parts, '-j', verdictText(expression)) ? 1 : 0
    case 'target':
      return keep(parts, '-j', plainNatText(expression)) ? 1 : 0
    default:
      return 0
  }
}

function keep(parts: Parts, option: Option, text: string | undefined): boolean {
  if (text === undefined || parts.has(option)) return false
  parts.set(option, text)
  return true
}

const VERDICTS = new Set(['accept', 'drop', 'return'])

function verdictText(expression: NftExpression): string | undefined {
  const { verdict = '', chain } = verdictOfExpression(expression) ?? {}
  if (VERDICTS.has(verdict)) return verdict.toUpperCase()
  return verdict === 'jump' && chain !== undefined && /^[\w.-]+$/.test(chain) ? chain : undefined
}

function takeComparison(parts: Parts, load: NftExpression, comparison: NftExpression): boolean {
  if (comparison.name !== 'cmp') return false
  const attributes = expressionAttributes(comparison.data)
  const value = attributes.nested(NFTA_CMP.DATA)?.view(NFTA_DATA.VALUE)
  const isEqual = attributes.u32be(NFTA_CMP.OP) === NFT_CMP.EQ
  const loaded = load.name === 'meta' ? loadedFromMeta(load) : loadedFromPacket(load)
  if (!isEqual || value === undefined || loaded === undefined) return false
  if (loaded.register !== attributes.u32be(NFTA_CMP.SREG) || value.length !== loaded.length) return false
  return keep(parts, loaded.option, valueText(loaded.option, value))
}

interface Loaded {
  readonly option: Option
  readonly length: number
  readonly register: number | undefined
}

function loadedFromMeta({ data }: NftExpression): Loaded | undefined {
  const attributes = expressionAttributes(data)
  if (attributes.u32be(NFTA_META.KEY) !== NFT_META.L4PROTO) return undefined
  return { option: '-p', length: 1, register: attributes.u32be(NFTA_META.DREG) }
}

/** RFC 791, RFC 9293, RFC 768: `BASE OFFSET LENGTH` of the fields. */
const FIELDS: ReadonlyMap<string, Option> = new Map([
  [`${NFT_PAYLOAD.NETWORK} 12 4`, '-s'],
  [`${NFT_PAYLOAD.NETWORK} 16 4`, '-d'],
  [`${NFT_PAYLOAD.TRANSPORT} 0 2`, '--sport'],
  [`${NFT_PAYLOAD.TRANSPORT} 2 2`, '--dport'],
])

function loadedFromPacket({ data }: NftExpression): Loaded | undefined {
  const attributes = expressionAttributes(data)
  const [base, offset, length = 0] = [NFTA_PAYLOAD.BASE, NFTA_PAYLOAD.OFFSET, NFTA_PAYLOAD.LEN].map((type) =>
    attributes.u32be(type),
  )
  const option = FIELDS.get(`${base} ${offset} ${length}`)
  return option === undefined ? undefined : { option, length, register: attributes.u32be(NFTA_PAYLOAD.DREG) }
}

const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp' }

function valueText(option: Option, value: Uint8Array): string | undefined {
  if (option === '-s' || option === '-d') return `${value.join('.')}/32`
  return option === '-p' ? PROTOCOLS[value[0] ?? 0] : String(u16be(value, 0))
}

/** Bytes of struct xt_tcp and struct xt_udp (linux/netfilter/xt_tcpudp.h), the kernel's padding left out. */
const PORT_MATCHES: Readonly<Record<string, number>> = { tcp: 12, udp: 9 }

/** `-m tcp` and `-m udp` of versions that leave ports to the extension: two ranges, then flags, of which there are none. */
function takePorts(parts: Parts, expression: NftExpression): boolean {
  const { extension, revision, payload } = xtablesOfExpression(expression) ?? { extension: '', revision: 0 }
  const size = PORT_MATCHES[extension]
  if (size === undefined || revision !== 0 || payload === undefined || payload.length < size) return false
  if (parts.get('-p') !== extension || payload.subarray(8, size).some((byte) => byte !== 0)) return false
  const [source, destination] = [portRange(payload, 0), portRange(payload, 4)]
  if (source === '' && destination === '') return false
  return (
    (source === '' || keep(parts, '--sport', source)) && (destination === '' || keep(parts, '--dport', destination))
  )
}

const ALL_PORTS = 0xffff_0000

/** Nothing for every port, undefined for several. */
function portRange(payload: Uint8Array, at: number): string | undefined {
  if (u32(payload, at) === ALL_PORTS) return ''
  const first = u16(payload, at)
  return first === u16(payload, at + 2) ? String(first) : undefined
}

/** In the order of iptables-save, which does not depend on that of the expressions. */
function textOf(parts: Parts): string | undefined {
  const ports = [...words(parts, '--sport'), ...words(parts, '--dport')]
  const protocol = parts.get('-p')
  if (ports.length > 0 && protocol === undefined) return undefined
  return [
    ...words(parts, '-s'),
    ...words(parts, '-d'),
    ...words(parts, '-p'),
    ...(ports.length === 0 ? [] : ['-m', protocol, ...ports]),
    ...words(parts, '-j'),
  ].join(' ')
}

function words(parts: Parts, option: Option): string[] {
  const value = parts.get(option)
  return value === undefined ? [] : [option, value]
}
