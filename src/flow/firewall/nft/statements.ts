import { type Ip, toIp } from '../../address.ts'
import { act, end, type NatAction, type RuleContext, type RuleVerdict, type Step, test } from '../rule.ts'
import type { SetLookup } from '../ruleset.ts'
import { untracked } from '../untracked.ts'
import type { Elements } from './elements.ts'
import { type Expression, expressionOf, type Got, isNotKnown } from './expressions.ts'
import { mapElements } from './sets.ts'
import { isIp, isRecord, type Scalar } from './values.ts'

type Body = Readonly<Record<string, unknown>>

type StatementSteps = readonly Step[]

const NOTHING: StatementSteps = []
const steps = (...list: readonly Step[]): StatementSteps => list
const verdict = (kind: 'accept' | 'drop' | 'return'): StatementSteps => steps(end({ kind }))
const nothing = (): StatementSteps => NOTHING

/** Statement → what it does. Those that count, log or tell others do nothing here. */
const STATEMENTS: Readonly<Record<string, (body: unknown, sets: SetLookup) => StatementSteps>> = {
  accept: () => verdict('accept'),
  drop: () => verdict('drop'),
  return: () => verdict('return'),
  continue: nothing,
  jump: (body) => steps(end({ kind: 'jump', chain: targetOf(body) })),
  goto: (body) => steps(end({ kind: 'goto', chain: targetOf(body) })),
  reject: (body) => steps(end({ kind: 'reject', with: rejectWith(body) })),
  queue: () => steps(end({ kind: 'stolen', by: 'the program that reads the queue' })),
  synproxy: () => steps(end({ kind: 'stolen', by: 'synproxy' })),
  dnat: (body, sets) => natSteps('dnat', body, sets),
  snat: (body, sets) => natSteps('snat', body, sets),
  masquerade: (body, sets) => natSteps('masquerade', body, sets),
  redirect: (body, sets) => natSteps('redirect', body, sets),
  vmap: (body, sets) => verdictMap(isRecord(body) ? body : {}, sets),
  mangle: (body, sets) => mangle(isRecord(body) ? body : {}, sets),
  notrack: () => steps(act(untracked)),
  tproxy: (body) => steps(act(({ packet }) => proxied(packet, isRecord(body) ? body : {}))),
  counter: nothing,
  log: nothing,
  comment: nothing,
  set: nothing,
  flow: nothing,
  'ct helper': nothing,
  'ct timeout': nothing,
  'ct expectation': nothing,
  secmark: nothing,
  last: nothing,
}

export function statementSteps(json: Body, sets: SetLookup): StatementSteps {
  const [[kind, body] = ['', undefined]] = Object.entries(json)
  const make = STATEMENTS[kind]
  if (make !== undefined) return make(body, sets)
  const what = JSON.stringify(json)
  return steps(test(() => what))
}

function targetOf(body: unknown): string {
  return isRecord(body) ? String(body['target']) : ''
}

const ICMP_CODES: Readonly<Record<string, string>> = {
  'port-unreachable': 'icmp-port-unreachable',
  'host-unreachable': 'icmp-host-unreachable',
  'net-unreachable': 'icmp-net-unreachable',
  'no-route': 'icmp-net-unreachable',
  'prot-unreachable': 'icmp-proto-unreachable',
  'admin-prohibited': 'icmp-admin-prohibited',
  'net-prohibited': 'icmp-net-prohibited',
  'host-prohibited': 'icmp-host-prohibited',
}

/** In the words of iptables' REJECT. */
function rejectWith(body: unknown): string {
  if (!isRecord(body)) return 'icmp-port-unreachable'
  if (body['type'] === 'tcp reset') return 'tcp-reset'
  return ICMP_CODES[String(body['expr'])] ?? 'icmp-port-unreachable'
}

/** A value on the right of a statement: a literal, an expression, or what a map has for a key. */
function valueGetter(json: unknown, sets: SetLookup): (context: RuleContext) => Got {
  const map = isRecord(json) ? json['map'] : undefined
  if (!isRecord(map)) return expressionOf(json).get
  const key = expressionOf(map['key'])
  const elements = mapElements(map['data'], key.readers, sets)
  return (context) => {
    const found = mapped(context, key, elements)
    if (found === undefined || isMissing(found)) return found === undefined ? undefined : { unknown: found.unknown }
    return expressionOf(found.data).get(context)
  }
}

type Mapped = { readonly data: unknown } | { readonly unknown: string } | undefined

function isMissing(mappedTo: NonNullable<Mapped>): mappedTo is { readonly unknown: string } {
  return 'unknown' in mappedTo
}

/** Undefined when the map has nothing for the packet; a key that nobody knows (`numgen`) tries every element. */
function mapped(context: RuleContext, key: Expression, elements: Elements<unknown> | undefined): Mapped {
  if (elements === undefined) return { unknown: `the map of ${key.name}` }
  const got = key.get(context)
  if (got === undefined) return undefined
  if (!isNotKnown(got)) {
    const data = elements.find(got)
    if (data === undefined && elements.hasUnread) return { unknown: `the map of ${key.name}` }
    return data === undefined ? undefined : { data }
  }
  const choices = elements.entries
  if (choices.length === 0) return undefined
  const words = choices.map((data) => JSON.stringify(data))
  return { data: choices.length === 1 ? choices[0] : choices[context.run.choose({ what: got.unknown }, words)] }
}

function natSteps(kind: NatAction['kind'], body: unknown, sets: SetLookup): StatementSteps {
  const { addr, port } = isRecord(body) ? body : {}
  const address = addr === undefined ? undefined : addressGetter(addr, sets)
  const ports = port === undefined ? undefined : portGetter(port, sets)
  const run = (context: RuleContext): RuleVerdict | string | false => {
    const to = address?.(context)
    const toPorts = ports?.(context)
    if (address !== undefined && to === undefined) return false
    if (typeof to === 'string') return to
    const range = toPorts ?? to?.ports
    return { kind: 'nat', nat: { kind, addresses: to?.addresses, ports: range } }
  }
  return steps({ pure: false, run })
}

interface NatTo {
  readonly addresses: readonly [Ip, Ip]
  readonly ports?: readonly [number, number]
}

function addressGetter(json: unknown, sets: SetLookup): (context: RuleContext) => NatTo | string | undefined {
  const range = isRecord(json) ? json['range'] : undefined
  if (Array.isArray(range)) {
    const [from, to] = range.map((each) => toIp(String(each)))
    return () => (from === undefined || to === undefined ? undefined : { addresses: [from, to] })
  }
  const get = valueGetter(json, sets)
  return (context) => {
    const got = get(context)
    if (got === undefined) return undefined
    if (isNotKnown(got)) return got.unknown
    const [address, port] = Array.isArray(got) ? (got as readonly Scalar[]) : [got as Scalar]
    if (!isIp(address)) return undefined
    return { addresses: [address, address], ...(typeof port === 'number' ? { ports: [port, port] as const } : {}) }
  }
}

function portGetter(json: unknown, sets: SetLookup): (context: RuleContext) => readonly [number, number] | undefined {
  const range = isRecord(json) ? json['range'] : undefined
  if (Array.isArray(range)) return () => [Number(range[0]), Number(range[1])]
  const get = valueGetter(json, sets)
  return (context) => {
    const got = get(context)
    return typeof got === 'number' ? [got, got] : undefined
  }
}

/** `tcp dport vmap { 80 : accept, 443 : jump web }`. */
function verdictMap({ key, data }: Body, sets: SetLookup): StatementSteps {
  const expression = expressionOf(key)
  const elements = mapElements(data, expression.readers, sets)
  return steps({
    pure: false,
    run: (context) => {
      const found = mapped(context, expression, elements)
      if (found === undefined) return false
      return isMissing(found) ? found.unknown : (verdictOf(found.data) ?? false)
    },
  })
}

function verdictOf(json: unknown): RuleVerdict | undefined {
  if (!isRecord(json)) return undefined
  const [[kind, body] = ['', undefined]] = Object.entries(json)
  if (kind === 'accept' || kind === 'drop' || kind === 'return') return { kind }
  return kind === 'jump' || kind === 'goto' ? { kind, chain: targetOf(body) } : undefined
}

function mangle({ key, value }: Body, sets: SetLookup): StatementSteps {
  const get = valueGetter(value, sets)
  const assign = isRecord(key) ? assignment(key) : undefined
  if (assign === undefined) return NOTHING
  return steps(
    act((context) => {
      const got = get(context)
      if (got !== undefined && !isNotKnown(got) && !Array.isArray(got)) assign(context, got as Scalar)
    }),
  )
}

type Assign = (context: RuleContext, value: Scalar) => void

/** What a statement can set: `meta mark`, `ct mark`, `ct zone`, header fields, the segment size. */
function assignment(key: Body): Assign | undefined {
  const [[kind, body] = ['', undefined]] = Object.entries(key)
  const field = isRecord(body) ? String(body['field'] ?? body['key'] ?? '') : ''
  return ASSIGNMENTS[`${kind} ${field}`]
}

const ASSIGNMENTS: Readonly<Record<string, Assign>> = {
  'meta mark': ({ packet }, value) => {
    packet.mark = Number(value) >>> 0
  },
  'ct mark': ({ packet: { tracking } }, value) => {
    if (tracking?.connection !== undefined) tracking.connection.mark = Number(value) >>> 0
  },
  'ct zone': ({ packet }, value) => {
    packet.zone = Number(value)
  },
  'payload saddr': ({ packet }, value) => {
    if (isIp(value)) packet.source = value
  },
  'payload daddr': ({ packet }, value) => {
    if (isIp(value)) packet.destination = value
  },
  'payload sport': ({ packet }, value) => {
    packet.sourcePort = Number(value)
  },
  'payload dport': ({ packet }, value) => {
    packet.destinationPort = Number(value)
  },
  'payload ttl': ({ packet }, value) => {
    packet.ttl = Number(value)
  },
  'payload dscp': ({ packet }, value) => {
    packet.tos = (packet.tos & 3) | (Number(value) << 2)
  },
  'tcp option size': ({ packet }, value) => {
    if (packet.mss !== undefined) packet.mss = Math.min(packet.mss, Number(value))
  },
}

function proxied(packet: RuleContext['packet'], { addr, port }: Body): void {
  const address = typeof addr === 'string' ? toIp(addr) : undefined
  packet.proxy = { address, port: typeof port === 'number' ? port : (packet.destinationPort ?? 0) }
}
