import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { DnsRuleInstaller, removeDnsRules } from '../../../../src/driver/dns/dns-rule-installer.ts'
import { dnsNftRules, dnsRules } from '../../../../src/driver/dns/dns-rules.ts'
import { type PrivateNamespace, privateNamespace } from '../../../helpers/private-namespace.ts'

const PORTS = { udpPort: 56081, tcpPort: 39339 }
/** What Docker Engine 20.10 leaves in a sandbox with these ports. */
const ENGINE = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER_OUTPUT - [0:0]
:DOCKER_POSTROUTING - [0:0]
-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
-A POSTROUTING -d 127.0.0.11/32 -j DOCKER_POSTROUTING
-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:39339
-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:56081
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p tcp -m tcp --sport 39339 -j SNAT --to-source :53
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p udp -m udp --sport 56081 -j SNAT --to-source :53
COMMIT
`

const namespaces: PrivateNamespace[] = []

afterEach(() => {
  for (const namespace of namespaces.splice(0)) namespace.close()
})

function add(): PrivateNamespace {
  const namespace = privateNamespace()
  namespaces.push(namespace)
  return namespace
}

async function saved({ host }: PrivateNamespace): Promise<string> {
  return (await host.run('iptables-save', [])).stdout.replace(/^#.*\n/gm, '')
}

async function ruleset({ host }: PrivateNamespace): Promise<string> {
  return (await host.run('nft', ['list', 'ruleset'])).stdout
}

describe('iptables', () => {
  test('the rules are those of the engine, written by the tool or copied', async () => {
    const [byTool, copied] = [add(), add()]
    await byTool.host.run('iptables-restore', ['--noflush'], { input: dnsRules(PORTS) })
    await new DnsRuleInstaller(PORTS).install(copied.host)
    expect(await ruleset(copied)).toBe(await ruleset(byTool))
    expect(await saved(byTool)).toBe(ENGINE)
    expect(await saved(copied)).toBe(ENGINE)
  })

  test('iptables works on with copied rules', async () => {
    const { host } = add()
    await new DnsRuleInstaller(PORTS).install(host)
    const check = '-t nat -C DOCKER_OUTPUT -d 127.0.0.11 -p udp --dport 53 -j DNAT --to-destination 127.0.0.11:56081'
    await host.run('iptables', check.split(' '))
    await host.run('iptables', ['-t', 'nat', '-F'])
    await host.run('iptables', ['-t', 'nat', '-X'])
  })

  test('a sandbox with a nat table keeps it, and gets the rules before its own', async () => {
    const sandbox = add()
    await sandbox.host.run('iptables', '-t nat -A OUTPUT -d 10.9.9.9 -j ACCEPT'.split(' '))
    await new DnsRuleInstaller(PORTS).install(sandbox.host)
    const jumps = (await saved(sandbox)).split('\n').filter((line) => line.startsWith('-A OUTPUT'))
    expect(jumps).toEqual(['-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT', '-A OUTPUT -d 10.9.9.9/32 -j ACCEPT'])
    await removeDnsRules(sandbox.host)
    expect(await saved(sandbox)).not.toMatch(/DOCKER|127\.0\.0\.11/)
    expect(await saved(sandbox)).toMatch('10.9.9.9')
  })

  test('installed again with other ports, they are replaced', async () => {
    const sandbox = add()
    await new DnsRuleInstaller({ udpPort: 1, tcpPort: 2 }).install(sandbox.host)
    await new DnsRuleInstaller(PORTS).install(sandbox.host)
    await new DnsRuleInstaller(PORTS).install(sandbox.host)
    expect(await saved(sandbox)).toBe(ENGINE)
  })

  test('removing what is not there is no error', async () => {
    const sandbox = add()
    await removeDnsRules(sandbox.host)
    expect(await ruleset(sandbox)).toBe('')
  })
})

test('iptables on its legacy back end is used as it is, again and again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ts-legacy-'))
  const path = process.env['PATH']
  for (const tool of ['restore', 'save'])
    symlinkSync('/usr/sbin/xtables-legacy-multi', join(folder, `iptables-${tool}`))
  process.env['PATH'] = `${folder}:${path}`
  try {
    const sandbox = add()
    await new DnsRuleInstaller({ udpPort: 1, tcpPort: 2 }).install(sandbox.host)
    await new DnsRuleInstaller(PORTS).install(sandbox.host)
    expect((await saved(sandbox)).replace(/\[\d+:\d+\]/g, '[0:0]')).toBe(ENGINE)
    expect(await ruleset(sandbox)).toBe('')
    await removeDnsRules(sandbox.host)
    expect(await saved(sandbox)).not.toMatch(/DOCKER|127\.0\.0\.11/)
  } finally {
    process.env['PATH'] = path
    rmSync(folder, { recursive: true })
  }
})

describe('nft', () => {
  test('the table is the same by the tool, copied, and copied over another', async () => {
    const [byTool, copied, replaced] = [add(), add(), add()]
    await byTool.host.run('nft', ['-f', '-'], { input: dnsNftRules(PORTS) })
    await new DnsRuleInstaller(PORTS, 'nft').install(copied.host)
    await new DnsRuleInstaller({ udpPort: 1, tcpPort: 2 }, 'nft').install(replaced.host)
    await new DnsRuleInstaller(PORTS, 'nft').install(replaced.host)
    const expected = await ruleset(byTool)
    expect(expected).toContain('ip daddr 127.0.0.11 udp dport 53 counter packets 0 bytes 0 dnat to 127.0.0.11:56081')
    expect(await ruleset(copied)).toBe(expected)
    expect(await ruleset(replaced)).toBe(expected)
    await removeDnsRules(copied.host)
    expect(await ruleset(copied)).toBe('')
  })
})

test('copying costs a fraction of running the tool in each sandbox', { timeout: 60_000 }, async () => {
  const [some, others] = [Array.from({ length: 20 }, add), Array.from({ length: 20 }, add)]
  const installer = new DnsRuleInstaller(PORTS)
  await installer.install(add().host)
  const copying = await duration(async () => {
    for (const { host } of some) await installer.install(host)
  })
  const running = await duration(async () => {
    for (const { host } of others) await host.run('iptables-restore', ['--noflush'], { input: dnsRules(PORTS) })
  })
  console.info(`20 sandboxes: copied in ${copying.toFixed(1)} ms, by the tool in ${running.toFixed(1)} ms`)
  expect(copying).toBeLessThan(running / 4)
})

async function duration(action: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await action()
  return performance.now() - start
}
