import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTraceWorld, type TraceWorld } from './trace-world.ts'

let host: TraceWorld

beforeAll(async () => {
  host = await openTraceWorld()
}, 60_000)
afterAll(() => host?.close())

const neighboursOf = (namespace: string) => host.world.run('ip', ['-n', namespace, 'neigh', 'show'])
const arp = (...words: string[]) => host.trace(...words, '--proto', 'arp')

test('who has an address is said with its MAC and its owner, by the links that the question took', async () => {
  const traced = await arp('web', 'db')
  const mac = (await host.world.run('ip', ['-n', 'db', '-br', 'link', 'show', 'eth0'])).match(/(\w\w:){5}\w\w/)?.[0]
  expect(traced).toMatchObject({ verdict: 'delivered', evidence: 'answer', disagreements: [], notes: [] })
  expect(traced.reason).toBe(`172.19.0.2 is at ${mac} (db eth0), says the answer to web`)
  const seen = traced.hops.filter(({ evidence }) => evidence === 'seen')
  expect(seen.map(({ name, direction, subject }) => `${name} ${direction} ${subject}`)).toEqual([
    'web out eth0',
    'dockerhost in vweb',
    'dockerhost out vdb',
    'db in eth0',
  ])
  expect(traced.reply?.hops.map(({ name }) => name)).toEqual(['db', 'dockerhost', 'dockerhost', 'web'])
  expect(traced.predicted).toBeUndefined()
})

test('two who have an address are a duplicate', async () => {
  const [fault, undo] = ['add', 'del'].map((verb) => `ip addr ${verb} 172.19.0.2/32 dev br0`)
  await host.sick('dockerhost', fault ?? '', undo ?? '', async () => {
    const { reason } = await arp('web', '172.19.0.2')
    expect(reason).toMatch(/^duplicate address: 172\.19\.0\.2 is at .+ and at .+, says each of them to web$/)
    expect(reason).toContain('(db eth0)')
    expect(reason).toContain('(dockerhost ')
  })
})

test('asked for an address of its own, nobody learns anything', async () => {
  const [fault, undo] = ['add', 'del'].map((verb) => `ip addr ${verb} 172.19.0.2/32 dev eth0`)
  await host.sick('web', fault ?? '', undo ?? '', async () => {
    await host.world.run('ip', ['-n', 'db', 'neigh', 'flush', 'all'])
    const traced = await arp('web', '172.19.0.2', '--link', 'eth0')
    expect(traced.probe.source).toBe('0.0.0.0')
    expect(traced.reason).toContain('(db eth0)')
    expect(await neighboursOf('db')).not.toMatch(/172\.19\.0\.[23].*(REACHABLE|STALE)/)
  })
})

test('who does not answer is said, with who heard it', async () => {
  await host.sick(
    'db',
    'sysctl -qw net.ipv4.conf.eth0.arp_ignore=8',
    'sysctl -qw net.ipv4.conf.eth0.arp_ignore=0',
    async () => {
      const traced = await arp('web', '172.19.0.2')
      expect(traced).toMatchObject({ verdict: 'dropped', where: { kind: 'neighbour', name: 'web' } })
      expect(traced.reason).toContain('db has it on eth0 and keeps silent')
    },
  )
})

test.each([
  ['an address that is no neighbour', ['a', '10.2.0.2'], 'only neighbours can be asked'],
  ['an address of IPv6', ['web', 'fd19::2'], 'IPv6 has no ARP'],
  ['a port', ['web', 'db:80'], 'ARP knows no ports'],
])('%s cannot be asked for: 2', async (_, words, message) => {
  const result = await host.world.tryRun(process.execPath, [host.program, 'trace', ...words, '--proto', 'arp'])
  expect(result).toMatchObject({ status: 2, stdout: '' })
  expect(result.stderr).toContain(message)
})
