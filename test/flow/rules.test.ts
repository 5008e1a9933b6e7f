import { describe, expect, test } from 'vitest'
import { ip } from '../../src/flow/address.ts'
import { newConnection } from '../../src/flow/connection.ts'
import { compileIptables } from '../../src/flow/firewall/iptables/compile.ts'
import { iptablesKeys } from '../../src/flow/firewall/iptables/keys.ts'
import { compileNft } from '../../src/flow/firewall/nft/compile.ts'
import type { CompiledRule, RuleContext } from '../../src/flow/firewall/rule.ts'
import type { Packet } from '../../src/flow/packet.ts'
import { Run } from '../../src/flow/run.ts'
import type { FirewallRule, IpSet, NftSet } from '../../src/model/snapshot.ts'
import { NetworkFacts } from './network-facts.ts'

const IPSETS: IpSet[] = [
  { name: 'hosts', type: 'hash:ip', members: ['10.0.0.2', '10.0.0.3 timeout 60'], references: 1, options: {} },
  { name: 'nets', type: 'hash:net', members: ['10.0.0.0/8', '10.0.0.0/24 nomatch'], references: 1, options: {} },
  { name: 'pairs', type: 'hash:ip,port', members: ['172.17.0.2,tcp:80'], references: 1, options: {} },
  { name: 'ports', type: 'bitmap:port', members: ['80'], references: 1, options: {} },
  { name: 'all', type: 'list:set', members: ['ports', 'hosts'], references: 1, options: {} },
]
const facts = new NetworkFacts()
  .host('host', { ipsets: IPSETS })
  .bridge('host', 'br0', '172.17.0.1/16')
  .bridge('host', 'br1', '172.18.0.1/16')
const world = facts.world()
const [space] = world.spaces
const link = (name: string) => facts.draft('host').links.find((each) => each.name === name)

/** A SYN from 10.0.0.2 to 172.17.0.2:80, forwarded from br1 to br0. */
function context(more: Partial<Packet> = {}): RuleContext {
  const packet: Packet = {
    family: 4,
    source: ip('10.0.0.2'),
    destination: ip('172.17.0.2'),
    protocol: 6,
    sourcePort: 40000,
    destinationPort: 80,
    tcpFlags: 2,
    ttl: 63,
    size: 60,
    df: true,
    tos: 0,
    mark: 0x14,
    ...more,
  }
  packet.tracking ??= { state: 'NEW', direction: 'original', connection: newConnection(packet) }
  if (space === undefined) throw new Error('no namespace')
  return { run: new Run([]), space, packet, hook: 'forward', in: link('br1'), out: link('br0') }
}

/** What a rule with a DROP makes of the packet: true and false, or the text of what is unknown. */
function verdictOf({ steps }: CompiledRule, about: RuleContext): boolean | string {
  let unknown: string | undefined
  for (const { run } of steps) {
    const result = run(about)
    if (result === false) return false
    if (typeof result === 'string') unknown ??= result
    else if (result !== true) return unknown ?? true
  }
  return unknown ?? true
}

function iptables(text: string, more?: Partial<Packet>): boolean | string {
  const rule = {
    backend: 'nft',
    family: 'ip',
    table: 'filter',
    chain: 'FORWARD',
    position: 1,
    text,
    syntax: 'iptables',
    packets: 0,
    bytes: 0,
  } as const
  return verdictOf(compileIptables(rule satisfies FirewallRule), context(more))
}

const ESTABLISHED = { state: 'ESTABLISHED', direction: 'reply', connection: newConnection(context().packet) } as const

describe('iptables', () => {
  test.each([
    ['-s 10.0.0.0/8 -j DROP', true],
    ['! -s 10.0.0.0/8 -j DROP', false],
    ['-d 172.17.0.2/32 ! -i br0 -o br0 -p tcp -m tcp --dport 80 -j DROP', true],
    ['-i br+ -j DROP', true],
    ['-o br1 -j DROP', false],
    ['-p udp -j DROP', false],
    ['-p tcp -m tcp --dport 1:100 -j DROP', true],
    ['-p tcp -m tcp --dport :79 -j DROP', false],
    ['-p tcp -m tcp ! --dport 443 -j DROP', true],
    ['-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP', true],
    ['-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j DROP', false],
    ['-p tcp -m multiport --dports 443,80 -j DROP', true],
    ['-p tcp -m multiport ! --ports 1:1024 -j DROP', false],
    ['-m conntrack --ctstate RELATED,ESTABLISHED -j DROP', false],
    ['-m conntrack --ctstate NEW -j DROP', true],
    ['-m state --state INVALID,NEW -j DROP', true],
    ['-m conntrack --ctdir REPLY -j DROP', false],
    ['-m conntrack --ctorigdst 172.17.0.0/16 --ctorigdstport 80 -j DROP', true],
    ['-m mark --mark 0x10/0xf0 -j DROP', true],
    ['-m mark ! --mark 0x14 -j DROP', false],
    ['-m connmark --mark 0x0 -j DROP', true],
    ['-m addrtype --dst-type LOCAL -j DROP', false],
    ['-m addrtype ! --dst-type LOCAL -j DROP', true],
    ['-m iprange --src-range 10.0.0.1-10.0.0.9 -j DROP', true],
    ['-m set --match-set hosts src -j DROP', true],
    ['-m set ! --match-set hosts src -j DROP', false],
    ['-m set --match-set nets src -j DROP', false],
    ['-m set --match-set pairs dst,dst -j DROP', true],
    ['-m set --match-set pairs src,dst -j DROP', false],
    ['-m set --match-set ports dst -j DROP', true],
    ['-m set --match-set all dst -j DROP', true],
    ['-m length --length 0:59 -j DROP', false],
    ['-m ttl --ttl-lt 64 -j DROP', true],
    ['-m comment --comment "-d 1.2.3.4 -j ACCEPT" -j DROP', true],
    ['-m comment --comment -j -j DROP', true],
    ['-m physdev --physdev-is-bridged -j DROP', false],
    ['-m owner --uid-owner 1000 -j DROP', false],
    ['-m ipvs --ipvs -j DROP', false],
    ['-m pkttype --pkt-type multicast -j DROP', false],
    ['-m statistic --mode random --probability 0.5 -j DROP', '-m statistic --mode random --probability 0.5'],
    ['-m statistic --mode random --probability 0.5 -p udp -j DROP', false],
    ['-m recent --rcheck --seconds 60 --name x -j DROP', '-m recent --rcheck --seconds 60 --name x'],
    ['-m set --match-set nobody src -j DROP', 'set nobody, which is not in the facts'],
    ['-m something --new -j DROP', '-m something --new'],
  ])('%s: %s', (text, expected) => {
    expect(iptables(text)).toBe(expected)
  })

  test.each([
    ['-m conntrack --ctstate RELATED,ESTABLISHED -j DROP', { tracking: ESTABLISHED }, true],
    ['-m conntrack --ctdir REPLY -j DROP', { tracking: ESTABLISHED }, true],
    ['-p icmp -m icmp --icmp-type 8 -j DROP', { protocol: 1, icmp: { type: 8, code: 0, id: 1 } }, true],
    ['-p icmp -m icmp --icmp-type 3/4 -j DROP', { protocol: 1, icmp: { type: 3, code: 3, id: 0 } }, false],
    ['-m physdev --physdev-in v0 -j DROP', { bridged: { in: { ...link('br0'), name: 'v0' } } }, true],
    ['-m owner --uid-owner 1000-1009 -j DROP', { owner: { uid: 1004 } }, true],
    ['-m owner --uid-owner 1000 -j DROP', { owner: { uid: undefined } }, 'the sender has uid 1000-1000'],
    ['-m mac --mac-source 02:00:00:00:00:0A -j DROP', { sourceMac: '02:00:00:00:00:0a' }, true],
    ['-m policy --dir in --pol ipsec -j DROP', { decrypted: true }, true],
    [
      '-p udp -m udp --dport 4789 -m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100200" -j DROP',
      { protocol: 17, destinationPort: 4789, vni: 4098 },
      true,
    ],
    [
      '-p udp -m bpf --bytecode "5,177 0 0 0,64 0 0 12,84 0 0 4294967040,21 0 1 1049088,6 0 0 4294967295,6 0 0 0" -j DROP',
      { protocol: 17, destinationPort: 4789, vni: 4098 },
      true,
    ],
  ] as [string, Partial<Packet>, boolean | string][])('%s of a special packet', (text, packet, expected) => {
    expect(iptables(text, packet)).toBe(expected)
  })

  test('a mark is set, kept with the connection and restored', () => {
    const about = context()
    const apply = (text: string) => {
      const rule = {
        backend: 'nft',
        family: 'ip',
        table: 'mangle',
        chain: 'FORWARD',
        position: 1,
        text,
        syntax: 'iptables',
        packets: 0,
        bytes: 0,
      } as const
      verdictOf(compileIptables(rule), about)
    }
    apply('-j MARK --set-xmark 0x3/0xf')
    expect(about.packet.mark).toBe(0x13)
    apply('-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xf')
    expect(about.packet.tracking?.connection?.mark).toBe(3)
    about.packet.mark = 0
    apply('-j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff')
    expect(about.packet.mark).toBe(3)
  })

  test('a rule of a long chain is found by what it names exactly, and never by what stands in a comment', () => {
    expect(iptablesKeys('-d 172.17.0.2/32 ! -i br0 -o br0 -p tcp -m tcp --dport 80 -j ACCEPT')).toEqual({
      destination: '172.17.0.2',
      out: 'br0',
      destinationPort: 80,
    })
    expect(iptablesKeys('-s 10.0.0.0/8 -i eth+ -p tcp -m tcp --dport 1:80 -j ACCEPT')).toEqual({ source: '10.0.0.0/8' })
    expect(iptablesKeys('-m comment --comment "x -d 10.0.0.1/32 --dport 80" -j ACCEPT')).toEqual({})
    expect(iptablesKeys('-m comment --comment -d -j ACCEPT')).toEqual({})
  })
})

const SETS: NftSet[] = [
  {
    family: 'inet',
    table: 't',
    name: 'nets',
    kind: 'set',
    type: 'ipv4_addr',
    flags: ['interval'],
    elements: [{ prefix: { addr: '10.0.0.0', len: 8 } }],
  },
  {
    family: 'inet',
    table: 't',
    name: 'pairs',
    kind: 'set',
    type: 'ipv4_addr . inet_service',
    flags: [],
    elements: [{ concat: ['172.17.0.2', 80] }],
  },
]

function native(...expressions: unknown[]): boolean | string {
  const rule = {
    backend: 'nft',
    family: 'inet',
    table: 't',
    chain: 'c',
    position: 1,
    text: '',
    syntax: 'nft',
    packets: -1,
    bytes: -1,
    expressions,
  } as const
  return verdictOf(
    compileNft(rule, (name) => SETS.find((set) => set.name === name)),
    context(),
  )
}

const match = (left: unknown, right: unknown, op = '==') => ({ match: { op, left, right } })
const payload = (protocol: string, field: string) => ({ payload: { protocol, field } })
const drop = { drop: null }

describe('nft', () => {
  test.each([
    ['an address', [match(payload('ip', 'saddr'), '10.0.0.2')], true],
    ['a prefix', [match(payload('ip', 'saddr'), { prefix: { addr: '10.0.0.0', len: 24 } })], true],
    ['not a prefix', [match(payload('ip', 'saddr'), { prefix: { addr: '10.0.0.0', len: 24 } }, '!=')], false],
    ['a named set', [match(payload('ip', 'saddr'), '@nets')], true],
    ['a set that is not there', [match(payload('ip', 'saddr'), '@gone')], 'ip saddr == "@gone"'],
    ['a port in braces', [match(payload('tcp', 'dport'), { set: [443, { range: [80, 90] }] })], true],
    ['a port of another protocol', [match(payload('udp', 'dport'), 80)], false],
    ['not a port of another protocol', [match(payload('udp', 'dport'), 80, '!=')], false],
    ['a concatenation', [match({ concat: [payload('ip', 'daddr'), payload('tcp', 'dport')] }, '@pairs')], true],
    ['a link', [match({ meta: { key: 'iifname' } }, 'br1')], true],
    ['links by their beginning', [match({ meta: { key: 'oifname' } }, 'br*')], true],
    ['a mark with a mask', [match({ '&': [{ meta: { key: 'mark' } }, 0xf0] }, 0x10)], true],
    ['a protocol by name', [match({ meta: { key: 'l4proto' } }, { set: ['tcp', 'udp'] })], true],
    ['a family', [match({ meta: { key: 'nfproto' } }, 'ipv6')], false],
    ['states', [match({ ct: { key: 'state' } }, ['established', 'related'], 'in')], false],
    ['a state in braces', [match({ ct: { key: 'state' } }, { set: ['new', 'established'] })], true],
    ['not a state', [match({ ct: { key: 'state' } }, 'new', '!=')], false],
    ['flags under a mask', [match({ '&': [payload('tcp', 'flags'), ['syn', 'ack']] }, 'syn')], true],
    ['any flag', [match(payload('tcp', 'flags'), 'ack', 'in')], false],
    ['a type of address', [match({ fib: { result: 'type', flags: ['daddr'] } }, 'local')], false],
    ['a size', [match({ meta: { key: 'length' } }, 60, '<=')], true],
    ['a limit', [{ limit: { rate: 5, per: 'minute' } }], '{"limit":{"rate":5,"per":"minute"}}'],
    ['what nobody knows', [match({ socket: { key: 'transparent' } }, 1)], '{"socket":{"key":"transparent"}}'],
    ['a false match behind an unknown one', [{ limit: { rate: 5 } }, match(payload('tcp', 'dport'), 443)], false],
  ])('%s', (_, expressions, expected) => {
    expect(native(...expressions, drop)).toBe(expected)
  })

  test('a verdict map leads to its element, and to nothing for what it does not hold', () => {
    const map = (...pairs: [unknown, unknown][]) => ({ vmap: { key: payload('tcp', 'dport'), data: { set: pairs } } })
    expect(native(map([80, { drop: null }], [443, { accept: null }]))).toBe(true)
    expect(native(map([443, { drop: null }]))).toBe(false)
  })

  test('a packet is sent to what a map has for its port', () => {
    const about = context()
    const to = { map: { key: payload('tcp', 'dport'), data: { set: [[80, '10.1.1.1']] } } }
    const rule = {
      backend: 'nft',
      family: 'ip',
      table: 't',
      chain: 'c',
      position: 1,
      text: '',
      syntax: 'nft',
      packets: -1,
      bytes: -1,
      expressions: [{ dnat: { addr: to, port: 8080 } }],
    } as const
    const [step] = compileNft(rule, () => undefined).steps
    expect(step?.run(about)).toMatchObject({
      kind: 'nat',
      nat: { kind: 'dnat', ports: [8080, 8080], addresses: [{ text: '10.1.1.1' }, {}] },
    })
  })
})
