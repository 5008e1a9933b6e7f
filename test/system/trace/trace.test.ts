import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Trace } from '../../../src/model/trace.ts'
import { openTraceWorld, stopOf, type TraceWorld } from './trace-world.ts'

let host: TraceWorld

beforeAll(async () => {
  host = await openTraceWorld()
}, 60_000)
afterAll(() => host?.close())

describe('a packet that arrives', () => {
  test('is seen on every link of a bridge and told of by every rule, as predicted', async () => {
    const traced = await host.trace('web', 'db:80')
    expect(stopOf(traced)).toBe('arrives and is answered')
    expect(traced.disagreements).toEqual([])
    expect(traced.probe).toMatchObject({ kind: 'SYN', source: '172.19.0.3', outcome: 'connected', sent: 1 })
    const seen = traced.hops.filter(({ evidence }) => evidence === 'seen')
    expect(seen.map(({ name, direction, subject }) => `${name} ${direction} ${subject}`)).toEqual([
      'web out eth0',
      'dockerhost in vweb',
      'dockerhost out vdb',
      'db in eth0',
    ])
    const times = seen.map(({ atUs }) => atUs ?? 0)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('is followed through NAT, and its connection is shown', async () => {
    const traced = await host.trace('out', 'dockerhost:8000')
    expect(stopOf(traced)).toBe('arrives and is answered')
    expect(traced.disagreements).toEqual([])
    expect(traced.hops.at(-1)?.packet).toMatchObject({ destination: '172.19.0.3', destinationPort: 80 })
    expect(traced.hops.find(({ stage }) => stage === 'nat')?.text).toContain('--to-destination 172.19.0.3:80')
    const entry = traced.connections.find(({ name }) => name === 'dockerhost')?.entry
    expect(entry).toMatchObject({ reply: { source: '172.19.0.3', sourcePort: 80 }, status: ['ASSURED', 'DST_NAT'] })
  })

  test.each([
    ['a ping', ['web', '172.19.0.2']],
    ['a ping that is masqueraded', ['web', '192.168.7.1']],
    ['a ping in fragments', ['web', '172.19.0.2', '--size', '4000']],
    ['a ping over IPv6', ['web', 'fd19::2']],
    ['a connection through a router, from a port of the sender’s choice', ['a', 'b:80', '--source-port', '40123']],
  ])('%s', async (_, words) => {
    const traced = await host.trace(...words)
    expect({ stop: stopOf(traced), differs: traced.disagreements }).toEqual({
      stop: 'arrives and is answered',
      differs: [],
    })
  })
})

describe('a packet that is stopped', () => {
  const REJECT = 'FORWARD -d 172.19.0.2 -p tcp -j REJECT --reject-with icmp-admin-prohibited'
  const NFT = 'table ip native { chain forward { type filter hook forward priority 0; ip daddr 172.19.0.2 drop; }; }'

  test.each([
    ['a policy', 'dockerhost', 'iptables -P FORWARD DROP', 'iptables -P FORWARD ACCEPT', ['web', 'db:80'], 'FORWARD'],
    [
      'a rule that isolates',
      'dockerhost',
      'iptables -A FORWARD -s 172.19.0.3 -d 172.19.0.2 -j DROP',
      'iptables -D FORWARD 1',
      ['web', 'db:80'],
      '-s 172.19.0.3/32 -d 172.19.0.2/32 -j DROP',
    ],
    ['a rule that says so', 'dockerhost', `iptables -A ${REJECT}`, `iptables -D ${REJECT}`, ['web', 'db:80'], 'REJECT'],
    [
      'a rule of nft',
      'dockerhost',
      `nft '${NFT}'`,
      'nft delete table ip native',
      ['web', 'db:80'],
      'daddr 172.19.0.2 drop',
    ],
    [
      'a rule of legacy iptables',
      'router',
      'iptables-legacy -A FORWARD -d 10.2.0.2 -j DROP',
      'iptables-legacy -F FORWARD',
      ['a', 'b:80'],
      '-d 10.2.0.2/32 -j DROP',
    ],
    [
      'forwarding that is off',
      'router',
      'sysctl -qw net.ipv4.ip_forward=0',
      'sysctl -qw net.ipv4.ip_forward=1',
      ['a', 'b:80'],
      'forward',
    ],
    [
      'a reverse path filter',
      'router',
      'sysctl -qw net.ipv4.conf.all.rp_filter=1',
      'sysctl -qw net.ipv4.conf.all.rp_filter=0',
      ['a', 'b:80', '--source-address', '10.3.0.2', '--link', 'eth0'],
      'rp_filter',
    ],
    [
      'a blackhole',
      'router',
      'ip route add blackhole 10.2.0.2',
      'ip route del blackhole 10.2.0.2',
      ['a', 'b:80'],
      'blackhole',
    ],
    [
      'a link that is down',
      'b',
      'ip link set eth0 down',
      'ip link set eth0 up; ip route add default via 10.2.0.1',
      ['a', 'b:80', '--timeout', '4'],
      'tob',
    ],
    [
      'a smaller link, of which the sender is not told',
      'router',
      'ip link set tob mtu 1400; iptables-legacy -A OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP',
      'ip link set tob mtu 1500; iptables-legacy -F OUTPUT',
      ['a', 'b', '--size', '1500', '--df'],
      '1400',
    ],
    [
      'a published port that nobody serves',
      'dockerhost',
      'iptables -t nat -I PREROUTING -p tcp --dport 8001 -j DNAT --to-destination 172.19.0.3:81',
      'iptables -t nat -D PREROUTING 1',
      ['out', 'dockerhost:8001'],
      'listens',
    ],
  ])('by %s: trace and path name the same place', async (_, namespace, fault, undo, words, reason) => {
    await host.sick(namespace, fault, undo, async () => {
      const traced = await host.trace(...words)
      expect(stopOf(traced)).toEqual(traced.predicted && stopOf(traced.predicted))
      expect(stopOf(traced)).toMatchObject({ leg: 'the packet' })
      expect({ differs: traced.disagreements, notes: traced.notes }).toEqual({ differs: [], notes: [] })
      expect(`${traced.reason} ${traced.where?.text}`).toContain(reason)
    })
  })

  test('the policy is named with what shows it a bridge’s frames, and its fix lets the packet pass', async () => {
    await host.sick(
      'dockerhost',
      'iptables -P FORWARD DROP',
      'iptables -P FORWARD ACCEPT; iptables -F FORWARD',
      async () => {
        const traced = await host.trace('web', 'db:80')
        expect(traced.reason).toContain('bridge-nf-call-iptables')
        const [command] = traced.fixes[0]?.commands ?? []
        await host.world.run('sh', ['-c', command?.command ?? 'false'], { namespace: 'dockerhost' })
        expect(stopOf(await host.trace('web', 'db:80'))).toBe('arrives and is answered')
      },
    )
  })
})

describe('what it adds', () => {
  const ruleset = () =>
    host.world.run('sh', ['-c', 'nft list ruleset | sed "s/counter packets.*bytes [0-9]*//"'], {
      namespace: 'dockerhost',
    })
  const DROP = ['dockerhost', 'iptables -P FORWARD DROP', 'iptables -P FORWARD ACCEPT'] as const

  /** Starts a trace that waits: nobody has the address, so no rule ends it. Its own process id stands in its table. */
  async function waiting() {
    const words = [host.program, 'trace', 'web', '172.19.9.9:80', '--timeout', '20']
    const child = host.world.start(process.execPath, words)
    const deadline = performance.now() + 20_000
    while (performance.now() < deadline) {
      const rules = await host.world.run('nft', ['list', 'ruleset'], { namespace: 'dockerhost' })
      const [, pid] = /trace by process (\d+)/.exec(rules) ?? []
      if (pid !== undefined) return { child, pid }
    }
    throw new Error('trace: no table within 20 s')
  }

  test('is gone at the end', async () => {
    await host.sick(...DROP, async () => {
      const before = await ruleset()
      await host.trace('web', 'db:80')
      expect(await ruleset()).toBe(before)
    })
  })

  test.each(['KILL', 'INT', 'TERM'])('is gone after SIG%s', async (signal) => {
    const before = await ruleset()
    const { child, pid } = await waiting()
    const ended = once(child, 'exit')
    await host.world.run('kill', [`-${signal}`, pid])
    await ended
    await expect.poll(ruleset, { timeout: 5_000 }).toBe(before)
  })

  test('is nothing with --no-rules: the generation of the rule set stays', async () => {
    const monitor = host.world.start('nft', ['monitor'], { namespace: 'dockerhost', stdio: 'pipe' })
    let heard = ''
    monitor.stdout?.on('data', (chunk) => (heard += String(chunk)))
    const nft = (command: string) => host.world.run('sh', ['-c', `nft ${command}`], { namespace: 'dockerhost' })
    // from then on it listens
    const hears = async () => {
      await nft('"add table ip before; delete table ip before"')
      return heard
    }
    await expect.poll(hears, { timeout: 10_000, interval: 100 }).toContain('before')
    await nft('"add table ip first; delete table ip first"')
    const quiet = await host.trace('web', 'db:80', '--no-rules')
    await nft('"add table ip second; delete table ip second"')
    await expect.poll(() => heard, { timeout: 10_000 }).toMatch(/delete table ip second[\s\S]*generation \d+/)
    monitor.kill()
    const generationAfter = (name: string) => {
      const [, number] = new RegExp(`delete table ip ${name}[\\s\\S]*?new generation (\\d+)`).exec(heard) ?? []
      return Number(number)
    }
    expect(generationAfter('second')).toBe(generationAfter('first') + 1)
    expect(heard).not.toContain('tsnet-trace')
    expect(stopOf(quiet)).toBe('arrives and is answered')
    expect(quiet.hops.some(({ evidence }) => evidence === 'rules')).toBe(false)
  })
})

describe('what changes while it waits', () => {
  /** A trace that nobody answers, and what is done meanwhile. */
  async function tracedWhile(action: () => Promise<unknown>): Promise<Trace> {
    const words = [host.program, 'trace', 'web', '172.19.9.9:80', '--timeout', '4', '--json']
    const child = host.world.start(process.execPath, words, { stdio: 'pipe' })
    let text = ''
    child.stdout?.on('data', (chunk) => (text += String(chunk)))
    const ended = once(child, 'close')
    const rules = () => host.world.run('nft', ['list', 'ruleset'], { namespace: 'dockerhost' })
    await expect.poll(rules, { timeout: 20_000 }).toContain('tsnet-trace')
    await action()
    await ended
    return JSON.parse(text) as Trace
  }

  test('a rule set that is no longer the same is said', async () => {
    const traced = await tracedWhile(() => host.world.run('iptables', ['-N', 'LATER'], { namespace: 'dockerhost' }))
    await host.world.run('iptables', ['-X', 'LATER'], { namespace: 'dockerhost' })
    expect(traced.notes).toEqual(['dockerhost: its rules were changed while we traced'])
  })

  test('a namespace that goes away is said, and is gone afterwards', async () => {
    const { world } = host
    await world.run('ip', ['netns', 'add', 'brief'])
    await world.run('ip', [
      '-n',
      'dockerhost',
      'link',
      'add',
      'vbrief',
      'type',
      'veth',
      'peer',
      'eth0',
      'netns',
      'brief',
    ])
    await world.run('ip', ['-n', 'dockerhost', 'link', 'set', 'vbrief', 'master', 'br0', 'up'])
    await world.run('ip', ['-n', 'brief', 'link', 'set', 'eth0', 'up'])
    await world.run('ip', ['-n', 'brief', 'addr', 'add', '172.19.9.9/16', 'dev', 'eth0'])
    await world.run('sh', ['-c', 'echo 8 >/proc/sys/net/ipv4/conf/eth0/arp_ignore'], { namespace: 'brief' })
    const traced = await tracedWhile(() => world.run('ip', ['netns', 'del', 'brief']))
    expect(traced.notes).toEqual(['brief: went away while we traced'])
    const link = () => world.tryRun('ip', ['-n', 'dockerhost', 'link', 'show', 'vbrief'])
    await expect.poll(async () => (await link()).status, { timeout: 10_000 }).toBe(1)
  })
})

describe('what cannot be tried', () => {
  test('a source port in use ends with 4', async () => {
    const words = ['trace', 'db', 'web:80', '--source-port', '80', '--source-address', '172.19.0.2']
    const result = await host.world.tryRun(process.execPath, [host.program, ...words])
    expect(result).toMatchObject({ status: 4, stdout: '' })
    expect(result.stderr).toContain('source port 80: in use')
  })

  test('a size for TCP ends with 2 and says what has one', async () => {
    const words = ['trace', 'web', 'db:80', '--size', '1400']
    const result = await host.world.tryRun(process.execPath, [host.program, ...words])
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr).toContain('a SYN has the size that the kernel gives it')
    expect(result.stderr).toContain('--proto icmp')
  })

  test('without privileges it ends with 4 and says which', async () => {
    const words = ['--bounding-set=-all', '--inh-caps=-all', '--', process.execPath, host.program]
    const result = await host.world.tryRun('setpriv', [...words, 'trace', 'web', 'db:80'])
    expect(result).toMatchObject({ status: 4, stdout: '' })
    expect(result.stderr).toContain('CAP_NET_RAW')
  })

  test('outside of this machine there is nobody to send from', async () => {
    const traced = await host.trace('outside', '192.168.7.2:8000')
    expect(traced.notes).toEqual(['sent from out eth0, the other end of the uplink of dockerhost'])
    expect(stopOf(traced)).toBe('arrives and is answered')
  })
})

describe('existing traffic', () => {
  const follow = async (...words: string[]) => {
    const ping = host.world.start('ping', ['-i', '0.2', '172.19.0.2'], { namespace: 'web' })
    try {
      return await host.trace('web', '172.19.0.2', '--passive', 'icmp', ...words)
    } finally {
      ping.kill()
    }
  }
  const rulesOf = ({ hops }: Trace) => hops.filter(({ evidence }) => evidence === 'rules').map(({ subject }) => subject)

  test('is followed with what rules say of it, and nothing is sent', async () => {
    const rule = 'FORWARD -p icmp -j ACCEPT'
    await host.sick('dockerhost', `iptables -A ${rule}`, `iptables -D ${rule}`, async () => {
      const traced = await follow()
      expect(traced.probe).toMatchObject({ kind: 'nothing', mark: 'the first packet of: icmp' })
      expect(stopOf(traced)).toBe('arrives and is answered')
      expect(traced.hops.map(({ name }) => name)).toContain('db')
      expect(rulesOf(traced)).toContain('filter FORWARD')
      expect({ differs: traced.disagreements, notes: traced.notes }).toEqual({ differs: [], notes: [] })
    })
  })

  test('is followed to the rule that drops it', async () => {
    await host.sick('dockerhost', 'iptables -P FORWARD DROP', 'iptables -P FORWARD ACCEPT', async () => {
      const traced = await follow()
      expect(stopOf(traced)).toEqual(traced.predicted && stopOf(traced.predicted))
      expect(traced.evidence).toBe('rules')
    })
  })

  test('is followed by sight alone with --no-rules', async () => {
    const traced = await follow('--no-rules')
    expect(stopOf(traced)).toBe('arrives and is answered')
    expect(rulesOf(traced)).toEqual([])
  })
})
