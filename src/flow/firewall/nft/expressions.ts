import type { Tuple } from '../../connection.ts'
import type { Packet } from '../../packet.ts'
import { addressType } from '../../routing/input.ts'
import { lookupRoute } from '../../routing/lookup.ts'
import { isLoopbackLink } from '../../world.ts'
import { stateNames } from '../iptables/connection-modules.ts'
import type { RuleContext } from '../rule.ts'
import { ETHER_TYPES, FIELDS, readProtocol } from './header-fields.ts'
import { isRecord, type Reader, readNamed, readPlain, type Scalar, type Value } from './values.ts'

/** A value that would have to be known. */
export interface NotKnown {
  readonly unknown: string
}

/** Undefined when the packet has no such thing, so that the rule does not match, whatever it asks. */
export type Got = Value | NotKnown | undefined

/** An expression on the left of a match. */
export interface Expression {
  readonly get: (context: RuleContext) => Got
  /** How its values are written, one a part of a concatenation. */
  readonly readers: readonly Reader[]
  /** A set of bits: a value on the right that is one of them matches. */
  readonly flags?: boolean
  readonly name: string
}

export function isNotKnown(got: Got): got is NotKnown {
  return typeof got === 'object' && 'unknown' in got
}

/** Compiles what libnftables-json(5) writes for an expression. */
export function expressionOf(json: unknown): Expression {
  if (!isRecord(json)) return constant(json)
  const [[kind, body] = ['', undefined]] = Object.entries(json)
  const make = KINDS[kind]
  return make === undefined ? notKnown(JSON.stringify(json)) : make(body)
}

function constant(json: unknown): Expression {
  const value = readPlain(json)
  return { get: () => value ?? { unknown: String(json) }, readers: [readPlain], name: String(json) }
}

function notKnown(name: string): Expression {
  return { get: () => ({ unknown: name }), readers: [readPlain], name }
}

const KINDS: Readonly<Record<string, (body: unknown) => Expression>> = {
  payload: (body) => payload(isRecord(body) ? body : {}),
  meta: (body) => meta(isRecord(body) ? String(body['key']) : String(body)),
  ct: (body) => connection(isRecord(body) ? body : {}),
  fib: (body) => fib(isRecord(body) ? body : {}),
  concat: (body) => concat(Array.isArray(body) ? body : []),
  '&': (body) => combined(body, '&', (a, b) => a & b),
  '|': (body) => combined(body, '|', (a, b) => a | b),
  '^': (body) => combined(body, '^', (a, b) => a ^ b),
  '<<': (body) => combined(body, '<<', (a, b) => a << b),
  '>>': (body) => combined(body, '>>', (a, b) => a >>> b),
  prefix: (body) => constant(isRecord(body) ? body['addr'] : body),
}

function concat(parts: readonly unknown[]): Expression {
  const expressions = parts.map(expressionOf)
  return {
    get: (context) => {
      const values: Scalar[] = []
      for (const { get } of expressions) {
        const got = get(context)
        if (got === undefined || isNotKnown(got)) return got
        values.push(got as Scalar)
      }
      return values
    },
    readers: expressions.flatMap(({ readers }) => readers.slice(0, 1)),
    name: expressions.map(({ name }) => name).join(' . '),
  }
}

function combined(body: unknown, operator: string, apply: (a: number, b: number) => number): Expression {
  const [left, right] = Array.isArray(body) ? body : []
  const expression = expressionOf(left)
  const operand = expression.readers[0]?.(right)
  return {
    ...expression,
    name: `${expression.name} ${operator} ${String(right)}`,
    get: (context) => {
      const got = expression.get(context)
      if (got === undefined || isNotKnown(got)) return got
      if (typeof got !== 'number' || typeof operand !== 'number') return { unknown: `${expression.name} ${operator}` }
      return apply(got, operand) >>> 0
    },
  }
}

function payload({ protocol, field, base, offset, len }: Readonly<Record<string, unknown>>): Expression {
  const known = FIELDS[String(protocol)]?.[String(field)]
  const name = protocol === undefined ? `@${base},${offset},${len}` : `${protocol} ${field}`
  if (known === undefined) return notKnown(name)
  return {
    get: ({ packet }) => known.get(packet),
    readers: [known.read ?? readPlain],
    name,
    ...(known.flags === true ? { flags: true } : {}),
  }
}

type MetaGetter = { readonly get: (context: RuleContext) => Got; readonly read?: Reader }

/** nft_meta.c; keys that no packet here has, or that nobody can know, are left out. */
const META: Readonly<Record<string, MetaGetter>> = {
  iifname: { get: ({ in: incoming }) => incoming?.name ?? '', read: readName },
  oifname: { get: ({ out }) => out?.name ?? '', read: readName },
  iif: { get: ({ in: incoming }) => incoming?.name, read: readName },
  oif: { get: ({ out }) => out?.name, read: readName },
  iifkind: { get: ({ in: incoming }) => incoming?.kind, read: readName },
  oifkind: { get: ({ out }) => out?.kind, read: readName },
  iifgroup: { get: ({ in: incoming }) => incoming && (incoming.group ?? 0), read: readNamed({ default: 0 }) },
  oifgroup: { get: ({ out }) => out && (out.group ?? 0), read: readNamed({ default: 0 }) },
  ibrname: {
    get: ({ packet, in: incoming }) => (packet.bridged?.in === undefined ? undefined : incoming?.name),
    read: readName,
  },
  mark: { get: ({ packet }) => packet.mark },
  l4proto: { get: ({ packet }) => packet.protocol, read: readProtocol },
  nfproto: { get: ({ packet }) => (packet.family === 4 ? 2 : 10), read: readNamed({ ipv4: 2, ipv6: 10 }) },
  protocol: { get: ({ packet }) => (packet.family === 4 ? 0x0800 : 0x86dd), read: readNamed(ETHER_TYPES) },
  length: { get: ({ packet }) => packet.size },
  pkttype: { get: () => 'host', read: (literal) => (literal === 'unicast' ? 'host' : readPlain(literal)) },
  skuid: { get: ({ packet }) => ownerOf(packet, 'uid') },
  skgid: { get: ({ packet }) => ownerOf(packet, 'gid') },
  secpath: { get: ({ packet }) => (packet.decrypted === true ? 1 : 0) },
  priority: { get: () => 0 },
}

function readName(literal: unknown): Scalar | undefined {
  return typeof literal === 'string' ? literal : readPlain(literal)
}

function ownerOf({ owner }: Packet, what: 'uid' | 'gid'): Got {
  if (owner === undefined) return undefined
  return what === 'uid' && owner.uid !== undefined ? owner.uid : { unknown: `${what} of the sender` }
}

function meta(key: string): Expression {
  const known = META[key]
  if (known === undefined) return notKnown(`meta ${key}`)
  return { get: known.get, readers: [known.read ?? readPlain], name: `meta ${key}` }
}

const STATES = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 }
const STATUS = { expected: 1, 'seen-reply': 2, assured: 4, confirmed: 8, snat: 16, dnat: 32, dying: 512 }

/** nft_ct.c */
function connection({ key, dir }: Readonly<Record<string, unknown>>): Expression {
  const name = dir === undefined ? `ct ${key}` : `ct ${dir} ${key}`
  switch (key) {
    case 'state':
      return { get: ({ packet }) => stateBit(packet), readers: [readNamed(STATES)], flags: true, name }
    case 'status':
      return { get: ({ packet }) => statusBits(packet), readers: [readNamed(STATUS)], flags: true, name }
    case 'mark':
      return { get: ({ packet }) => packet.tracking?.connection?.mark, readers: [readPlain], name }
    case 'zone':
      return { get: ({ packet }) => packet.tracking?.connection?.zone ?? packet.zone ?? 0, readers: [readPlain], name }
    case 'direction':
      return {
        get: ({ packet: { tracking } }) => tracking?.connection && tracking.direction,
        readers: [readName],
        name,
      }
    case 'protocol':
      return { get: ({ packet }) => packet.tracking?.connection?.protocol, readers: [readProtocol], name }
    default:
      return tupleField(String(key), dir === 'reply' ? 'reply' : 'original', name)
  }
}

function stateBit({ tracking }: Packet): number {
  return STATES[(stateNames(tracking)[0] ?? 'INVALID').toLowerCase() as keyof typeof STATES]
}

function statusBits({ tracking }: Packet): number | undefined {
  const { connection: known } = tracking ?? {}
  if (known === undefined) return undefined
  return (
    (known.seenReply ? STATUS['seen-reply'] : 0) |
    (known.confirmed ? STATUS.confirmed : 0) |
    (known.sourceNat ? STATUS.snat : 0) |
    (known.destinationNat ? STATUS.dnat : 0)
  )
}

const TUPLE_FIELDS: Readonly<Record<string, (tuple: Tuple) => Scalar | undefined>> = {
  saddr: ({ source }) => source,
  daddr: ({ destination }) => destination,
  'ip saddr': ({ source }) => source,
  'ip daddr': ({ destination }) => destination,
  'ip6 saddr': ({ source }) => source,
  'ip6 daddr': ({ destination }) => destination,
  'proto-src': ({ sourcePort }) => sourcePort,
  'proto-dst': ({ destinationPort }) => destinationPort,
}

function tupleField(key: string, direction: 'original' | 'reply', name: string): Expression {
  const field = TUPLE_FIELDS[key]
  if (field === undefined) return notKnown(name)
  const get = ({ packet: { tracking } }: RuleContext): Got =>
    tracking?.connection === undefined ? undefined : field(tracking.connection[direction])
  return { get, readers: [readPlain], name }
}

/** `fib daddr type`, `fib saddr . iif oif` (nft_fib.c). */
function fib({ result, flags }: Readonly<Record<string, unknown>>): Expression {
  const has = new Set(Array.isArray(flags) ? flags.map(String) : [String(flags)])
  const name = `fib ${[...has].join(' . ')} ${String(result)}`
  const side = has.has('saddr') ? 'source' : 'destination'
  if (result === 'type') {
    const link = ({ in: incoming, out }: RuleContext) => (has.has('iif') ? incoming : has.has('oif') ? out : undefined)
    return {
      get: (context) => addressType(context.space, context.packet[side], link(context)?.index),
      readers: [readName],
      name,
    }
  }
  return { get: (context) => fibLink(context, side, has, result === 'oifname'), readers: [readName], name }
}

function fibLink(
  { run, space, packet, in: incoming }: RuleContext,
  side: 'source' | 'destination',
  flags: ReadonlySet<string>,
  byName: boolean,
): Got {
  // nft_fib_is_loopback
  if (incoming !== undefined && isLoopbackLink(incoming)) return byName ? incoming.name : incoming.index
  const found = lookupRoute(run, space, {
    family: packet.family,
    destination: packet[side],
    iif: 'lo',
    mark: flags.has('mark') ? packet.mark : 0,
    anyHop: true,
  })
  const index = found.kind === 'route' && found.route.type === 'unicast' ? found.hop?.link : undefined
  const link = space.namespace.links.find((each) => each.index === index)
  const fits = link !== undefined && (!flags.has('iif') || link.index === incoming?.index)
  if (byName) return fits ? link.name : ''
  return fits ? link.index : 0
}
