import { afterAll, beforeAll, expect, test } from 'vitest'
import { namespaceFacts, settled } from '../helpers/netns-facts.ts'
import { builtProgram, bundleProgram } from '../helpers/netns-program.ts'
import { openWorld, type World } from '../helpers/netns-world.ts'
import type { ChurnReport } from './churn/take-snapshots.ts'

const LONG = process.env['LONG'] !== undefined
const STABLE = Number(process.env['NAMESPACES'] ?? (LONG ? 1000 : 200))
const SNAPSHOTS = Number(process.env['SNAPSHOTS'] ?? (LONG ? 200 : 40))
const CHURNING = 20
const WHOLE_PROGRAMS = 5
const MEBIBYTE = 1 << 20
const TIMEOUT_MS = LONG ? 3_600_000 : 400_000

let world: World

beforeAll(async () => {
  world = await openWorld()
  await world.run('sh', ['-ec', SET_UP, 'sh', String(STABLE)])
}, TIMEOUT_MS)

afterAll(() => world.close())

/** A host with a bridge and rules of both back ends, and $1 containers. */
const SET_UP = `
ip link add br0 type bridge; ip link set br0 up; ip addr add 10.99.0.1/16 dev br0
nft add table inet keep; nft 'add chain inet keep in { type filter hook input priority 0; }'
nft add rule inet keep in counter accept
iptables-nft -A FORWARD -m comment --comment kept -j ACCEPT
iptables-legacy -A FORWARD -m comment --comment kept -j ACCEPT
ip route add blackhole 198.51.100.0/24
for number in $(seq 1 $1); do
  ip netns add stable$number
  ip link add vs$number type veth peer name eth0 netns stable$number
  ip link set vs$number master br0 up
  ip -n stable$number addr add 10.99.$((number / 250)).$((number % 250 + 2))/16 dev eth0
  ip -n stable$number link set eth0 up
done
`

/** Makes and deletes namespaces with wiring until there is a /run/stop. */
const CHURN = `
make() {
  ip netns add churn$1
  ip link add vc$1 type veth peer name eth0 netns churn$1 && ip link set vc$1 master br0 up
  ip -n churn$1 addr add 10.99.9.$1/16 dev eth0; ip -n churn$1 link set eth0 up
  ip netns exec churn$1 nft add table ip gone
}
while [ ! -e /run/stop ]; do
  for number in $(seq 1 $1); do
    [ -e /run/netns/churn$number ] && ip netns delete churn$number
    make $number
    echo $number >> /run/churned
  done
done
for number in $(seq 1 $1); do ip netns delete churn$number; done
`

test(`${SNAPSHOTS} snapshots of ${STABLE} namespaces while ${CHURNING} come and go: no error, no leak, nothing changed`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const take = await bundleProgram('test/system/churn/take-snapshots.ts')
  const generation = await bundleProgram('test/system/churn/generation.ts')
  const host = async () => ({
    ...(await namespaceFacts(world)),
    stable: await namespaceFacts(world, 'stable1'),
    generation: await world.run(process.execPath, [generation, 'stable1', `stable${STABLE}`]),
  })
  const before = await settled(host)
  const churn = world.start('sh', ['-c', CHURN, 'sh', String(CHURNING)])
  const ended = new Promise((resolve) => churn.once('exit', resolve))
  const output = await world.run(process.execPath, ['--expose-gc', take, String(SNAPSHOTS), 'stable'], {
    timeoutMs: TIMEOUT_MS,
  })
  await snapshotsByWholePrograms()
  await world.run('touch', ['/run/stop'])
  await ended
  judge(JSON.parse(output) as ChurnReport)
  expect(await churned()).toBeGreaterThan(CHURNING)
  await linksAreGone()
  expect(await settled(host)).toEqual(before)
})

async function snapshotsByWholePrograms(): Promise<void> {
  const program = await builtProgram()
  for (let number = 0; number < WHOLE_PROGRAMS; number++) {
    const { stdout, stderr, status } = await world.tryRun(process.execPath, [program, 'snapshot'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const names = (JSON.parse(stdout).namespaces as { names: string[] }[]).flatMap((namespace) => namespace.names)
    expect(names.filter((name) => name.startsWith('stable'))).toHaveLength(STABLE)
  }
}

function judge({ descriptors, residentBytes, hidden, stable }: ChurnReport): void {
  expect(hidden).toEqual([])
  expect(new Set(stable)).toEqual(new Set([STABLE]))
  // Node opens some of its own once; afterwards the number stands still
  const settled = descriptors.slice(2)
  expect(new Set(settled)).toEqual(new Set([settled[0]]))
  const half = Math.floor(residentBytes.length / 2)
  const plateau = Math.max(...residentBytes.slice(Math.floor(half / 2), half))
  expect(Math.max(...residentBytes.slice(half))).toBeLessThan(plateau * 1.15 + 16 * MEBIBYTE)
}

/** How often a namespace was made and deleted meanwhile. */
async function churned(): Promise<number> {
  return Number((await world.run('wc', ['-l', '/run/churned'])).split(' ')[0])
}

/** The kernel removes a namespace's links a while after its name. */
async function linksAreGone(): Promise<void> {
  await expect
    .poll(async () => (await world.run('ip', ['-o', 'link'])).split('\n').filter((line) => / vc\d+/.test(line)), {
      timeout: 30_000,
      interval: 200,
    })
    .toEqual([])
}
