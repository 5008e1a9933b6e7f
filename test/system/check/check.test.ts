import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CheckReport } from '../../../src/model/check.ts'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'
import type { CommandResult } from '../../helpers/netns-command.ts'

const LAB = 'tsnet:pets-bridge:'

let labs: LabWorld
const labFile = fileURLToPath(new URL('../../../labs/pets-bridge.yaml', import.meta.url))
const eventually = (action: () => Promise<void>): Promise<void> =>
  vi.waitFor(action, { timeout: 20_000, interval: 100 })
/** What `check init` wrote. */
let text = ''

const program = (...words: string[]): Promise<CommandResult> =>
  labs.world.tryRun(process.execPath, [labs.program, ...words])
/** Lines of the file of `check init` that are not passed. */
const failedLines = async (): Promise<readonly string[]> => {
  const { stdout, status } = await program('check', '/run/files/a.yaml', '--json')
  const { results } = JSON.parse(stdout) as CheckReport
  const lines = text.split('\n')
  const failed = results.filter(({ verdict }) => verdict !== 'passed').map(({ place }) => lines[place.line - 1] ?? '')
  expect(status).toBe(failed.length === 0 ? 0 : 1)
  return failed
}

beforeAll(async () => {
  labs = await openLabWorld()
  await labs.mustLab('up', 'pets-bridge', '--wait')
  // neighbours and bridge ports have settled when everything has been tried
  const written = await program('check', 'init')
  expect(written).toMatchObject({ status: 0, stderr: '' })
  text = written.stdout
  await labs.write('a.yaml', text)
})
afterAll(() => labs.world.close())

describe('a file of check init', () => {
  test('is passed as things are, is the same when written again, and is a line for each thing', async () => {
    const { stdout, status } = await program('check', '/run/files/a.yaml', '--quiet')
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^\d+ passed in [\d.]+ s\n$/)])
    const again = (await program('check', 'init')).stdout
    expect(again.split('\n').slice(1)).toEqual(text.split('\n').slice(1))
    for (const part of ['dns: { name: db, type: A }', 'nat', 'resolver: configuration', '"172.19.0.2/24"']) {
      expect(text).toContain(part)
    }
  })

  const web = (command: string) => `ip netns exec ${LAB}web ${command}`
  const host = (command: string) => `ip netns exec ${LAB}host-A ${command}`

  // what is changed, how it is put back, and the line that tells of it
  const changes: readonly (readonly [string, string, string, RegExp])[] = [
    ['the MTU of a link', web('ip link set eth0 mtu 1400'), web('ip link set eth0 mtu 1500'), /web", link: eth0/],
    ['a link that goes down', host('ip link set eth0 down'), host('ip link set eth0 up'), /host-A", link: eth0/],
    ['a link that comes', web('ip link add v0 type veth peer name v1'), web('ip link delete v0'), /no other link/],
    [
      'an address that goes',
      web('ip address delete 172.19.0.3/24 dev eth0'),
      `${web('ip address add 172.19.0.3/24 brd 172.19.0.255 dev eth0')} && ${web('ip route add default via 172.19.0.1')}`,
      /address: "172\.19\.0\.3\/24"/,
    ],
    [
      'an address that comes',
      web('ip address add 172.19.0.77/24 dev eth0'),
      web('ip address delete 172.19.0.77/24 dev eth0'),
      /no other address/,
    ],
    [
      'a route that leads elsewhere',
      web('ip route replace default via 172.19.0.2'),
      web('ip route replace default via 172.19.0.1'),
      /web", route: default/,
    ],
    [
      'a route that comes',
      host('ip route add blackhole 10.99.0.0/16'),
      host('ip route delete blackhole 10.99.0.0/16'),
      /host-A: no other route/,
    ],
    [
      'a policy rule that comes',
      host('ip rule add from 10.0.0.0/8 lookup 100'),
      host('ip rule delete from 10.0.0.0/8 lookup 100'),
      /host-A: no other rule/,
    ],
    [
      'a policy rule that goes',
      web('ip rule delete from all lookup default'),
      web('ip rule add from all lookup default pref 32767'),
      /web", rule: "from all lookup default"/,
    ],
    [
      'a filter rule that comes first',
      host('iptables -I FORWARD 1 -s 10.1.1.1 -j DROP'),
      host('iptables -D FORWARD 1'),
      /host-A", firewall: { chain: FORWARD, table: filter/,
    ],
    [
      'a policy of the filter',
      host('iptables -P FORWARD ACCEPT'),
      host('iptables -P FORWARD DROP'),
      /chain: FORWARD, table: filter.*policy: DROP/,
    ],
    [
      'a sysctl',
      host('sysctl -qw net.ipv4.ip_forward=0'),
      host('sysctl -qw net.ipv4.ip_forward=1'),
      /host-A", sysctl: net\.ipv4\.ip_forward/,
    ],
  ]

  test.each(changes)('tells of %s by its line', async (_, change, back, line) => {
    await labs.world.run('sh', ['-c', change])
    try {
      const lines = await failedLines()
      expect(
        lines.filter((each) => line.test(each)),
        lines.join('\n'),
      ).not.toEqual([])
    } finally {
      await labs.world.run('sh', ['-c', back])
    }
  })

  test('is passed again once all of it is put back', async () => {
    expect(await failedLines()).toEqual([])
  })
  test('tells of a port that is opened, and of one that is closed', async () => {
    labs.world.start('socat', ['TCP-LISTEN:4000,fork,reuseaddr', 'STDOUT'], { namespace: `${LAB}client` })
    await eventually(async () =>
      expect(await failedLines()).toContainEqual(expect.stringMatching(/client: no other port/)),
    )
    const { stdout } = await program('check', 'init', '-n', 'lab:pets-bridge/client')
    await labs.write('ports.yaml', stdout)
    expect((await program('check', '/run/files/ports.yaml')).status).toBe(0)
    await labs.world.run('sh', ['-c', 'kill $(pgrep -f "[T]CP-LISTEN:4000")'])
    await eventually(async () => expect((await program('check', '/run/files/ports.yaml')).status).toBe(1))
    const closed = (await program('check', '/run/files/ports.yaml', '-q')).stdout
    expect(closed).toContain('lab:pets-bridge/client: port 0.0.0.0:4000/tcp')
    expect(closed).toContain('there is no port 0.0.0.0:4000/tcp')
  })

  test('tells of a name server and of a name that are not what they were', async () => {
    const resolver = '/run/tsnet-shoot/state/pets-bridge/etc/web/resolv.conf'
    const before = await labs.world.run('cat', [resolver])
    await labs.world.run('sh', ['-c', `echo "nameserver 192.0.2.1" > ${resolver}`])
    const lines = await failedLines()
    expect(lines.filter((line) => /web", resolver: configuration/.test(line))).toHaveLength(1)
    expect(lines.filter((line) => /web", dns: { name: db/.test(line))).toHaveLength(1)
    await labs.world.run('sh', ['-c', `printf '%s' "$1" > ${resolver}`, 'sh', before])
    const lab = await labs.world.run('cat', [labFile])
    await labs.write(
      'moved.yaml',
      lab.replace(
        'db: { host: host-A, networks: [petsBridge]',
        'db: { host: host-A, networks: { petsBridge: { ipv4_address: 172.19.0.9 } }',
      ),
    )
    await labs.mustLab('apply', '/run/files/moved.yaml')
    const { stdout } = await program('check', '/run/files/a.yaml', '-q')
    expect(stdout).toMatch(/web: dns db type=A\n +answers is 172\.19\.0\.9, not 172\.19\.0\.2/)
  })
})
