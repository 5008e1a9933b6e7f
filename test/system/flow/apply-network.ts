import type { World } from '../../helpers/netns-world.ts'
import { type Agent, agentOf, type Probe } from './agents.ts'
import type { Network, NetworkNamespace } from './network.ts'

/** A network that is there, with somebody in every namespace who listens and sends. */
export interface RunningNetwork {
  /** `answer`, `silence` or `error CODE`. */
  send(namespace: string, probe: Probe): Promise<string>
  close(): Promise<void>
}

/** Has the kernel tell of every rule that a packet meets, from now on. */
export async function traceRules(world: World, { namespaces }: Network): Promise<void> {
  for (const { name } of namespaces) await fed(world, 'nft', ['-f', '-'], TRACED, name)
}

const TRACED = ['inet', 'bridge'].flatMap((family) => [
  `table ${family} traced {`,
  '  chain before { type filter hook prerouting priority -350; meta nftrace set 1; }',
  '  chain out { type filter hook output priority -350; meta nftrace set 1; }',
  '}',
])

/** @param agent path of the bundled agent.ts */
export async function applyNetwork(world: World, network: Network, agent: string): Promise<RunningNetwork> {
  const { namespaces } = network
  for (const { name } of namespaces) await world.run('ip', ['netns', 'add', name])
  const each = (step: (world: World, namespace: NetworkNamespace) => Promise<void>) =>
    namespaces.reduce((before, namespace) => before.then(() => step(world, namespace)), Promise.resolve())
  await each((_, { name, early }) => setSysctls(world, name, early))
  await each((_, { name, links }) => batch(world, ['ip', '-n', name], links))
  await each((_, { name }) => quickenNeighbours(world, name))
  await each((_, { name, addresses }) => batch(world, ['ip', '-n', name], ['link set lo up', ...addresses]))
  await each((_, { name, bridge }) => batch(world, ['bridge', '-n', name], bridge))
  await each((_, { name, sysctls }) => setSysctls(world, name, sysctls))
  const agents = new Map<string, Agent>()
  await Promise.all(namespaces.map(async ({ name }) => agents.set(name, await agentIn(world, name, agent))))
  await each(filter)
  await each((_, { name, late }) => batch(world, ['ip', '-force', '-n', name], late, true))
  return {
    send: (namespace, probe) => agents.get(namespace)?.send(probe) ?? Promise.reject(new Error(`no ${namespace}`)),
    close: async () => {
      await Promise.all([...agents.values()].map((each) => each.close()))
    },
  }
}

async function setSysctls(world: World, namespace: string, values: Readonly<Record<string, string>>): Promise<void> {
  const words = Object.entries(values).map(([key, value]) => `${key}=${value}`)
  // a kernel may lack one, e.g. bridge-nf-call without its module
  if (words.length > 0) await world.tryRun('sysctl', ['-qw', ...words], { namespace })
}

/** Three questions without an answer take three seconds otherwise. The defaults are the first namespace's alone. */
async function quickenNeighbours(world: World, namespace: string): Promise<void> {
  const script = 'for file in /proc/sys/net/ipv[46]/neigh/*/retrans_time_ms; do echo 80 > "$file"; done'
  await world.run('sh', ['-c', script], { namespace })
}

async function filter(world: World, { name, ipsets, iptables, nft }: NetworkNamespace): Promise<void> {
  const inside = { namespace: name }
  if (ipsets.length > 0) await world.run('ipset', ['restore'], { ...inside, input: text(ipsets) })
  for (const [variant, lines] of Object.entries(iptables)) {
    await fed(world, `${variant}-restore`, [], lines, name)
  }
  if (nft.length > 0) await fed(world, 'nft', ['-f', '-'], nft, name)
}

/** A rule that contradicts itself is refused with its line, or by legacy with its whole table: the rest is as good. */
async function fed(
  world: World,
  command: string,
  words: readonly string[],
  lines: readonly string[],
  namespace: string,
): Promise<void> {
  const { status, stderr } = await world.tryRun(command, words, { namespace, input: text(lines) })
  if (status === 0) return
  const refused = Number(/(?:stdin:|line:? )(\d+)/.exec(stderr)?.[1] ?? 0)
  const line = lines[refused - 1]
  if (line === undefined) throw new Error(`${command}: ${stderr}\n${numbered(lines)}`)
  const first =
    line === 'COMMIT'
      ? lines.lastIndexOf(lines.findLast((each, at) => at < refused && each.startsWith('*')) ?? '')
      : refused - 1
  await fed(world, command, words, [...lines.slice(0, first), ...lines.slice(refused)], namespace)
}

function numbered(lines: readonly string[]): string {
  return lines.map((line, at) => `${at + 1}: ${line}`).join('\n')
}

async function batch(world: World, [command = '', ...words]: string[], lines: readonly string[], mayFail = false) {
  if (lines.length === 0) return
  const run = mayFail ? world.tryRun : world.run
  try {
    await run(command, [...words, '-batch', '-'], { input: text(lines) })
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${numbered(lines)}`)
  }
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

function agentIn(world: World, namespace: string, program: string): Promise<Agent> {
  return agentOf(world.start(process.execPath, [program], { namespace, stdio: 'pipe' }), namespace)
}
