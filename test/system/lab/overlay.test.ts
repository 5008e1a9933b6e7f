import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'

interface FdbEntry {
  readonly mac: string
  readonly ifname: string
  readonly dst?: string
  readonly flags: readonly string[]
  readonly state?: string
  readonly linkNetNsId?: number
}

interface Neighbour {
  readonly dst: string
  readonly dev: string
  readonly lladdr: string
  readonly state: readonly string[]
}

const FILE = `name: ov
segments: {lan: {subnet: 192.168.5.0/24}}
hosts:
  h1: {segments: {lan: 192.168.5.1/24}}
  h2: {segments: {lan: 192.168.5.2/24}}
networks:
  net: {driver: overlay, ipam: {config: [{subnet: 10.5.0.0/24}, {subnet: 10.6.0.0/24}]}}
containers:
  a: {host: h1, networks: {net: {ipv4_address: 10.5.0.11}}, ports: ['8080:80'], workload: http}
  b: {host: h2, networks: {net: {ipv4_address: 10.5.0.12, aliases: [bee]}}, workload: http}
`
const THIRD = '  c: {host: h2, networks: {net: {ipv4_address: 10.6.0.13}}}\n'

describe('an overlay network of two hosts', () => {
  let labs: LabWorld
  let before: string

  const inside = (name: string, ...words: string[]) =>
    labs.world.run('ip', ['netns', 'exec', `tsnet:ov:${name}`, ...words])
  const tsnet = (...words: string[]) => labs.world.tryRun(process.execPath, [labs.program, ...words])
  const remoteFdb = async (host: string): Promise<FdbEntry[]> => {
    const entries = JSON.parse(await inside(`net@${host}`, 'bridge', '-j', 'fdb')) as FdbEntry[]
    return entries.filter(({ dst }) => dst !== undefined)
  }
  const neighbours = async (host: string): Promise<Neighbour[]> =>
    (JSON.parse(await inside(`net@${host}`, 'ip', '-j', 'neigh')) as Neighbour[]).filter(({ state }) =>
      state.includes('PERMANENT'),
    )
  const apply = async (text: string): Promise<void> => {
    await labs.mustLab('apply', await labs.write('ov.yaml', text))
  }

  beforeAll(async () => {
    labs = await openLabWorld()
    before = await labs.traces()
    await labs.mustLab('up', await labs.write('ov.yaml', FILE))
  })
  afterAll(() => labs?.world.close())

  test('has a namespace on each, with the links that Docker makes there', async () => {
    type Shown = {
      ifname: string
      mtu: number
      master?: string
      linkinfo?: { info_kind?: string; info_data?: Record<string, unknown> }
    }
    const links = JSON.parse(await inside('net@h1', 'ip', '-j', '-d', 'link')) as Shown[]
    const shown = links.map(({ ifname, mtu, master = '', linkinfo }) => [
      ifname,
      linkinfo?.info_kind ?? '',
      master,
      mtu,
    ])
    expect(shown).toEqual([
      ['lo', '', '', 65536],
      ['br0', 'bridge', '', 1450],
      ['vxlan0', 'vxlan', 'br0', 1450],
      ['veth0', 'veth', 'br0', 1450],
    ])
    const vxlan = await inside('net@h1', 'ip', '-d', 'link', 'show', 'vxlan0')
    expect(vxlan).toContain('vxlan id 4097 srcport 0 0 dstport 4789 proxy l2miss l3miss ttl auto ageing 300 udpcsum')
    expect(vxlan).not.toMatch(/nolearning|\bdev \S+ srcport|local/)
    expect(await inside('net@h1', 'ip', '-4', '-o', 'address', 'show', 'dev', 'br0')).toContain('inet 10.5.0.1/24')
    expect(await inside('net@h1', 'ip', 'route')).toBe('10.5.0.0/24 dev br0 proto kernel scope link src 10.5.0.1 \n')
    expect(await inside('net@h1', 'iptables-save')).not.toContain('-A ')
  })

  test('knows each container of the other host by a permanent neighbour and a permanent FDB entry, and floods nothing', async () => {
    expect(await neighbours('h1')).toEqual([
      { dst: '10.5.0.12', dev: 'vxlan0', lladdr: '02:42:0a:05:00:0c', state: ['PERMANENT'] },
    ])
    expect(await remoteFdb('h1')).toEqual([
      {
        mac: '02:42:0a:05:00:0c',
        ifname: 'vxlan0',
        dst: '192.168.5.2',
        linkNetNsId: 0,
        flags: ['self'],
        state: 'permanent',
      },
    ])
    expect((await remoteFdb('h2')).map(({ mac, dst }) => [mac, dst])).toEqual([['02:42:0a:05:00:0b', '192.168.5.1']])
  })

  test('gives containers a second link in docker_gwbridge, which has the default route and the published ports', async () => {
    expect(await inside('a', 'ip', 'route')).toMatch(
      /^default via 172\.18\.0\.1 dev eth1 \n10\.5\.0\.0\/24 dev eth0 .*\n10\.6\.0\.0\/24 via 10\.5\.0\.1 dev eth0 \n172\.18\.0\.0\/16 dev eth1 /,
    )
    expect(await inside('a', 'cat', '/sys/class/net/eth0/address')).toBe('02:42:0a:05:00:0b\n')
    const rules = await inside('h1', 'iptables-save')
    expect(rules).toMatch(/-A (DOCKER-)?FORWARD -i docker_gwbridge -o docker_gwbridge -j DROP/)
    expect(rules).toContain('--dport 8080 -j DNAT --to-destination 172.18.0.2:80')
    expect(await inside('h2', 'curl', '-s', 'http://192.168.5.1:8080/')).toContain('client: 192.168.5.2')
  })

  test('carries what containers of two hosts say to each other, in VXLAN on the segment between', async () => {
    const capture = labs.world.tryRun('timeout', [
      ...['20', 'ip', 'netns', 'exec', 'tsnet:ov:lan', 'tshark', '-l', '-i', 'br0', '-c', '4'],
      ...['-T', 'fields', '-e', 'vxlan.vni', '-e', 'ip.src', '-e', 'ip.dst', '-Y', 'vxlan && icmp', 'udp port 4789'],
    ])
    const pinger = labs.world.start('ip', ['netns', 'exec', 'tsnet:ov:a', 'ping', '-i', '0.2', '10.5.0.12'])
    const { stdout } = await capture
    pinger.kill()
    const lines = stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '')
    expect(lines.slice(0, 2).sort()).toEqual([
      '4097\t192.168.5.1,10.5.0.11\t192.168.5.2,10.5.0.12',
      '4097\t192.168.5.2,10.5.0.12\t192.168.5.1,10.5.0.11',
    ])
    expect(await inside('a', 'ping', '-c', '1', '-W', '2', '10.5.0.12')).toContain('1 received')
  })

  test('has names that hold on all its hosts', async () => {
    const ask = async (from: string, name: string) =>
      (await tsnet('lab', 'exec', `ov/${from}`, '--', 'getent', 'ahostsv4', name)).stdout.split(' ')[0]
    expect(await ask('a', 'bee')).toBe('10.5.0.12')
    expect(await ask('b', 'a')).toBe('10.5.0.11')
    expect(await ask('a', 'a')).toBe('10.5.0.11')
  })

  test('leaves room for VXLAN: a packet of 1450 bytes passes, a greater one is refused where it begins', async () => {
    const ping = (bytes: number) =>
      labs.world.tryRun('ip', [
        ...['netns', 'exec', 'tsnet:ov:a', 'ping', '-c', '1', '-W', '2', '-M', 'do', '-s', String(bytes), '10.5.0.12'],
      ])
    expect((await ping(1450 - 28)).status).toBe(0)
    expect((await ping(1450 - 27)).status).not.toBe(0)
  })

  test('is predicted from a snapshot of each host: the packet goes over VXLAN from one to the other', async () => {
    const save = (file: string, ...names: string[]) =>
      tsnet('snapshot', ...names.flatMap((name) => ['-n', `lab:ov/${name}`]), '-o', `/run/files/${file}`)
    expect((await save('h1.json', 'h1', 'net@h1', 'a')).status).toBe(0)
    expect((await save('h2.json', 'h2', 'net@h2', 'b')).status).toBe(0)
    const saved = ['--from', '/run/files/h1.json', '--from', '/run/files/h2.json']
    const { status, stdout } = await tsnet('path', 'a', 'b:80', ...saved)
    expect(status).toBe(0)
    expect(stdout).toContain('delivered: b tcp')
    expect(stdout).toContain('VXLAN 4097 to 192.168.5.2:4789')
    expect(stdout).toContain('VXLAN 4097 from 192.168.5.1')
    expect((await tsnet('path', 'b', 'a:80', ...saved, '--minimal')).status).toBe(0)
  })

  test('tells all its hosts of a container that comes and of one that goes, on another subnet too', async () => {
    await apply(FILE + THIRD)
    expect((await neighbours('h1')).map(({ dst, dev }) => [dst, dev])).toEqual([['10.5.0.12', 'vxlan0']])
    await apply(FILE + THIRD + THIRD.replace('c: {host: h2', 'd: {host: h1').replace('10.6.0.13', '10.6.0.14'))
    expect((await neighbours('h1')).map(({ dst, dev }) => [dst, dev]).sort()).toEqual([
      ['10.5.0.12', 'vxlan0'],
      ['10.6.0.13', 'vxlan1'],
    ])
    expect(await inside('net@h1', 'ip', '-d', 'link', 'show', 'vxlan1')).toContain('vxlan id 4098 ')
    expect(await inside('d', 'ping', '-c', '1', '-W', '2', '10.6.0.13')).toContain('1 received')
    await apply(FILE)
    expect((await neighbours('h1')).map(({ dst }) => dst)).toEqual(['10.5.0.12'])
    expect((await remoteFdb('h1')).map(({ mac }) => mac)).toEqual(['02:42:0a:05:00:0c'])
    expect(await inside('a', 'ping', '-c', '1', '-W', '2', '10.5.0.12')).toContain('1 received')
  })

  test('has nothing on a host whose last container has left, and is made again there for the next one', async () => {
    await apply(FILE.replace(/^ {2}b: .*\n/m, '').replace('driver: overlay', 'driver: overlay, host: [h1, h2]'))
    expect(await labs.world.run('ip', ['netns', 'list'])).not.toContain('net@h2')
    await apply(FILE)
    expect(await inside('a', 'ping', '-c', '1', '-W', '2', '10.5.0.12')).toContain('1 received')
  })

  test('is repaired when its namespace is deleted from under it', async () => {
    await labs.world.run('ip', ['netns', 'delete', 'tsnet:ov:net@h2'])
    await apply(FILE + THIRD)
    expect((await neighbours('h2')).map(({ dst }) => dst)).toEqual(['10.5.0.11'])
    expect(await inside('b', 'ping', '-c', '1', '-W', '2', '10.5.0.11')).toContain('1 received')
  })

  test('leaves nothing', async () => {
    await labs.mustLab('down', 'ov')
    expect(await labs.traces()).toBe(before)
  })
})
