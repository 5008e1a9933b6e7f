import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'
import type { CommandResult } from '../../helpers/netns-command.ts'

/** A container that serves, one with a port published for iperf, and somebody on the segment of their host. */
const LAB = `
name: measured
segments:
  lan: { subnet: 192.168.0.0/24 }
hosts:
  host-A: { segments: { lan: 192.168.0.2/24 } }
  client: { segments: { lan: 192.168.0.10/24 } }
networks:
  n0: { host: host-A, driver: bridge, subnet: 172.19.0.0/24 }
containers:
  db: { host: host-A, networks: [n0], workload: kv }
  web: { host: host-A, networks: [n0], ports: ["8001:5001"] }
`

let lab: LabWorld

beforeAll(async () => {
  lab = await openLabWorld()
  const file = await lab.write('measured.yaml', LAB)
  await lab.mustLab('up', file)
})
afterAll(() => lab.world.close())

function shoot(...words: string[]): Promise<CommandResult> {
  return lab.world.tryRun(lab.program, words)
}

const inside = (name: string, command: string, words: string): Promise<string> =>
  lab.world.run('nsenter', [`--net=/run/netns/tsnet:measured:${name}`, '--', command, ...words.split(' ')])

interface Ping {
  readonly received: number
  readonly rttMs: Readonly<Record<'min' | 'avg' | 'max' | 'p99', number>>
  readonly replies: readonly { readonly ttl: number }[]
}

describe('ping', () => {
  test('has the round trip that ping itself has, within what a busy machine does', async () => {
    const words = '-c 20 -i 0.02 -q 172.19.0.2'
    const theirs = await inside('web', 'ping', words)
    const { stdout, status } = await shoot('ping', 'web', 'db', '-c', '20', '-i', '0.02', '--json')
    expect(status).toBe(0)
    const ours: Ping = JSON.parse(stdout)
    const min = Number(/= ([\d.]+)\//.exec(theirs)?.[1])
    expect(ours.received).toBe(20)
    expect(ours.replies.every(({ ttl }) => ttl === 64)).toBe(true)
    expect(ours.rttMs.min).toBeGreaterThan(min / 5)
    expect(ours.rttMs.min).toBeLessThan(min * 5 + 0.2)
    expect(ours.rttMs.min <= ours.rttMs.avg && ours.rttMs.avg <= ours.rttMs.max).toBe(true)
  })

  test('says that nothing is answered, with status 1', async () => {
    const { stdout, status } = await shoot('ping', 'web', '172.19.0.77', '-c', '2', '-i', '0.05', '--timeout', '0.2')
    expect(stdout).toContain('2 sent, 0 answered, 100 % lost')
    expect(status).toBe(1)
  })
})

describe('mtu', () => {
  test('is what the links take, as predicted', async () => {
    const { stdout, status } = await shoot('mtu', 'web', 'db')
    expect(stdout).toContain('path mtu 1500 to 172.19.0.2')
    expect(stdout).toContain('● as predicted')
    expect(status).toBe(0)
  })

  test('is that of a link that takes less', async () => {
    await inside('client', 'ip', 'link set lan mtu 1400').catch(() => inside('client', 'ip', 'link set eth0 mtu 1400'))
    const { stdout } = await shoot('mtu', 'client', '192.168.0.2', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, mtu: 1400, isBlackHole: false })
  })
})

describe('dns', () => {
  test('shows the rule, the socket and the answer behind 127.0.0.11', async () => {
    const { stdout, status } = await shoot('dns', 'web', 'db')
    expect(status).toBe(0)
    expect(stdout).toMatch(/rule +DOCKER_OUTPUT: .*-p udp .*DNAT --to-destination 127\.0\.0\.11:\d+/)
    expect(stdout).toMatch(/socket +udp 127\.0\.0\.11:\d+ .*\(\d+\)/)
    expect(stdout).toMatch(/db A {2}NOERROR {2}A 172\.19\.0\.2 \(ttl 600\)/)
  })

  test('finds the name of an address, and ends with 1 for what nobody knows', async () => {
    expect((await shoot('dns', 'web', '172.19.0.2', '-t', 'PTR')).stdout).toContain('PTR db')
    expect((await shoot('dns', 'web', 'nonesuch.invalid', '--timeout', '0.5')).status).toBe(1)
  })
})

describe('http', () => {
  test('has the status and the time of each step, which together are not more than all', async () => {
    const { stdout, status } = await shoot('http', 'web', 'http://db:8500/v1/kv/x?raw', '--json')
    const { status: code, address, timings } = JSON.parse(stdout)
    const theirs = await inside('web', 'curl', '-s -o /dev/null -w %{http_code} http://172.19.0.2:8500/v1/kv/x?raw')
    expect([String(code), address]).toEqual([theirs, '172.19.0.2'])
    const { dnsMs, connectMs, firstByteMs, bodyMs, totalMs } = timings
    expect(dnsMs + connectMs + firstByteMs + bodyMs).toBeLessThanOrEqual(totalMs + 0.1)
    expect(status).toBe(code < 400 ? 0 : 1)
  })

  test('refused is a line and status 1; what is no URL is usage', async () => {
    expect(await shoot('http', 'web', 'http://172.19.0.2:1/')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('ECONNREFUSED'),
    })
    expect((await shoot('http', 'web', 'db')).status).toBe(2)
  })
})

/** Processes of iperf3 in the world; waits until there are as many. */
async function iperfProcesses(wanted: number): Promise<number> {
  const deadline = Date.now() + 15_000
  for (;;) {
    const { stdout } = await lab.world.tryRun('pgrep', ['-c', '-f', '^iperf3 --'])
    const count = Number(stdout.trim())
    if (count === wanted || Date.now() > deadline) return count
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('iperf', () => {
  test('measures, and its thresholds decide the exit status', async () => {
    const passed = await shoot('iperf', 'web', 'db', '-t', '1', '--min-rate', '1M')
    expect(passed.stdout).toMatch(/web → db {2}tcp {2}iperf 3.*\n {2}→ {2}[\d.]+ [MG]bit\/s .*retransmits \d+ .*RTT/)
    expect(passed.status).toBe(0)
    const failed = await shoot('iperf', 'web', 'db', '-t', '1', '--udp', '--rate', '1M', '--min-rate', '1T')
    expect(failed.stdout).toMatch(/✖ .* is less than 1\.00 Tbit\/s/)
    expect(failed.status).toBe(1)
  })

  test('goes through a published port, in both directions', async () => {
    const words = ['iperf', 'client', 'web', '-t', '1', '--bidir', '--port', '5001', '--through', '192.168.0.2:8001']
    const { stdout, status } = await shoot(...words)
    expect(stdout).toMatch(/client ⇄ web.*\n {2}→ .*\n {2}← /)
    expect(status).toBe(0)
  })

  test('of every pair is a table, with what cannot be reached', async () => {
    const { stdout, status } = await shoot('iperf', 'matrix', '-n', 'web', '-n', 'db', '-t', '1')
    expect(stdout).toMatch(/web +· +[\d.]+ [MG]bit\/s\ndb +[\d.]+ [MG]bit\/s +·\n/)
    expect(status).toBe(0)
  })

  test('says that a port is in use, and who is not there', async () => {
    const used = await shoot('iperf', 'web', 'db', '-t', '1', '--port', '8500')
    expect(used).toMatchObject({ status: 1, stdout: expect.stringContaining('Address already in use') })
    const silent = await shoot('iperf', 'web', 'db', '-t', '1', '--through', '172.19.0.77:9')
    expect(silent).toMatchObject({ status: 1, stdout: expect.stringContaining('unable to connect') })
  })

  test('without iperf3 names the package, with status 4', async () => {
    const { stderr, status } = await lab.world.tryRun('unshare', [
      ...[
        '-m',
        'sh',
        '-c',
        'mkdir /run/u /run/w; mount -t overlay -o lowerdir=/usr/bin,upperdir=/run/u,workdir=/run/w o /usr/bin; rm /usr/bin/iperf3; exec "$@"',
      ],
      ...['sh', lab.program, 'iperf', 'web', 'db'],
    ])
    expect(stderr).toContain('iperf3: not installed')
    expect(stderr).toContain('install the package iperf3')
    expect(status).toBe(4)
  })

  test.each(['SIGINT', 'SIGKILL'] as const)('leaves no process behind after %s', async (signal) => {
    const child = lab.world.start(lab.program, ['iperf', 'web', 'db', '-t', '30'])
    const ended = new Promise((resolve) => child.once('exit', resolve))
    expect(await iperfProcesses(2)).toBe(2)
    await lab.world.run('pkill', [`-${signal.slice(3)}`, '-f', 'iperf web db -t 30'])
    await ended
    expect(await iperfProcesses(0)).toBe(0)
  })

  test('ends when a namespace goes away', async () => {
    const child = lab.world.start(lab.program, ['iperf', 'web', 'db', '-t', '30'])
    const status = new Promise((resolve) => child.once('exit', resolve))
    expect(await iperfProcesses(2)).toBe(2)
    await lab.mustLab('down', 'measured')
    expect(await status).toBe(1)
    expect(await iperfProcesses(0)).toBe(0)
  })
})
