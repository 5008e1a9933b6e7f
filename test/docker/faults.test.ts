import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { examine } from '../../src/checks/doctor/examine.ts'
import { readHost } from '../../src/inspect/read-host.ts'
import type { Finding } from '../../src/model/finding.ts'
import { type HostSnapshot, KINDS, type Namespace } from '../../src/model/snapshot.ts'
import { type DockerEngine, startDockerEngine } from '../helpers/docker-engine.ts'
import { openUplink } from '../helpers/docker-uplink.ts'

/** Name → options of `docker run`. */
const CONTAINERS: Readonly<Record<string, readonly string[]>> = {
  web: ['--network', 'front', '-p', '8080:80'],
  db: ['--network', 'front'],
  other: ['--network', 'back'],
}

let engine: DockerEngine
const pids = new Map<string, string>()
/** Names as they are on this engine, for commands: `{bridge}`, `{web}`… */
const names = new Map<string, string>()

beforeAll(async () => {
  engine = await startDockerEngine()
  await openUplink(engine)
  await engine.docker('network', 'create', '--subnet', '172.28.0.0/16', 'front')
  await engine.docker('network', 'create', '--subnet', '172.29.0.0/16', 'back')
  for (const [name, options] of Object.entries(CONTAINERS)) await engine.runContainer(name, ...options)
  await engine.docker('exec', '-d', 'web', 'httpd', '-f', '-p', '80', '-h', '/')
  for (const name of Object.keys(CONTAINERS)) {
    pids.set(name, await engine.docker('inspect', '--format', '{{.State.Pid}}', name))
  }
  await nameThings()
  await engine.inside('sh', '-c', 'iptables-save >/run/rules')
  await inContainer('web', 'sh', '-c', 'iptables-save >/run/rules-of-web')
})

afterAll(() => engine?.stop())

function inContainer(name: string, ...words: string[]): Promise<string> {
  return engine.inside('nsenter', '-t', pids.get(name) ?? '', '--net', '--', ...words)
}

async function nameThings(): Promise<void> {
  const snapshot = await readAll()
  const host = namespaceOf(snapshot, Number(engine.pid))
  for (const [name, pid] of pids) {
    const { links, addresses } = namespaceOf(snapshot, Number(pid))
    const eth0 = links.find((link) => link.name === 'eth0')
    const port = host.links.find(({ index }) => index === eth0?.peer?.index)
    names.set(`${name}-port`, port?.name ?? '')
    names.set(`${name}-mac`, eth0?.mac ?? '')
    names.set(`${name}-address`, addresses.find(({ link }) => link === eth0?.index)?.address.split('/')[0] ?? '')
    names.set(`${name}-bridge`, host.links.find(({ index }) => index === port?.master)?.name ?? '')
  }
}

function namespaceOf({ namespaces }: HostSnapshot, pid: number): Namespace {
  const found = namespaces.find(({ pids: inside }) => inside.includes(pid))
  if (found === undefined) throw new Error(`no namespace of process ${pid}`)
  return found
}

async function readAll(): Promise<HostSnapshot> {
  const { snapshot } = await readHost({ kinds: KINDS, engines: { dockerSockets: [engine.socket], deadlineMs: 20_000 } })
  return snapshot
}

/** What is told of the engine's host and all that is wired to it; the machine itself is none of ours. */
async function findings(): Promise<readonly Finding[]> {
  const snapshot = await readAll()
  const wired = new Set([namespaceOf(snapshot, Number(engine.pid)).inode])
  // a set is walked with what is added to it meanwhile
  for (const inode of wired) {
    const { links = [] } = snapshot.namespaces.find((each) => each.inode === inode) ?? {}
    for (const { peer } of links) if (peer?.namespace !== undefined) wired.add(peer.namespace)
  }
  const namespaces = snapshot.namespaces.filter(({ inode }) => wired.has(inode))
  return examine([{ ...snapshot, namespaces }]).findings
}

const brief = ({ id, subject, evidence }: Finding) => `${id} of ${subject}: ${evidence.join('; ')}`

/** A command line, run on the engine's host or, after `NAME:`, in a container. */
async function run(line: string): Promise<void> {
  const text = line.replaceAll(/\{([\w-]+)\}/g, (_, name: string) => names.get(name) ?? '')
  const [, container, command = ''] = /^(?:(web|db|other): )?(.*)$/s.exec(text) ?? []
  if (container === undefined) await engine.inside('sh', '-c', command)
  else await inContainer(container, 'sh', '-c', command)
}

interface DockerFault {
  readonly id: string
  readonly inject: readonly string[]
  readonly heal: readonly string[]
  /** Part of the evidence. */
  readonly mentions: string
}

const RULES_BACK = ['iptables-restore </run/rules']

const FAULTS: readonly DockerFault[] = [
  {
    id: 'ip-forward-off',
    inject: ['sysctl -qw net.ipv4.ip_forward=0'],
    heal: ['sysctl -qw net.ipv4.ip_forward=1'],
    mentions: 'net.ipv4.ip_forward',
  },
  { id: 'forward-policy-drop', inject: ['iptables -F FORWARD'], heal: RULES_BACK, mentions: 'FORWARD' },
  { id: 'nat-rules-flushed', inject: ['iptables -t nat -F'], heal: RULES_BACK, mentions: 'POSTROUTING' },
  {
    id: 'published-port-unreachable',
    inject: [
      'n=$(iptables -t nat -S DOCKER | grep ^-A | grep -n "dport 8080" | cut -d: -f1); iptables -t nat -R DOCKER $n ! -i {web-bridge} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.28.9.9:80',
    ],
    heal: RULES_BACK,
    mentions: '172.28.9.9:80',
  },
  {
    id: 'link-down',
    inject: ['ip link set dev {web-port} down'],
    heal: ['ip link set dev {web-port} up'],
    mentions: '{web-port}',
  },
  {
    id: 'veth-not-enslaved',
    inject: ['ip link set dev {db-port} nomaster'],
    heal: ['ip link set dev {db-port} master {db-bridge}'],
    mentions: '{db-port}',
  },
  {
    id: 'default-route-wrong',
    inject: ['db: ip route replace default via 172.28.200.1'],
    heal: ['db: ip route replace default via 172.28.0.1'],
    mentions: '172.28.200.1',
  },
  {
    id: 'container-dns-broken',
    inject: ['web: iptables -t nat -F'],
    heal: ['web: iptables-restore </run/rules-of-web'],
    mentions: '127.0.0.11',
  },
  {
    id: 'duplicate-address',
    inject: ['db: ip address add {web-address}/16 dev eth0'],
    heal: ['db: ip address delete {web-address}/16 dev eth0'],
    mentions: '{web-address}',
  },
  {
    id: 'duplicate-mac',
    inject: ['db: ip link set dev eth0 address {web-mac}', 'web: ping -c 1 -W 1 172.28.0.1 >/dev/null'],
    heal: ['db: ip link set dev eth0 address {db-mac}', 'db: ping -c 1 -W 2 172.28.0.1 >/dev/null'],
    mentions: '{web-mac}',
  },
  {
    id: 'subnet-overlap',
    inject: ['ip link add br-vpn type bridge; ip address add 192.0.2.6/29 dev br-vpn; ip link set br-vpn up'],
    heal: ['ip link delete br-vpn'],
    mentions: 'br-vpn',
  },
  {
    id: 'leaked-namespace',
    inject: [
      'touch /run/docker/netns/0badbad0bad0; unshare --net=/run/docker/netns/0badbad0bad0 true',
      'ip link add vethleaked type veth peer name eth0 netns /run/docker/netns/0badbad0bad0; ip link set vethleaked master {web-bridge} up',
      'nsenter --net=/run/docker/netns/0badbad0bad0 sh -c "ip address add 172.28.77.7/16 dev eth0; ip link set eth0 up; ip route add default via 172.28.0.1"',
    ],
    heal: ['ip link delete vethleaked; umount /run/docker/netns/0badbad0bad0; rm /run/docker/netns/0badbad0bad0'],
    mentions: 'vethleaked',
  },
]

describe('on the networks of a real Docker Engine the doctor', () => {
  test('finds nothing while they are healthy', async () => {
    expect((await findings()).map(brief)).toEqual([])
  })

  test.each(FAULTS)('names $id, at the top and with its evidence, and nothing once it is gone', async (fault) => {
    for (const line of fault.inject) await run(line)
    const found = await findings()
    for (const line of fault.heal) await run(line)
    expect(found.map(({ id }) => id)[0], found.map(brief).join('\n')).toBe(fault.id)
    const word = fault.mentions.replaceAll(/\{([\w-]+)\}/g, (_, name: string) => names.get(name) ?? '')
    expect(`${found[0]?.subject}\n${found[0]?.evidence.join('\n')}`).toContain(word)
    expect(found.length, found.map(brief).join('\n')).toBeLessThanOrEqual(2)
    await expect.poll(async () => (await findings()).map(brief), { timeout: 5000 }).toEqual([])
  })
})
