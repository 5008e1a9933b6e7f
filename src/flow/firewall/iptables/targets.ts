import { toIp, toPrefix } from '../../address.ts'
import { act, end, type NatAction, type RuleContext, type Step } from '../rule.ts'
import { untracked } from '../untracked.ts'
import { toAddressRange, toMasked, toRange } from '../values.ts'
import type { RuleOption } from './tokens.ts'

interface TargetOptions {
  readonly name: string
  readonly isGoto: boolean
  readonly options: readonly RuleOption[]
}

type Values = (name: string) => string | undefined

const NONE = (): Step[] => []

/** Extension → what it does to the packet. Those that only count, log or mark for others do nothing here. */
const TARGETS: Readonly<Record<string, (value: Values, has: (name: string) => boolean) => Step[]>> = {
  ACCEPT: () => [end({ kind: 'accept' })],
  DROP: () => [end({ kind: 'drop' })],
  RETURN: () => [end({ kind: 'return' })],
  REJECT: (value) => [end({ kind: 'reject', with: value('--reject-with') ?? 'icmp-port-unreachable' })],
  QUEUE: () => [end({ kind: 'stolen', by: 'a program that reads the queue' })],
  NFQUEUE: (value) => [end({ kind: 'stolen', by: `the program that reads queue ${value('--queue-num') ?? '0'}` })],
  SYNPROXY: () => [end({ kind: 'stolen', by: 'SYNPROXY' })],
  DNAT: (value) => natStep('dnat', value('--to-destination')),
  SNAT: (value) => natStep('snat', value('--to-source')),
  MASQUERADE: (value) => [end({ kind: 'nat', nat: { kind: 'masquerade', ports: portsOf(value('--to-ports')) } })],
  REDIRECT: (value) => [end({ kind: 'nat', nat: { kind: 'redirect', ports: portsOf(value('--to-ports')) } })],
  NETMAP: (value) => netmapStep(value('--to') ?? ''),
  MARK: (value) => [change((packet) => ({ mark: marked(packet.mark, value, 'mark') }))],
  CONNMARK: (value, has) => [act((context) => setConnectionMark(context, value, has))],
  CT: (value, has) => [act((context) => configureTracking(context, value, has))],
  NOTRACK: () => [act(untracked)],
  TPROXY: (value) => tproxySteps(value),
  TCPMSS: (value, has) => [act((context) => clampSegments(context, value('--set-mss'), has('--clamp-mss-to-pmtu')))],
  TTL: (value) => [change((packet) => ({ ttl: countedTtl(packet.ttl, value, 'ttl') }))],
  HL: (value) => [change((packet) => ({ ttl: countedTtl(packet.ttl, value, 'hl') }))],
  TOS: (value) => [change((packet) => ({ tos: marked(packet.tos, value, 'tos') & 0xff }))],
  DSCP: (value) => [change((packet) => ({ tos: (packet.tos & 3) | (Number(value('--set-dscp')) << 2) }))],
  LOG: NONE,
  NFLOG: NONE,
  ULOG: NONE,
  TRACE: NONE,
  AUDIT: NONE,
  CHECKSUM: NONE,
  CLASSIFY: NONE,
  SET: NONE,
  IDLETIMER: NONE,
  RATEEST: NONE,
  LED: NONE,
  SECMARK: NONE,
  CONNSECMARK: NONE,
  TEE: NONE,
  ECN: NONE,
  TCPOPTSTRIP: NONE,
}

/** What follows the matches of a rule; without a target it only counts. */
export function targetSteps(target: TargetOptions | undefined): Step[] {
  if (target === undefined) return []
  const known = target.isGoto ? undefined : TARGETS[target.name]
  if (known === undefined) return [end({ kind: target.isGoto ? 'goto' : 'jump', chain: target.name })]
  const values = new Map(target.options.map(({ name, values: list }) => [name, list.join(' ')]))
  return known(
    (name) => values.get(name),
    (name) => values.has(name),
  )
}

/** Sets fields of the packet. */
function change(to: (packet: RuleContext['packet']) => Partial<RuleContext['packet']>): Step {
  return act(({ packet }) => {
    Object.assign(packet, to(packet))
  })
}

function portsOf(text: string | undefined): readonly [number, number] | undefined {
  return text === undefined || text === '' ? undefined : toRange(text)
}

/** `172.17.0.2:80`, `10.0.0.1-10.0.0.9:1024-65535`, `:53`, `[fd00::2]:80`. */
function natStep(kind: 'dnat' | 'snat', text = ''): Step[] {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
  const colon = text.includes('::') || text.split(':').length > 2 ? -1 : text.indexOf(':')
  const address = bracketed?.[1] ?? (colon < 0 ? text : text.slice(0, colon))
  const ports = bracketed === null ? (colon < 0 ? undefined : text.slice(colon + 1)) : bracketed[2]
  const nat: NatAction = {
    kind,
    addresses: address === '' ? undefined : toAddressRange(address),
    ports: portsOf(ports),
  }
  return [end({ kind: 'nat', nat })]
}

function netmapStep(text: string): Step[] {
  const prefix = toPrefix(text)
  const network = toIp(text.split('/')[0] ?? '')
  if (prefix === undefined || network === undefined) return []
  const nat: NatAction = { kind: 'netmap', addresses: [network, network], prefixLength: prefix.length }
  return [end({ kind: 'nat', nat })]
}

/** `--set-xmark V/M` clears the mask and turns the value's bits; the save tools write all others as this one. */
function marked(before: number, value: Values, what: 'mark' | 'tos'): number {
  const xor = value(`--set-x${what}`)
  const set = value(`--set-${what}`)
  const [bits, mask] = toMasked(xor ?? set ?? '0/0')
  return ((before & ~mask) ^ bits) >>> 0
}

function setConnectionMark({ packet }: RuleContext, value: Values, has: (name: string) => boolean): void {
  const connection = packet.tracking?.connection
  if (connection === undefined) return
  const mask = (name: string) => Number(value(name) ?? value('--mask') ?? 0xffff_ffff) >>> 0
  const [nfmask, ctmask] = [mask('--nfmask'), mask('--ctmask')]
  if (has('--save-mark')) connection.mark = ((connection.mark & ~ctmask) ^ (packet.mark & nfmask)) >>> 0
  else if (has('--restore-mark')) packet.mark = ((packet.mark & ~nfmask) ^ (connection.mark & ctmask)) >>> 0
  else connection.mark = marked(connection.mark, value, 'mark')
}

function configureTracking(context: RuleContext, value: Values, has: (name: string) => boolean): void {
  if (has('--notrack')) untracked(context)
  const zone = value('--zone') ?? value('--zone-orig') ?? value('--zone-reply')
  if (zone !== undefined && /^\d+$/.test(zone)) context.packet.zone = Number(zone)
}

function tproxySteps(value: Values): Step[] {
  const [bits, mask] = toMasked(value('--tproxy-mark') ?? '0/0')
  const port = Number(value('--on-port') ?? 0)
  const on = value('--on-ip')
  return [
    act(({ packet }) => {
      packet.mark = ((packet.mark & ~mask) ^ bits) >>> 0
      packet.proxy = { address: on === undefined ? undefined : toIp(on), port: port || (packet.destinationPort ?? 0) }
    }),
    end({ kind: 'accept' }),
  ]
}

function clampSegments({ packet, out }: RuleContext, to: string | undefined, toPath: boolean): void {
  const limit =
    toPath && out !== undefined ? out.mtu - (packet.family === 4 ? 40 : 60) : Number(to ?? Number.POSITIVE_INFINITY)
  if (packet.mss !== undefined) packet.mss = Math.min(packet.mss, limit)
}

function countedTtl(before: number, value: Values, name: 'ttl' | 'hl'): number {
  const set = value(`--${name}-set`)
  if (set !== undefined) return Number(set)
  return before + Number(value(`--${name}-inc`) ?? 0) - Number(value(`--${name}-dec`) ?? 0)
}
