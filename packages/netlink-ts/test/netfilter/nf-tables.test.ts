import { expect, test } from 'vitest'
import {
  counterOfExpression,
  decodeNftChain,
  decodeNftGeneration,
  decodeNftObject,
  decodeNftRule,
  decodeNftSet,
  decodeNftTable,
  decodeNftTrace,
  encodeMessage,
  isNftGeneration,
  messageAt,
  NFT_SET,
  newNftChain,
  newNftRule,
  newNftTable,
  nftTraceOn,
  nftVerdict,
  verdictOfExpression,
  xtablesOfExpression,
} from '../../src/index.ts'
import { fixture, messageOf } from '../helpers/hex.ts'

function decodeAll<T>(path: string, decode: (message: ReturnType<typeof messageOf>) => T): T[] {
  return fixture(path).map((bytes) => decode(messageOf(bytes)))
}

test('tables give family, name, comment and how many objects are in them', () => {
  expect(decodeAll('netfilter/nft-tables.hex', decodeNftTable)).toMatchObject([
    { familyName: 'ip', name: 'filter', use: 1, comment: undefined },
    { familyName: 'inet', name: 'ts-nf', use: 6, comment: "it's é" },
    { familyName: 'netdev', name: 'nd', use: 1 },
  ])
})

test('base chains give hook, signed priority, policy and device; a user chain gives none of them', () => {
  const chains = decodeAll('netfilter/nft-chains.hex', decodeNftChain)
  const chain = (name: string) => chains.find((row) => row.name === name)
  expect(chain('FORWARD')).toMatchObject({
    table: 'filter',
    hook: 'forward',
    priority: 0,
    policy: 'drop',
    type: 'filter',
  })
  expect(chain('FORWARD')?.counter).toEqual({ packets: 0, bytes: 0 })
  expect(chain('forward')).toMatchObject({ hook: 'forward', priority: -5, policy: 'drop', comment: 'base', use: 2 })
  expect(chain('nat')).toMatchObject({ hook: 'prerouting', priority: -100, policy: 'accept', type: 'nat' })
  expect(chain('i')).toMatchObject({ familyName: 'netdev', hook: 'ingress', devices: ['lo'] })
  expect(chain('user')).toMatchObject({ hook: undefined, priority: undefined, policy: undefined, devices: [] })
})

test('rules give handle, comment, counter, verdict and the iptables extensions inside', () => {
  const rules = decodeAll('netfilter/nft-rules.hex', decodeNftRule)
  const established = rules.find(({ counter }) => counter?.packets === 5)
  expect(established).toMatchObject({ table: 'ts-nf', chain: 'forward', counter: { packets: 5, bytes: 400 } })
  expect(established?.expressions.map(verdictOfExpression).at(-1)).toEqual({ verdict: 'accept', chain: undefined })
  const web = rules.find(({ comment }) => comment === 'web')
  expect(web?.expressions.map(({ name }) => name)).toContain('objref')
  expect(web?.expressions.map(verdictOfExpression).at(-1)).toEqual({ verdict: 'jump', chain: 'user' })
  const iptables = rules.find(({ familyName }) => familyName === 'ip')
  const extensions = iptables?.expressions.flatMap((expression) => xtablesOfExpression(expression)?.extension ?? [])
  expect(extensions).toContain('conntrack')
  expect(iptables?.expressions.some((expression) => counterOfExpression(expression))).toBe(true)
})

test('sets tell maps and anonymous sets apart and keep their comment', () => {
  const sets = decodeAll('netfilter/nft-sets.hex', decodeNftSet)
  const flagsOf = (name: string) => sets.find((set) => set.name === name)?.flags ?? 0
  expect(sets.find(({ name }) => name === 's')).toMatchObject({ table: 'ts-nf', keyLength: 4, comment: 'my set' })
  expect(flagsOf('s') & NFT_SET.INTERVAL).not.toBe(0)
  expect(flagsOf('m') & NFT_SET.MAP).not.toBe(0)
  expect(flagsOf('__set0') & NFT_SET.ANONYMOUS).not.toBe(0)
})

test('named objects give their type', () => {
  expect(decodeAll('netfilter/nft-objects.hex', decodeNftObject)).toMatchObject([
    { table: 'ts-nf', name: 'cc', type: 'counter', use: 1 },
  ])
})

test('the generation names the process that asked for it', () => {
  expect(decodeAll('netfilter/nft-generation.hex', decodeNftGeneration)).toMatchObject([{ processName: 'node' }])
})

test('one transaction ends in exactly one generation', () => {
  const messages = fixture('netfilter/nft-transaction.hex').map(messageOf)
  expect(messages.filter(isNftGeneration)).toHaveLength(1)
  expect(isNftGeneration(messages.at(-1) as (typeof messages)[0])).toBe(true)
})

test('a traced ping shows the jump, the return and the policy, with headers and interface once', () => {
  const traces = decodeAll('netfilter/nft-trace.hex', decodeNftTrace)
  const first = traces.filter(({ id, table }) => id === traces[0]?.id && table === 'ts-t')
  expect(first.map(({ type, verdict, policy }) => verdict ?? `${type} ${policy}`)).toEqual([
    'jump',
    'return',
    'continue',
    'policy accept',
  ])
  expect(first[0]).toMatchObject({ chain: 'out', verdictChain: 'u', oif: 1, ruleHandle: 4 })
  expect(first[0]?.networkHeader).toHaveLength(20)
  expect(first[0]?.transportHeader?.[0]).toBe(8)
  expect(first[1]).toMatchObject({ chain: 'u', verdict: 'return', networkHeader: undefined })
})

test('what is encoded decodes to the same', () => {
  const decode = <T>(
    request: ReturnType<typeof newNftTable>,
    decoder: (message: ReturnType<typeof messageOf>) => T,
  ): T => decoder(messageAt(encodeMessage(request.type, 0, request.fill ? { fill: request.fill } : {}), 0))
  expect(decode(newNftTable({ family: 1, name: 't', comment: 'tsnet: é' }), decodeNftTable)).toMatchObject({
    familyName: 'inet',
    name: 't',
    comment: 'tsnet: é',
  })
  const base = { type: 'filter', hook: 'output', priority: -350, policy: 'drop' } as const
  expect(decode(newNftChain({ family: 2, table: 't', name: 'c', base }), decodeNftChain)).toMatchObject(base)
  const expressions = [...nftTraceOn(), nftVerdict('goto', 'elsewhere')]
  const rule = decode(newNftRule({ family: 2, table: 't', chain: 'c', expressions }), decodeNftRule)
  expect(rule.expressions).toEqual(expressions)
  expect(verdictOfExpression(rule.expressions[2] as (typeof expressions)[0])).toEqual({
    verdict: 'goto',
    chain: 'elsewhere',
  })
})
