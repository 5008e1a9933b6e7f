import { addressType } from '../../routing/input.ts'
import { matchIpSet } from '../ipset.ts'
import { rpFilterTest } from '../reverse-path-test.ts'
import { not, type RuleContext, type Step, type Truth, test } from '../rule.ts'
import { inAddressRange, inRange, nameTest, toAddressRange, toMasked, toRange } from '../values.ts'
import { connectionModules } from './connection-modules.ts'
import { headerModules } from './header-modules.ts'
import type { RuleOption } from './tokens.ts'

interface ModuleOptions {
  readonly module: string
  readonly options: readonly RuleOption[]
}

/** How one option of a module is asked; undefined when it says nothing by itself. */
export type OptionTest = (
  option: RuleOption,
  all: readonly RuleOption[],
) => ((context: RuleContext) => Truth) | undefined

const always = (): undefined => undefined

/** Module → option → its test. `*` stands for every option. */
const MODULES: Readonly<Record<string, Readonly<Record<string, OptionTest>>>> = {
  ...headerModules,
  ...connectionModules,
  comment: { '*': always },
  nfacct: { '*': always },
  mark: {
    '--mark': ({ values: [text = ''] }) => {
      const [value, mask] = toMasked(text)
      return ({ packet }) => (packet.mark & mask) >>> 0 === value
    },
  },
  addrtype: {
    '--src-type': (option, all) => typeTest(option, all, 'source'),
    '--dst-type': (option, all) => typeTest(option, all, 'destination'),
    '--limit-iface-in': always,
    '--limit-iface-out': always,
  },
  iprange: {
    '--src-range': ({ values: [text = ''] }) => rangeTest(text, 'source'),
    '--dst-range': ({ values: [text = ''] }) => rangeTest(text, 'destination'),
  },
  set: {
    '--match-set':
      ({ values: [name = '', directions = ''] }) =>
      (context) =>
        matchIpSet(context, name, directions.split(',')),
    '--return-nomatch': always,
  },
  physdev: {
    '--physdev-in': ({ values: [name = ''] }) => physicalTest(name, 'in'),
    '--physdev-out': ({ values: [name = ''] }) => physicalTest(name, 'out'),
    '--physdev-is-in':
      () =>
      ({ packet }) =>
        packet.bridged?.in !== undefined,
    '--physdev-is-out':
      () =>
      ({ packet }) =>
        packet.bridged?.out !== undefined,
    '--physdev-is-bridged':
      () =>
      ({ packet }) =>
        packet.bridged?.out !== undefined,
  },
  mac: {
    '--mac-source':
      ({ values: [mac = ''] }) =>
      ({ packet }) =>
        packet.sourceMac === mac.toLowerCase(),
  },
  owner: {
    '--uid-owner': ({ values: [text = ''] }) => ownerTest(toRange(text)),
    '--gid-owner':
      ({ values: [text = ''] }) =>
      ({ packet }) =>
        packet.owner === undefined ? false : `the sender has group ${text}`,
    '--socket-exists':
      () =>
      ({ packet }) =>
        packet.owner !== undefined,
  },
  recent: {
    // it notes the address, and matches whether it was known or not
    '--set': () => () => true,
    '--rcheck': (_, all) => pastTest(all),
    '--update': (_, all) => pastTest(all),
    '--remove': (_, all) => pastTest(all),
    '*': always,
  },
  rpfilter: {
    '*': (option, all) => (option === all[0] ? rpFilterTest(new Set(all.map(({ name }) => name))) : undefined),
  },
  policy: {
    '--dir': always,
    '--pol': ({ values: [kind = ''] }, all) => {
      const isIn = all.some(({ name, values }) => name === '--dir' && values[0] === 'in')
      return ({ packet }) =>
        isIn ? (packet.decrypted === true) === (kind === 'ipsec') : `the packet leaves by IPsec policy ${kind}`
    },
  },
  ipvs: {
    '--ipvs':
      () =>
      ({ packet }) =>
        packet.viaIpvs === true,
  },
  devgroup: {
    '--src-group': ({ values: [text = ''] }) => groupTest(text, 'in'),
    '--dst-group': ({ values: [text = ''] }) => groupTest(text, 'out'),
  },
  pkttype: {
    '--pkt-type':
      ({ values: [type = ''] }) =>
      () =>
        type === 'unicast',
  },
}

/** Steps of one `-m MODULE` with its options. */
export function moduleSteps({ module, options }: ModuleOptions): Step[] {
  const known = MODULES[module]
  if (known === undefined) return [unknownModule(module, options)]
  // rpfilter without options is a test as well
  if (module === 'rpfilter' && options.length === 0) return [test(rpFilterTest(new Set()))]
  return options.flatMap((option) => {
    const make = known[option.name] ?? known['*']
    if (make === undefined) return [unknownModule(module, [option])]
    const run = make(option, options)
    if (run === undefined) return []
    return [test(option.negated ? (context) => not(run(context)) : run)]
  })
}

function unknownModule(module: string, options: readonly RuleOption[]): Step {
  const what = matchText(module, options)
  return test(() => what)
}

function matchText(module: string, options: readonly RuleOption[]): string {
  const words = options.map(({ name, values, negated }) =>
    [negated ? '!' : '', name, ...values].filter(Boolean).join(' '),
  )
  return [`-m ${module}`, ...words].join(' ')
}

/** Which addresses were seen before is not among the facts. */
function pastTest(all: readonly RuleOption[]): () => Truth {
  const what = matchText('recent', all)
  return () => what
}

function typeTest({ values: [types = ''] }: RuleOption, all: readonly RuleOption[], side: 'source' | 'destination') {
  const wanted = new Set(types.toLowerCase().split(','))
  const limit = all.find(({ name }) => name.startsWith('--limit-iface'))?.name
  return ({ space, packet, in: incoming, out }: RuleContext): boolean => {
    const link = limit === undefined ? undefined : limit.endsWith('in') ? incoming : out
    return wanted.has(addressType(space, packet[side], link?.index))
  }
}

function rangeTest(text: string, side: 'source' | 'destination') {
  const range = toAddressRange(text)
  return ({ packet }: RuleContext): boolean => range !== undefined && inAddressRange(packet[side], range)
}

function physicalTest(pattern: string, side: 'in' | 'out') {
  const matches = nameTest(pattern)
  return ({ packet }: RuleContext): boolean => matches(packet.bridged?.[side]?.name)
}

function ownerTest(range: readonly [number, number]) {
  return ({ packet }: RuleContext): Truth => {
    if (packet.owner === undefined) return false
    return packet.owner.uid === undefined ? `the sender has uid ${range.join('-')}` : inRange(packet.owner.uid, range)
  }
}

function groupTest(text: string, side: 'in' | 'out') {
  const [value, mask] = toMasked(text)
  return (context: RuleContext): boolean => ((context[side]?.group ?? 0) & mask) >>> 0 === value
}
