import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CommandResult } from '../../helpers/netns-command.ts'
import { builtProgram } from '../../helpers/netns-program.ts'
import { openWorld, type World } from '../../helpers/netns-world.ts'

/** Two hosts with a container each, which reach each other through VXLAN. */
const NETWORK = `
set -e
for n in a b ha hb; do
  ip netns add $n
  ip netns exec $n sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  ip -n $n link set lo up
done
ip link add w0 netns ha type veth peer name w0 netns hb
ip -n ha addr add 10.0.0.1/24 dev w0
ip -n hb addr add 10.0.0.2/24 dev w0
for n in ha hb; do ip -n $n link set w0 up; done
ip -n ha link add vx0 type vxlan id 42 remote 10.0.0.2 dstport 4789 dev w0
ip -n hb link add vx0 type vxlan id 42 remote 10.0.0.1 dstport 4789 dev w0
for x in a b; do
  ip -n h$x link add br0 type bridge
  ip -n h$x link set vx0 master br0
  ip link add e0 netns $x type veth peer name v$x netns h$x
  ip -n h$x link set v$x master br0
  for l in br0 vx0 v$x; do ip -n h$x link set $l up; done
  ip -n $x link set e0 up
done
ip -n a addr add 172.20.0.1/24 dev e0
ip -n b addr add 172.20.0.2/24 dev e0
mkdir /run/files /run/small
mount -t tmpfs -o size=256k small /run/small
until ip netns exec a ping -q -c 1 -W 1 172.20.0.2; do :; done
`

let world: World
let program: string
const children: ChildProcess[] = []

beforeAll(async () => {
  program = await builtProgram()
  world = await openWorld()
  await world.run('sh', ['-c', NETWORK])
})
afterAll(() => world.close())

const shoot = (...words: string[]): Promise<CommandResult> =>
  world.tryRun(process.execPath, [program, 'capture', ...words])
const sh = (script: string): Promise<string> => world.run('sh', ['-c', script])
const ping = (count: number, words = '') => sh(`ip netns exec a ping -q -c ${count} -i 0.02 ${words} 172.20.0.2`)

interface Running {
  readonly child: ChildProcess
  /** What it said until it ended, and its status. */
  readonly ended: Promise<{ readonly stdout: string; readonly stderr: string; readonly status: number | null }>
  /** Resolves when its stderr has this in it. */
  says(part: string): Promise<void>
}

function start(command: string, words: readonly string[]): Running {
  const child = world.start(command, words, { stdio: 'pipe' })
  children.push(child)
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const stdout = child.stdout === null ? Promise.resolve('') : text(child.stdout)
  const ended = once(child, 'close').then(async ([status]) => ({ stdout: await stdout, stderr, status }))
  const says = (part: string) => expect.poll(() => stderr, { timeout: 15_000, interval: 10 }).toContain(part)
  return { child, ended, says }
}

/** A capture that listens. */
async function capturing(...words: string[]): Promise<Running> {
  const running = start(process.execPath, [program, 'capture', ...words])
  await running.says('capturing on')
  return running
}

/** By the process itself, for nsenter is between us. */
async function interrupt({ ended }: Running, pattern: string): ReturnType<() => Running['ended']> {
  await sh(`pkill -INT -f '^[^ ]*node .*${pattern}'`)
  return ended
}

/** An echo request or reply, also one inside VXLAN, and nothing else that the networks say of themselves. */
const PINGS = 'icmp or (udp port 4789 and udp[4:2] = 114)'

describe('a ping through VXLAN, captured in four namespaces', () => {
  test('is one file that tshark reads without a warning, in order, with the names of all', async () => {
    const running = await capturing('-n', 'a', '-n', 'b', '-n', 'ha', '-n', 'hb', '-w', '/run/files/x.pcapng', PINGS)
    const tcpdump = ['tcpdump', '--immediate-mode', '-i', 'any', '-w', '/run/files/t.pcap', PINGS]
    const peer = start('nsenter', ['--net=/run/netns/ha', ...tcpdump])
    await peer.says('listening on')
    await ping(5)
    await sh('sleep 0.2')
    await sh('pkill -INT -x tcpdump')
    const { status, stderr } = await interrupt(running, '/run/files/x.pcapng')
    expect([status, stderr]).toEqual([0, expect.stringMatching(/80 packets captured, 0 dropped, in .*x\.pcapng/)])
    const theirs = (await peer.ended).stderr
    expect(theirs).toContain('30 packets captured')
    const fields = ['frame.interface_name', 'icmp.seq', 'udp.dstport', 'vxlan.vni']
    const read = await world.tryRun('tshark', [
      '-r',
      '/run/files/x.pcapng',
      '-T',
      'fields',
      ...fields.flatMap((field) => ['-e', field]),
    ])
    expect(read.stderr.replace(/^Running as user.*\n/, '')).toBe('')
    const rows = read.stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split('\t'))
    const onHa = rows.filter(([name = '']) => name.startsWith('ha:'))
    expect([rows.length, onHa.length]).toEqual([80, 30])
    expect(rows.filter(([, , port]) => port === '4789').every(([, , , vni]) => vni === '42')).toBe(true)
    const info = await world.run('capinfos', ['/run/files/x.pcapng'])
    expect(info).toContain('Strict time order:   True')
    expect(info).toContain('Name = hb:vx0')
    const comments = await world.run('tshark', ['-r', '/run/files/x.pcapng', '-T', 'fields', '-e', 'frame.comment'])
    const said = comments.split('\n').filter(Boolean)
    expect(said).toContain('at a: a (172.20.0.1) → b (172.20.0.2) ICMP')
    expect(said).toContain('at ha: ha (10.0.0.1) → hb (10.0.0.2) VXLAN 42: a (172.20.0.1) → b (172.20.0.2) ICMP')
  })

  test('is lines with names, and the same lines of the file', async () => {
    const running = await capturing(
      '-n',
      'ha',
      '-i',
      'w0',
      '-d',
      '-w',
      '/run/files/y.pcapng',
      '-c',
      '2',
      'udp port 4789 and udp[4:2] = 114',
    )
    await ping(1)
    const { stdout, status } = await running.ended
    expect(status).toBe(0)
    const [first = '', second = ''] = stdout.split('\n')
    expect(first).toMatch(/ha:w0 {2}out {2}ha → hb VXLAN 42 ⟨a → b ICMP echo request id \d+ seq 1⟩$/)
    expect(second).toContain('⟨b → a ICMP echo reply')
    expect((await shoot('-r', '/run/files/y.pcapng')).stdout).toBe(stdout)
  })

  test('goes through a pipe into tshark, and as JSON', async () => {
    const command = `'${process.execPath}' ${program} capture -n a -i e0 -c 2 icmp 2>/run/files/said | tshark -r - -T fields -e icmp.type`
    const piped = start('sh', ['-c', command])
    await expect.poll(() => sh('cat /run/files/said'), { timeout: 15_000 }).toContain('capturing on')
    const json = await capturing('-n', 'b', '-c', '1', '--json', 'icmp')
    await ping(1)
    expect((await piped.ended).stdout).toBe('8\n0\n')
    const packet = JSON.parse((await json.ended).stdout)
    expect(packet).toMatchObject({ place: 'b:e0', ip: { sourceName: 'a', destinationName: 'b' }, icmp: { type: 8 } })
  })
})

describe('a capture ends', () => {
  test('with a file that can be read when the disk is full, and status 1', async () => {
    const running = await capturing('-n', 'a', '-i', 'e0', '-w', '/run/small/x.pcapng', 'icmp')
    await ping(200, '-s 1400')
    const { status, stderr } = await running.ended
    expect([status, stderr]).toEqual([1, expect.stringContaining('no space left on the device')])
    const read = await world.tryRun('capinfos', ['/run/small/x.pcapng'])
    expect([read.status, read.stderr]).toEqual([0, ''])
    expect(Number(/Number of packets: +(\d+)/.exec(read.stdout)?.[1])).toBeGreaterThan(100)
    expect(read.stdout).toContain('Number of stat entries = 1')
  })

  test('each of its files in order, the oldest gone', async () => {
    const words = ['-w', '/run/files/ring.pcapng', '--rotate-size', '8K', '--files', '2', '-c', '60']
    const running = await capturing('-n', 'a', '-i', 'e0', ...words, 'icmp')
    await ping(30, '-s 500')
    expect((await running.ended).status).toBe(0)
    const names = (await sh('cd /run/files; ls ring-*')).trim().split('\n')
    expect(names).toHaveLength(2)
    for (const name of names) {
      expect(Number(await sh(`stat -c %s /run/files/${name}`))).toBeLessThan(8_800)
      expect((await world.tryRun('tshark', ['-r', `/run/files/${name}`])).status).toBe(0)
    }
  })

  test('after a time, and before a size', async () => {
    const timed = await shoot('-n', 'a', '-w', '/run/files/timed.pcapng', '--duration', '0.2')
    expect(timed).toMatchObject({ status: 0, stderr: expect.stringContaining('packets captured') })
    const sized = await capturing('-n', 'a', '-w', '/run/files/sized.pcapng', '--size', '4K', 'icmp')
    await ping(20, '-s 500')
    expect((await sized.ended).status).toBe(0)
    expect(Number(await sh('stat -c %s /run/files/sized.pcapng'))).toBeLessThan(4_700)
  })

  test('only where a namespace or link went away', async () => {
    await sh('ip netns add gone; ip -n gone link add p0 type veth peer name p1; ip -n gone link set lo up')
    await sh('ip netns add kept; ip -n kept link add q0 type veth peer name q1; ip -n kept link set lo up')
    const running = await capturing('-n', 'gone', '-n', 'kept', '-w', '/run/files/gone.pcapng')
    await sh('ip -n kept link del q0; ip netns del gone')
    await running.says('kept:q0 went away')
    await running.says('gone went away: the others are captured further')
    await sh('ip netns exec kept ping -q -c 1 127.0.0.1')
    const { status, stderr } = await interrupt(running, '/run/files/gone.pcapng')
    expect([status, stderr]).toEqual([0, expect.stringContaining('2 packets captured')])
  })
})

describe('a capture that cannot be', () => {
  test.each([
    ['tcp prot 80', 5],
    ['host 10.0.0.1 and prt 80', 19],
    ['tcp[13 & 2', 11],
    ['(udp or icmp', 13],
  ])('says at which column the filter %s is wrong', async (filter, column) => {
    const { status, stderr } = await shoot('-n', 'a', '-w', '/run/files/no.pcapng', filter)
    expect([status, stderr]).toEqual([2, expect.stringContaining(`(column ${column})`)])
  })

  test('says which capability is missing, with status 4', async () => {
    const words = ['--bounding-set', '-net_raw', '--', process.execPath, program, 'capture', '-n', 'a', '-d']
    const { status, stderr } = await world.tryRun('setpriv', words)
    expect([status, stderr]).toEqual([4, expect.stringContaining('CAP_NET_RAW')])
  })

  test('says what it would need', async () => {
    expect(await shoot('-n', 'a', '-i', 'nosuch*', '-d')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no interface nosuch*'),
    })
    expect((await shoot('-n', 'a', '--rotate-size', '1M')).status).toBe(2)
    expect((await shoot('-w', '/nosuch/x.pcapng', '-n', 'a')).status).toBe(2)
    expect(await shoot('-n', 'nosuch', '-d')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no such namespace'),
    })
  })
})
