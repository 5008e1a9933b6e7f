import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTraceWorld, stopOf, type TraceWorld } from './trace-world.ts'

let host: TraceWorld

beforeAll(async () => {
  host = await openTraceWorld()
}, 60_000)
afterAll(() => host?.close())

/** Trace instances of ours on this machine, of whichever process. */
function instances(): Promise<string> {
  const mount = 'mkdir -p /run/tracing && mount -t tracefs tsnet-test /run/tracing && ls /run/tracing/instances'
  return host.world.run('unshare', ['--mount', 'sh', '-c', mount])
}

describe('a loss is told of with how it is known', () => {
  const BLACKHOLE = ['router', 'ip route add blackhole 10.2.0.2', 'ip route del blackhole 10.2.0.2'] as const

  test.each([
    // a kernel that is busy drops it a moment after our call: that proves less, and is said
    ['a blackhole', ...BLACKHOLE, ['a', 'b:80'], /^(drop|predicted)$/, 'NOT_SPECIFIED in ip_error'],
    [
      'a reverse path filter',
      'router',
      'sysctl -qw net.ipv4.conf.all.rp_filter=1',
      'sysctl -qw net.ipv4.conf.all.rp_filter=0',
      ['a', 'b:80', '--source-address', '10.3.0.2', '--link', 'eth0'],
      /^counter$/,
      'IPReversePathFilter +',
    ],
    [
      'forwarding that is off',
      'router',
      'sysctl -qw net.ipv4.ip_forward=0',
      'sysctl -qw net.ipv4.ip_forward=1',
      ['a', 'b:80'],
      /^counter$/,
      'InAddrErrors +',
    ],
    [
      'a policy of nft',
      'dockerhost',
      'iptables -P FORWARD DROP',
      'iptables -P FORWARD ACCEPT',
      ['web', 'db:80'],
      /^rules$/,
      'policy',
    ],
  ])('%s: by %s', async (_, namespace, fault, undo, words, evidence, reason) => {
    await host.sick(namespace, fault, undo, async () => {
      const traced = await host.trace(...words)
      expect(stopOf(traced)).toEqual(traced.predicted && stopOf(traced.predicted))
      expect(traced.notes).toEqual([])
      expect(traced.evidence).toMatch(evidence)
      expect(traced.reason).toContain(reason)
      expect(traced.hops.at(-1)?.evidence).toBe(traced.evidence)
    })
  })

  test('the kernel’s own reason is there', async () => {
    await host.sick('dockerhost', 'iptables -P FORWARD DROP', 'iptables -P FORWARD ACCEPT', async () => {
      const { drops } = await host.trace('web', 'db:80')
      expect(drops).toContainEqual(expect.objectContaining({ reason: 'NETFILTER_DROP', protocol: 'ip' }))
    })
  })

  test('without asking the kernel it is a prediction, and said to be one', async () => {
    await host.sick(...BLACKHOLE, async () => {
      const traced = await host.trace('a', 'b:80', '--no-rules')
      expect(stopOf(traced)).toEqual(traced.predicted && stopOf(traced.predicted))
      expect(traced.evidence).toBe('predicted')
      expect(traced.reason).toContain('(predicted: it was not seen behind it)')
      expect(traced.drops).toBeUndefined()
      expect(traced.notes).toEqual(['neither rules nor the kernel’s reasons for drops were asked (--no-rules)'])
    })
  })
})

test('an error that the kernel keeps back, because it sent others just now, is said', async () => {
  const [fault, undo] = ['add', 'del'].map((verb) => `ip route ${verb} unreachable 10.2.0.2`)
  await host.sick('router', fault ?? '', undo ?? '', async () => {
    // six at once, then one a second (icmp_ratelimit)
    await host.world.tryRun('ping', ['-c', '12', '-i', '0.01', '-W', '1', '10.2.0.2'], { namespace: 'a' })
    const traced = await host.trace('a', 'b:80')
    const kept = ['router: kept an ICMP error back, it had just sent others (Icmp OutRateLimitHost)']
    expect(traced.notes).toEqual(traced.verdict === 'rejected' ? [] : kept)
  })
})

test('the trace instance goes away with the trace; that of a killed one with the next', async () => {
  const words = [host.program, 'trace', 'web', '172.19.9.9:80', '--timeout', '20']
  const child = host.world.start(process.execPath, words)
  const pid = async () => {
    const rules = await host.world.run('nft', ['list', 'ruleset'], { namespace: 'dockerhost' })
    return /trace by process (\d+)/.exec(rules)?.[1]
  }
  const own = async () => (await instances()).split('\n').filter((name) => name.startsWith(`tsnet-${inner}-`))
  await expect.poll(pid, { timeout: 20_000 }).toBeDefined()
  const inner = await pid()
  await expect.poll(own, { timeout: 5_000 }).not.toEqual([])
  const ended = once(child, 'exit')
  await host.world.run('kill', ['-KILL', String(inner)])
  await ended
  await host.trace('web', 'db:80')
  expect(await own()).toEqual([])
})
