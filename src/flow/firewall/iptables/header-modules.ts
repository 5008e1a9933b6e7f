import { TCP_FLAG } from '../../packet.ts'
import { bpfTest } from '../bpf.ts'
import type { RuleContext } from '../rule.ts'
import { u32Test } from '../u32.ts'
import { inRange, toMasked, toRange } from '../values.ts'
import type { OptionTest } from './modules.ts'

type PortSide = 'sourcePort' | 'destinationPort'

const PORTS: Readonly<Record<string, OptionTest>> = {
  '--sport': ({ values: [text = ''] }) => portTest(text, 'sourcePort'),
  '--dport': ({ values: [text = ''] }) => portTest(text, 'destinationPort'),
}

/** Matches on what stands in the headers of a packet. */
export const headerModules: Readonly<Record<string, Readonly<Record<string, OptionTest>>>> = {
  tcp: {
    ...PORTS,
    '--tcp-flags': ({ values: [mask = '', wanted = ''] }) => {
      const [masked, set] = [flagBits(mask), flagBits(wanted)]
      return ({ packet }) => ((packet.tcpFlags ?? 0) & masked) === set
    },
  },
  udp: PORTS,
  udplite: PORTS,
  sctp: PORTS,
  dccp: PORTS,
  multiport: {
    '--sports': ({ values: [text = ''] }) => portsTest(text, ['sourcePort']),
    '--dports': ({ values: [text = ''] }) => portsTest(text, ['destinationPort']),
    '--ports': ({ values: [text = ''] }) => portsTest(text, ['sourcePort', 'destinationPort']),
  },
  icmp: { '--icmp-type': ({ values: [text = ''] }) => icmpTest(text, ICMP_NAMES) },
  icmp6: { '--icmpv6-type': ({ values: [text = ''] }) => icmpTest(text, ICMP6_NAMES) },
  length: {
    '--length': ({ values: [text = ''] }) => {
      const range = toRange(text)
      return ({ packet }) => inRange(packet.size, range)
    },
  },
  ttl: {
    '--ttl-eq':
      ({ values: [text = ''] }) =>
      ({ packet }) =>
        packet.ttl === Number(text),
    '--ttl-lt':
      ({ values: [text = ''] }) =>
      ({ packet }) =>
        packet.ttl < Number(text),
    '--ttl-gt':
      ({ values: [text = ''] }) =>
      ({ packet }) =>
        packet.ttl > Number(text),
  },
  hl: {
    '--hl-eq':
      ({ values: [text = ''] }) =>
      ({ packet }) =>
        packet.ttl === Number(text),
    '--hl-lt':
      ({ values: [text = ''] }) =>
      ({ packet }) =>
        packet.ttl < Number(text),
    '--hl-gt':
      ({ values: [text = ''] }) =>
      ({ packet }) =>
        packet.ttl > Number(text),
  },
  tos: {
    '--tos': ({ values: [text = ''] }) => {
      const [value, mask] = toMasked(text)
      return ({ packet }) => (packet.tos & mask & 0xff) === value
    },
  },
  dscp: {
    '--dscp':
      ({ values: [text = ''] }) =>
      ({ packet }) =>
        packet.tos >> 2 === Number(text),
  },
  u32: { '--u32': ({ values: [text = ''] }) => u32Test(text) },
  bpf: { '--bytecode': ({ values: [text = ''] }) => bpfTest(text) },
}

function portTest(text: string, side: PortSide) {
  const range = toRange(text)
  return ({ packet }: RuleContext): boolean => inRange(packet[side], range)
}

function portsTest(text: string, sides: readonly PortSide[]) {
  const ranges = text.split(',').map(toRange)
  return ({ packet }: RuleContext): boolean =>
    sides.some((side) => ranges.some((range) => inRange(packet[side], range)))
}

function flagBits(names: string): number {
  if (names === 'ALL') return 0x3f
  return names.split(',').reduce((bits, name) => bits | (TCP_FLAG[name as keyof typeof TCP_FLAG] ?? 0), 0)
}

/** iptables-save writes numbers; these are for rules that a person typed into a file. */
const ICMP_NAMES: Readonly<Record<string, string>> = {
  any: 'any',
  'echo-reply': '0',
  'destination-unreachable': '3',
  'fragmentation-needed': '3/4',
  'echo-request': '8',
  'time-exceeded': '11',
}
const ICMP6_NAMES: Readonly<Record<string, string>> = {
  any: 'any',
  'destination-unreachable': '1',
  'packet-too-big': '2',
  'time-exceeded': '3',
  'echo-request': '128',
  'echo-reply': '129',
}

function icmpTest(text: string, names: Readonly<Record<string, string>>) {
  const wanted = names[text] ?? text
  const [type = '', code] = wanted.split('/')
  return ({ packet: { icmp } }: RuleContext): boolean => {
    if (icmp === undefined) return false
    if (wanted === 'any' || wanted === '255') return true
    return icmp.type === Number(type) && (code === undefined || icmp.code === Number(code))
  }
}
