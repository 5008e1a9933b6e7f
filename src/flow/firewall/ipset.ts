import type { IpSet } from '../../model/snapshot.ts'
import { contains, type Ip, type Prefix, toPrefix } from '../address.ts'
import { PROTOCOL, protocolName } from '../packet.ts'
import type { RuleContext, Truth } from './rule.ts'
import { inAddressRange, nameTest, toAddressRange, toMasked } from './values.ts'

/** One member: a test for each dimension of the set's type. */
interface Member {
  readonly parts: readonly Part[]
  readonly nomatch: boolean
  /** How narrow its networks are: the narrowest member that fits decides. */
  readonly narrowness: number
}

type Part = (context: RuleContext, direction: string) => boolean

interface CompiledSet {
  readonly set: IpSet
  readonly dimensions: readonly string[]
  /** Members by their exact first address, and those that are networks or ranges. */
  readonly exact: ReadonlyMap<string, readonly Member[]>
  readonly wide: readonly Member[]
}

/** Whether a packet is in a set, `directions` saying which side each dimension means: `src`, `dst`. */
export function matchIpSet(context: RuleContext, name: string, directions: readonly string[]): Truth {
  const set = context.space.namespace.ipsets.find((each) => each.name === name)
  if (set === undefined) return `set ${name}, which is not in the facts`
  if (set.type === 'list:set') return matchList(context, set, directions)
  const compiled = compiledSet(set)
  if (compiled === undefined) return `set ${name} of type ${set.type}`
  return matchMembers(context, compiled, directions)
}

function matchList(context: RuleContext, set: IpSet, directions: readonly string[]): Truth {
  let unknown: string | undefined
  for (const member of set.members) {
    const found = matchIpSet(context, member.split(' ')[0] ?? '', directions)
    if (found === true) return true
    if (typeof found === 'string') unknown ??= found
  }
  return unknown ?? false
}

function matchMembers(context: RuleContext, { dimensions, exact, wide }: CompiledSet, directions: readonly string[]) {
  const first = dimensions[0] === 'ip' || dimensions[0] === 'net' ? addressFor(context, directions[0]).text : undefined
  const candidates = first === undefined ? wide : [...(exact.get(first) ?? []), ...wide]
  let best: Member | undefined
  for (const member of candidates) {
    const fits = member.parts.every((part, at) => part(context, directions[at] ?? directions.at(-1) ?? 'src'))
    if (fits && (best === undefined || member.narrowness > best.narrowness)) best = member
  }
  return best !== undefined && !best.nomatch
}

function addressFor({ packet }: RuleContext, direction: string | undefined): Ip {
  return direction === 'dst' ? packet.destination : packet.source
}

const compiledSets = new WeakMap<IpSet, CompiledSet>()
const DIMENSIONS: ReadonlySet<string> = new Set(['ip', 'net', 'port', 'iface', 'mac', 'mark'])

function compiledSet(set: IpSet): CompiledSet | undefined {
  const known = compiledSets.get(set)
  if (known !== undefined) return known
  const dimensions = (set.type.split(':')[1] ?? '').split(',')
  if (!dimensions.every((dimension) => DIMENSIONS.has(dimension))) return undefined
  const exact = new Map<string, Member[]>()
  const wide: Member[] = []
  for (const text of set.members) {
    const [element = '', ...flags] = text.split(' ')
    const values = splitElement(element, dimensions)
    const member = {
      parts: dimensions.map((dimension, at) => partTest(dimension, values[at] ?? '')),
      nomatch: flags.includes('nomatch'),
      narrowness: narrownessOf(values),
    }
    const single = isAddressDimension(dimensions[0]) ? singleText(values[0] ?? '') : undefined
    if (single === undefined) wide.push(member)
    else exact.set(single, [...(exact.get(single) ?? []), member])
  }
  const compiled = { set, dimensions, exact, wide }
  compiledSets.set(set, compiled)
  return compiled
}

/** bitmap:port has bare ports; elsewhere the parts are separated by commas. */
function splitElement(element: string, dimensions: readonly string[]): string[] {
  return dimensions.length === 1 ? [element] : element.split(',')
}

function isAddressDimension(dimension: string | undefined): boolean {
  return dimension === 'ip' || dimension === 'net'
}

function singleText(text: string): string | undefined {
  if (text.includes('-')) return undefined
  const prefix = toPrefix(text)
  return prefix === undefined || prefix.length !== (prefix.family === 4 ? 32 : 128) ? undefined : text.split('/')[0]
}

function narrownessOf(values: readonly string[]): number {
  return values.reduce((sum, value) => sum + (toPrefix(value)?.length ?? 0), 0)
}

function partTest(dimension: string, value: string): Part {
  switch (dimension) {
    case 'ip':
    case 'net':
      return addressPart(value)
    case 'port':
      return portPart(value)
    case 'iface':
      return ifacePart(value)
    case 'mac':
      return ({ packet }) => packet.sourceMac === value.toLowerCase()
    default: {
      const [wanted] = toMasked(value)
      return ({ packet }) => packet.mark === wanted
    }
  }
}

function addressPart(value: string): Part {
  const range = value.includes('-') ? toAddressRange(value) : undefined
  if (range !== undefined) return (context, direction) => inAddressRange(addressFor(context, direction), range)
  const prefix: Prefix | undefined = toPrefix(value)
  return (context, direction) => prefix !== undefined && contains(prefix, addressFor(context, direction))
}

/** `tcp:80`, `80` of a bitmap, `icmp:8/0`. */
function portPart(value: string): Part {
  const [protocol, port = ''] = value.includes(':') ? value.split(':') : [undefined, value]
  return ({ packet }, direction) => {
    if (protocol !== undefined && protocol !== protocolName(packet.protocol)) return false
    if (packet.icmp !== undefined) return port === `${packet.icmp.type}/${packet.icmp.code}`
    const isPorted =
      packet.protocol === PROTOCOL.TCP || packet.protocol === PROTOCOL.UDP || packet.protocol === PROTOCOL.SCTP
    const own = direction === 'dst' ? packet.destinationPort : packet.sourcePort
    return isPorted && own === Number(port)
  }
}

function ifacePart(value: string): Part {
  const matches = nameTest(value.replace('physdev:', ''))
  const physical = value.startsWith('physdev:')
  return ({ packet, in: incoming, out }, direction) => {
    if (physical) return matches((direction === 'dst' ? packet.bridged?.out : packet.bridged?.in)?.name)
    return matches((direction === 'dst' ? out : incoming)?.name)
  }
}
