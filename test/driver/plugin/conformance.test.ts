import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NativeIpam } from '../../../src/driver/ipam/native-ipam.ts'
import type { CheckResult } from '../../../src/driver/plugin/conformance/check.ts'
import { runConformance } from '../../../src/driver/plugin/conformance/run-conformance.ts'
import { PluginServer } from '../../../src/driver/plugin/plugin-server.ts'
import { BrokenPlugin, change, refuseWith, type Spoil } from './broken-plugin.ts'
import { MemoryDriver } from './memory-driver.ts'

let folder: string
let right: string
let driver: MemoryDriver
let ipam: NativeIpam
let closing: (() => Promise<void>)[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsnet-conform-'))
  right = join(folder, 'right.sock')
  driver = new MemoryDriver()
  ipam = new NativeIpam({ stateFolder: join(folder, 'ipam') })
  const server = new PluginServer({ drivers: { network: driver, ipam } })
  closing = [() => server.close()]
  await server.listen(right)
})

afterEach(async () => {
  for (const close of closing.reverse()) await close()
  rmSync(folder, { recursive: true })
})

function examine(socket: string, drivers: 'network' | 'ipam' | 'both' = 'both'): Promise<CheckResult[]> {
  return runConformance(socket, { deadlineMs: 300, networkOptions: {}, sandboxKey: '/run/docker/netns/x', drivers })
}

async function examineBroken(spoils: Readonly<Record<string, Spoil>>): Promise<CheckResult[]> {
  const broken = new BrokenPlugin(right, spoils)
  closing.push(() => broken.close())
  const socket = join(folder, 'broken.sock')
  await broken.listen(socket)
  return examine(socket)
}

const idsOf = (results: readonly CheckResult[], outcome: string) =>
  results.filter((result) => result.outcome === outcome).map(({ id }) => id)

test('our own plugin passes all that can be tested, and nothing is left in it', async () => {
  const results = await examine(right)
  expect(results.filter(({ outcome }) => outcome === 'fail' || outcome === 'warning')).toEqual([])
  expect(idsOf(results, 'skipped')).toEqual([
    'capabilities/gateway-check',
    'capabilities/discovery',
    'container/link-unconfigured',
    'ipam-restart/replay-pool',
    'ipam-restart/replay-gateway',
    'ipam-restart/mac',
  ])
  expect(idsOf(results, 'pass').length).toBeGreaterThan(75)
  expect([driver.networks.size, driver.endpoints.size, driver.joined.size, driver.published.size]).toEqual([0, 0, 0, 0])
  const pool = await ipam.requestPool({ addressSpace: 'LocalDefault', pool: '198.18.0.0/16', options: {}, v6: false })
  expect(pool.pool).toBe('198.18.0.0/16')
})

test('one kind of driver can be examined alone', async () => {
  const of = async (drivers: 'network' | 'ipam') => (await examine(right, drivers)).map(({ id }) => id)
  expect((await of('network')).filter((id) => id.includes('ipam'))).toEqual([])
  expect((await of('ipam')).filter((id) => id.startsWith('container'))).toEqual([])
})

test('a plugin that is not there is an error', async () => {
  await expect(examine(join(folder, 'nobody.sock'))).rejects.toThrow(/ENOENT/)
})

const json = (value: unknown) => ({ status: 200, text: JSON.stringify(value) })

/** What is planted, in which answers, and which rules must notice. */
const FAULTS: readonly [string, Readonly<Record<string, Spoil>>, string[]][] = [
  ['the scope "fake"', { 'NetworkDriver.GetCapabilities': change(() => ({ Scope: 'fake' })) }, ['capabilities/scope']],
  ['no scope', { 'NetworkDriver.GetCapabilities': change(() => ({})) }, ['capabilities/scope']],
  [
    'the address echoed',
    { 'NetworkDriver.CreateEndpoint': change((_, request) => ({ Interface: request['Interface'] })) },
    ['container/mac-kept', 'container/address-kept', 'ipv6/addresses-kept'],
  ],
  [
    'a wrong field for the link',
    {
      'NetworkDriver.Join': change(({ InterfaceName, ...rest }) => ({
        ...rest,
        InterfaceName: { SourceName: (InterfaceName as { SrcName: string }).SrcName, DstPrefix: 'eth' },
      })),
    },
    ['container/link-name', 'every-answer/known-fields'],
  ],
  [
    'a field of a wrong type',
    { 'NetworkDriver.Join': change((answer) => ({ ...answer, DisableGatewayService: 'no' })) },
    ['container/join', 'every-answer/decodes'],
  ],
  [
    'a gateway with a mask',
    { 'NetworkDriver.Join': change((answer) => ({ ...answer, Gateway: '198.18.1.1/24' })) },
    ['container/gateway'],
  ],
  [
    'a gateway elsewhere',
    { 'NetworkDriver.Join': change((answer) => ({ ...answer, Gateway: '10.9.9.9' })) },
    ['container/gateway'],
  ],
  [
    'no gateway',
    { 'NetworkDriver.Join': change((answer) => ({ ...answer, Gateway: '' })) },
    ['container/default-route'],
  ],
  [
    'a route without a next hop',
    {
      'NetworkDriver.Join': change((answer) => ({
        ...answer,
        StaticRoutes: [{ Destination: '10.0.0.0/8', RouteType: 0, NextHop: '' }],
      })),
    },
    ['container/routes'],
  ],
  [
    'a link with a name that is too long',
    { 'NetworkDriver.Join': change((answer) => ({ ...answer, InterfaceName: { SrcName: 'x'.repeat(16) } })) },
    ['container/link-name'],
  ],
  [
    'another link the second time',
    {
      'NetworkDriver.Join': ({ status, text }, { count }) => {
        return { status, text: text.replace(/"SrcName":"mem/, `"SrcName":"m${count}m`) }
      },
    },
    ['repeats/same-link'],
  ],
  [
    'an error with status 200 in Err',
    { 'NetworkDriver.CreateNetwork': () => json({ Err: 'boom' }) },
    ['container/create-network', 'repeats/setting'],
  ],
  [
    'an error with status 200 and Err missing',
    { 'NetworkDriver.CreateEndpoint': refuseWith((text) => json({ Error: text })) },
    ['strangers/create-endpoint', 'malformed-network/empty-body', 'every-answer/error-field'],
  ],
  [
    'errors that are no errors',
    { 'NetworkDriver.Join': refuseWith(() => json({})) },
    ['strangers/join', 'malformed-network/empty-body', 'malformed-network/not-json'],
  ],
  [
    'an IPAM error with status 200 in Err',
    { 'IpamDriver.RequestAddress': refuseWith((text) => json({ Err: text })) },
    ['ipam-network/taken', 'ipam-exhaustion/end', 'every-answer/error-field'],
  ],
  [
    'a network that can be made but once',
    {
      'NetworkDriver.CreateNetwork': (answer, { body }) => {
        if (!body.endsWith('}') || !seen(body)) return answer
        return { status: 500, text: '{"Err":"there is one already"}' }
      },
    },
    ['repeats/create-network'],
  ],
  [
    'an endpoint that can be deleted but once',
    {
      'NetworkDriver.DeleteEndpoint': (answer, { body }) => {
        return seen(body) ? { status: 500, text: '{"Err":"no such endpoint"}' } : answer
      },
    },
    ['repeats/delete-endpoint'],
  ],
  ['a method that hangs', { 'NetworkDriver.Join': () => undefined }, ['container/join', 'every-answer/in-time']],
  [
    'garbage',
    { 'NetworkDriver.DeleteNetwork': () => ({ status: 200, text: '<html>' }) },
    ['container/delete-network', 'every-answer/decodes'],
  ],
  [
    'an unknown method taken for known',
    { 'NetworkDriver.NoSuchMethod': () => json({}) },
    ['activation/unknown-method'],
  ],
  ['nothing implemented', { 'Plugin.Activate': () => json({ Implements: [] }) }, ['activation/kinds']],
  [
    'a pool that is the range',
    {
      'IpamDriver.RequestPool': change((answer, request) => ({
        ...answer,
        Pool: request['SubPool'] || answer['Pool'],
      })),
    },
    ['ipam-network/pool-kept'],
  ],
  [
    'another id for the same pool',
    {
      'IpamDriver.RequestPool': ({ status, text }, { count }) => {
        return { status, text: text.replace('"PoolID":"', `"PoolID":"${count}-`) }
      },
    },
    ['ipam-pools/same'],
  ],
  [
    'a pool without an id',
    { 'IpamDriver.RequestPool': change((answer) => ({ ...answer, PoolID: '' })) },
    ['ipam-network/pool-id'],
  ],
  [
    'addresses without a mask',
    { 'IpamDriver.RequestAddress': change(({ Address }) => ({ Address: String(Address).replace(/\/.*/, '') })) },
    ['ipam-network/gateway', 'ipam-network/dynamic', 'ipam-exhaustion/addresses'],
  ],
  [
    'one address for all',
    {
      'IpamDriver.RequestAddress': change((answer, { Address }) =>
        Address === '' ? { Address: '198.18.10.70/24' } : answer,
      ),
    },
    ['ipam-network/different'],
  ],
  [
    'address spaces without names',
    { 'IpamDriver.GetDefaultAddressSpaces': () => json({}) },
    ['ipam-capabilities/space-names'],
  ],
  [
    'a promise of replay that is not kept',
    {
      'IpamDriver.GetCapabilities': () => json({ RequiresRequestReplay: true }),
      'IpamDriver.RequestAddress': (answer, { body }) => {
        return body.includes('gateway') && seen(body)
          ? { status: 500, text: '{"Err":"Address already in use"}' }
          : answer
      },
    },
    ['ipam-restart/replay-gateway'],
  ],
]

let bodies = new Set<string>()

/** Whether this very message came before. */
function seen(body: string): boolean {
  const before = bodies.has(body)
  bodies.add(body)
  return before
}

describe('a plugin is caught for', () => {
  beforeEach(() => {
    bodies = new Set()
  })

  test.each(FAULTS)('%s', async (_, spoils, expected) => {
    const results = await examineBroken(spoils)
    const broken = [...idsOf(results, 'fail'), ...idsOf(results, 'warning')]
    expect(broken).toEqual(expect.arrayContaining(expected))
    for (const result of results) {
      if (result.outcome === 'pass') expect(result.reason).toBeUndefined()
      else expect(result.reason).not.toBe('')
    }
  })
})

test('a fault in one answer is not blamed on the rest', async () => {
  const results = await examineBroken({ 'NetworkDriver.GetCapabilities': change(() => ({ Scope: 'fake' })) })
  expect(idsOf(results, 'fail')).toEqual(['capabilities/scope'])
})

test('a method that hangs costs its deadline once', async () => {
  const start = performance.now()
  const results = await examineBroken({ 'NetworkDriver.CreateNetwork': () => undefined })
  expect(performance.now() - start).toBeLessThan(5000)
  expect(results.find(({ id }) => id === 'container/join')).toMatchObject({
    outcome: 'skipped',
    reason: 'create-network failed',
  })
})

test('what is broken comes with what an engine does with it', async () => {
  const results = await examineBroken({ 'NetworkDriver.Join': change((answer) => ({ ...answer, Gateway: 'home' })) })
  expect(results.find(({ id }) => id === 'container/gateway')).toEqual({
    id: 'container/gateway',
    rule: 'a gateway is a plain address on the link',
    outcome: 'fail',
    reason: 'Gateway "home" is no plain address',
    consequence: 'the container does not start: "invalid gateway", or "network is unreachable"',
  })
})
