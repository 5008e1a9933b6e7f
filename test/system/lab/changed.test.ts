import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabWorld, openLabWorld } from '../../helpers/lab-world.ts'

interface Planned {
  readonly steps: readonly { readonly action: string; readonly object: { readonly id: string } }[]
}

const hosts = 'hosts: {h1: {segments: {lan: 192.168.0.2/24}}, h2: {segments: {lan: 192.168.0.3/24}}}'
const head = `name: change\nsegments: {lan: {subnet: 192.168.0.0/24}}\n${hosts}\n`

describe('lab apply', () => {
  let labs: LabWorld
  let before: string

  const inside = (name: string, ...words: string[]) =>
    labs.world.run('ip', ['netns', 'exec', `tsnet:change:${name}`, ...words])

  /** The file's new text; what had to be done for it. */
  const apply = async (text: string): Promise<string[]> => {
    const file = await labs.write('change.yaml', head + text)
    const { steps } = JSON.parse(await labs.mustLab('apply', file, '--dry-run', '--json')) as Planned
    await labs.mustLab('apply', file)
    expect(await labs.mustLab('apply', file, '--dry-run')).toBe('change: nothing to do\n')
    return steps.map(({ action, object }) => `${action} ${object.id}`)
  }

  beforeAll(async () => {
    labs = await openLabWorld()
    before = await labs.traces()
    const file = await labs.write(
      'change.yaml',
      `${head}networks: {n0: {host: h1, subnet: 10.20.0.0/24}}\ncontainers: {a: {host: h1, networks: [n0]}, b: {host: h1, networks: [n0], ports: ['8000:80'], workload: http}}\n`,
    )
    await labs.mustLab('up', file)
  })
  afterAll(() => labs?.world.close())

  test('adds a container and leaves the others alone: a connection of theirs goes on', async () => {
    const listener = labs.world.start('ip', [
      'netns',
      'exec',
      'tsnet:change:a',
      'sh',
      '-c',
      'sleep 1000 | curl -sN telnet://10.20.0.3:80 >/dev/null',
    ])
    const inode = await labs.world.run('stat', ['-Lc', '%i', '/run/netns/tsnet:change:a'])
    const socket = async () =>
      (await inside('a', 'ss', '-tnH', 'state', 'established')).trim().replaceAll(/\s+/g, ' ').split(' ').slice(2)
    await expect.poll(socket, { timeout: 10_000 }).not.toEqual([])
    const connection = await socket()
    const steps = await apply(
      "networks: {n0: {host: h1, subnet: 10.20.0.0/24}}\ncontainers: {a: {host: h1, networks: [n0]}, b: {host: h1, networks: [n0], ports: ['8000:80'], workload: http}, c: {host: h1, networks: [n0]}}\n",
    )
    expect(steps).toEqual(['make container c', 'make endpoint c in n0'])
    expect(await labs.world.run('stat', ['-Lc', '%i', '/run/netns/tsnet:change:a'])).toBe(inode)
    expect(await socket()).toEqual(connection)
    expect(await inside('c', 'ping', '-c', '1', '-W', '2', '10.20.0.2')).toContain('1 received')
    listener.kill()
  })

  test('keeps the addresses of those that stay when one before them goes', async () => {
    const steps = await apply(
      "networks: {n0: {host: h1, subnet: 10.20.0.0/24}}\ncontainers: {b: {host: h1, networks: [n0], ports: ['8000:80'], workload: http}, c: {host: h1, networks: [n0]}}\n",
    )
    expect(steps).toEqual(['remove endpoint a in n0', 'remove container a'])
    expect(await inside('c', 'ip', '-4', '-o', 'address', 'show', 'eth0')).toContain('10.20.0.4/24')
    expect(await labs.world.run('ip', ['netns', 'list'])).not.toContain('tsnet:change:a')
  })

  test('moves a published port and what proxies it', async () => {
    const steps = await apply(
      "networks: {n0: {host: h1, subnet: 10.20.0.0/24}}\ncontainers: {b: {host: h1, networks: [n0], ports: ['8001:80'], workload: http}, c: {host: h1, networks: [n0]}}\n",
    )
    expect(steps).toEqual(['remove endpoint b in n0', 'make endpoint b in n0'])
    expect(await inside('h2', 'curl', '-s', '-m', '5', 'http://192.168.0.2:8001/')).toContain('b')
    expect(await inside('h1', 'curl', '-s', '-m', '5', 'http://127.0.0.1:8001/')).toContain('b')
    const rules = await inside('h1', 'iptables-save', '-t', 'nat')
    expect(rules).not.toContain('--dport 8000')
    expect((await inside('h1', 'ss', '-tlnH')).match(/:800\d/g)).toEqual([':8001', ':8001'])
  })

  test('makes a network again, with what is in it, when its subnet changes', async () => {
    const steps = await apply(
      "networks: {n0: {host: h1, subnet: 10.21.0.0/24}}\ncontainers: {b: {host: h1, networks: [n0], ports: ['8001:80'], workload: http}, c: {host: h1, networks: [n0]}}\n",
    )
    expect(steps).toEqual([
      'remove endpoint c in n0',
      'remove endpoint b in n0',
      'remove network n0 at h1',
      'make network n0 at h1',
      'make endpoint b in n0',
      'make endpoint c in n0',
    ])
    expect(await inside('c', 'curl', '-s', '-m', '5', 'http://10.21.0.2/')).toContain('b')
  })

  test('sets and puts back settings, routes and rules of a host', async () => {
    const containers = '\ncontainers: {c: {host: h1, networks: [n0]}}\n'
    const networks = '\nnetworks: {n0: {host: h1, subnet: 10.21.0.0/24}}'
    const plain = head.slice(0, head.indexOf('hosts:'))
    const file = async (h1: string) =>
      labs.write(
        'change.yaml',
        `${plain}hosts: {h1: {segments: {lan: 192.168.0.2/24}${h1}}, h2: {segments: {lan: 192.168.0.3/24}}}${networks}${containers}`,
      )
    await labs.mustLab('apply', await file(''))
    const clean = await inside('h1', 'sh', '-c', 'iptables-save | grep -v "^#"; ip route; sysctl net.ipv4.tcp_ecn')
    await labs.mustLab(
      'apply',
      await file(
        ", sysctls: {net.ipv4.tcp_ecn: 1}, routes: [10.50.0.0/16 via 192.168.0.3], firewall: ['-I DOCKER-USER -s 10.9.0.0/16 -j DROP', '-P INPUT DROP', '*nat', '-N OWN', '-A OWN -j RETURN']",
      ),
    )
    const changed = await inside('h1', 'sh', '-c', 'iptables-save | grep -v "^#"; ip route; sysctl net.ipv4.tcp_ecn')
    expect(changed).toContain('-A DOCKER-USER -s 10.9.0.0/16 -j DROP')
    expect(changed).toContain(':INPUT DROP')
    expect(changed).toContain('10.50.0.0/16 via 192.168.0.3 dev eth0')
    expect(changed).toContain('net.ipv4.tcp_ecn = 1')
    await labs.mustLab('apply', await file(''))
    expect(await inside('h1', 'sh', '-c', 'iptables-save | grep -v "^#"; ip route; sysctl net.ipv4.tcp_ecn')).toBe(
      clean,
    )
  })

  test('of something that fails leaves the lab as it was', async () => {
    const was = await labs.mustLab('inspect', 'change')
    const rules = await inside('h1', 'iptables-save')
    const file = await labs.write(
      'change.yaml',
      `${head.replace('h1: {', "h1: {firewall: ['-A FORWARD -m nosuchmatch -j DROP'], ")}networks: {n0: {host: h1, subnet: 10.21.0.0/24}, n1: {host: h1}}\ncontainers: {c: {host: h1, networks: [n0, n1]}, d: {host: h1, networks: [n1]}}\n`,
    )
    const { status, stderr } = await labs.lab('apply', file)
    expect(status).toBe(4)
    expect(stderr).toContain('firewall of h1')
    expect(await labs.mustLab('inspect', 'change')).toBe(was)
    const withoutCounters = (text: string) => text.replaceAll(/^#.*$/gm, '').replaceAll(/\[\d+:\d+\]/g, '')
    expect(withoutCounters(await inside('h1', 'iptables-save'))).toBe(withoutCounters(rules))
    expect(await labs.world.run('ip', ['netns', 'list'])).not.toContain('tsnet:change:d')
  })

  test('that was killed is taken back by the next one', async () => {
    const containers = Array.from(
      { length: 12 },
      (_, i) => `e${i}: {host: h1, networks: [n0, n1], ports: ['${9000 + i}:80']}`,
    )
    const large = await labs.write(
      'large.yaml',
      `${head}networks: {n0: {host: h1, subnet: 10.21.0.0/24}, n1: {host: h1}}\ncontainers: {c: {host: h1, networks: [n0]}, ${containers.join(', ')}}\n`,
    )
    const small = await labs.write(
      'small.yaml',
      `${head}networks: {n0: {host: h1, subnet: 10.21.0.0/24}}\ncontainers: {c: {host: h1, networks: [n0]}}\n`,
    )
    let interrupted = 0
    for (let round = 0; round < 8; round++) {
      const seconds = (0.15 + Math.random() * 0.8).toFixed(3)
      await labs.world.tryRun('timeout', ['-s', 'KILL', seconds, process.execPath, labs.program, 'lab', 'apply', large])
      const { condition } = JSON.parse(await labs.mustLab('inspect', 'change', '--json')) as { condition: string }
      if (condition === 'interrupted') interrupted++
      await labs.mustLab('apply', small)
      const names = (await labs.world.run('ip', ['netns', 'list'])).match(/tsnet:change:\w+/g) ?? []
      expect(names.sort()).toEqual(['h1', 'h2', 'c', 'lan'].map((name) => `tsnet:change:${name}`).sort())
      expect((await inside('h1', 'iptables-save', '-t', 'nat')).match(/--dport \d+/g)).toBeNull()
      expect((await inside('h1', 'ip', '-br', 'link')).match(/^(veth|br-)/gm)).toHaveLength(2)
      expect(await inside('c', 'ping', '-c', '1', '-W', '2', '10.21.0.1')).toContain('1 received')
    }
    expect(interrupted).toBeGreaterThan(0)
  })

  test('makes again what was deleted from under it', async () => {
    await labs.world.run('ip', ['netns', 'delete', 'tsnet:change:c'])
    await labs.world.run('ip', ['netns', 'delete', 'tsnet:change:h2'])
    expect(await labs.mustLab('inspect', 'change')).toContain('(gone)')
    const { status, stderr } = await labs.lab('apply', '/run/files/small.yaml')
    expect(stderr).toContain('removed from under it')
    expect(status).toBe(0)
    expect(await inside('c', 'ping', '-c', '1', '-W', '2', '10.21.0.1')).toContain('1 received')
    expect(await inside('h2', 'ping', '-c', '1', '-W', '2', '192.168.0.2')).toContain('1 received')
    await labs.world.run('ip', ['netns', 'delete', 'tsnet:change:h1'])
    await labs.mustLab('down', 'change')
    expect(await labs.traces()).toBe(before)
  })
})
