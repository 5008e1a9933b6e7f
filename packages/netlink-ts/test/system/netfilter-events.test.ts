import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  decodeConntrackEvent,
  decodeNftGeneration,
  decodeNftTrace,
  isNftGeneration,
  isNftTrace,
  type Message,
  NETLINK,
  NetlinkSocket,
  NFNL_SUBSYS,
  NFNLGRP,
  newNftChain,
  newNftRule,
  newNftTable,
  nfnetlinkBatch,
  nftTraceOn,
  nftVerdict,
  Subscription,
} from '../../src/index.ts'
import { type TestNamespace, testNamespace } from '../helpers/namespace.ts'

const DEADLINE_MS = 20_000
let namespace: TestNamespace
let socket: NetlinkSocket
let subscription: Subscription<'netfilter'>

beforeAll(() => {
  namespace = testNamespace()
  const target = { path: `/run/netns/${namespace.name}` }
  socket = new NetlinkSocket(NETLINK.NETFILTER, { namespace: target })
  namespace.ip('link set lo up')
  const groups = Object.values(NFNLGRP)
  subscription = new Subscription()
  subscription.add(new NetlinkSocket(NETLINK.NETFILTER, { namespace: target, groups }), 'netfilter')
})

afterAll(async () => {
  await subscription.close()
  socket.close()
  namespace.remove()
})

/** Messages from now on, until `enough` says so of all that came. */
async function collect<T>(decode: (message: Message) => T | undefined, enough: (all: readonly T[]) => boolean) {
  const all: T[] = []
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  const late = new Promise<never>((_, reject) => {
    deadline.addEventListener('abort', () => reject(new Error(`only ${JSON.stringify(all)} in ${DEADLINE_MS} ms`)))
  })
  const reading = (async () => {
    for await (const { message } of subscription) {
      const value = message && decode(message)
      if (value !== undefined) all.push(value)
      if (enough(all)) return all
    }
    return all
  })()
  return await Promise.race([reading, late])
}

const BASE = { type: 'filter', hook: 'output', priority: -350 } as const

test('a transaction is told once, with the process that made it', async () => {
  nfnetlinkBatch(
    socket,
    [
      newNftTable({ family: 1, name: 'trace' }),
      newNftChain({ family: 1, table: 'trace', name: 'out', base: BASE }),
      newNftRule({ family: 1, table: 'trace', chain: 'out', expressions: [...nftTraceOn(), nftVerdict('accept')] }),
    ],
    { subsystem: NFNL_SUBSYS.NFTABLES },
  )
  const generations = await collect(
    (message) => (isNftGeneration(message) ? decodeNftGeneration(message) : undefined),
    (all) => all.length > 0,
  )
  expect(generations).toMatchObject([{ pid: process.pid }])
})

test('a traced packet tells its rule and verdict, and its connection begins', async () => {
  // Connections are tracked only where a rule asks about them, reached or not.
  namespace.run('nft add rule inet trace out ct state new accept')
  namespace.run('ping -c 1 -W 1 127.0.0.1')
  const events = await collect(
    (message) => {
      if (isNftTrace(message)) return { trace: decodeNftTrace(message) }
      return message.type >> 8 === NFNL_SUBSYS.CTNETLINK ? { connection: decodeConntrackEvent(message) } : undefined
    },
    (all) => all.some((event) => 'trace' in event) && all.some((event) => 'connection' in event),
  )
  const traces = events.flatMap((event) => ('trace' in event ? [event.trace] : []))
  expect(traces[0]).toMatchObject({ table: 'trace', chain: 'out', type: 'rule', verdict: 'accept', oif: 1 })
  const connections = events.flatMap((event) => ('connection' in event ? [event.connection] : []))
  expect(connections[0]).toMatchObject({ event: 'new', connection: { protocol: 1, original: { icmpType: 8 } } })
})
