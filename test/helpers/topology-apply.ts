import type { CommandOptions } from './netns-command.ts'
import type { World } from './netns-world.ts'
import type { Capabilities, NamespacePlan, SocketPlan, TopologyPlan } from './topology-plan.ts'

const OPTIONAL_KINDS = ['ifb', 'dummy', 'bond', 'vrf']
const STACKED_KINDS = { macvlan: 'mode bridge', macvtap: 'mode bridge', vlan: 'id 5', ipvlan: 'mode l3' }

/** Which link kinds this kernel makes: tried in the world. */
export async function probeCapabilities(world: World): Promise<Capabilities> {
  const kinds: string[] = []
  await world.run('ip', ['link', 'add', 'probe', 'type', 'veth', 'peer', 'name', 'probe-peer'])
  for (const kind of OPTIONAL_KINDS) {
    const options = kind === 'vrf' ? ['table', '9'] : []
    if (await makes(world, ['type', kind, ...options])) kinds.push(kind)
  }
  for (const [kind, options] of Object.entries(STACKED_KINDS)) {
    if (await makes(world, ['link', 'probe', 'type', kind, ...options.split(' ')])) kinds.push(kind)
  }
  await world.run('ip', ['link', 'delete', 'probe'])
  return { linkKinds: new Set(kinds) }
}

async function makes(world: World, words: readonly string[]): Promise<boolean> {
  const { status } = await world.tryRun('ip', ['link', 'add', 'probed', ...words])
  if (status === 0) await world.run('ip', ['link', 'delete', 'probed'])
  return status === 0
}

/** Makes a topology. Returns the function that removes it. */
export async function applyTopology(world: World, plan: TopologyPlan): Promise<() => Promise<void>> {
  for (const { name } of plan.namespaces) await world.run('ip', ['netns', 'add', name])
  const inEach = async (step: (world: World, namespace: NamespacePlan) => Promise<void>) => {
    for (const namespace of plan.namespaces) await step(world, namespace)
  }
  for (const step of [makeLinks, stackLinks, setUpLinks]) await inEach(step)
  // before the firewall, which may drop the connections
  const listeners = await Promise.all(plan.namespaces.map(({ name, sockets }) => listen(world, name, sockets)))
  await inEach(setUpFirewall)
  return async () => {
    for (const stop of listeners) await stop()
    for (const { name } of plan.namespaces) await world.run('ip', ['netns', 'delete', name])
  }
}

async function makeLinks(world: World, plan: NamespacePlan): Promise<void> {
  await batch(world, ['ip', '-n', plan.name], plan.makeLinks)
}

async function stackLinks(world: World, plan: NamespacePlan): Promise<void> {
  await batch(world, ['ip', '-n', plan.name], plan.stackLinks)
}

async function setUpLinks(world: World, plan: NamespacePlan): Promise<void> {
  const { name } = plan
  const sysctls = Object.entries(plan.sysctls).map(([key, value]) => `${key}=${value}`)
  await world.run('sysctl', ['-qw', ...sysctls], { namespace: name })
  for (const lines of [plan.setLinks, plan.addresses, plan.routes, plan.neighbours]) {
    const [six, four] = [true, false].map((wanted) => lines.filter((line) => line.startsWith('-6 ') === wanted))
    await batch(world, ['ip', '-n', name], four ?? [])
    await batch(
      world,
      ['ip', '-6', '-n', name],
      (six ?? []).map((line) => line.slice(3)),
    )
  }
  await batch(world, ['bridge', '-n', name], plan.fdb)
  await batch(world, ['tc', '-n', name], plan.trafficControl)
}

async function setUpFirewall(world: World, { name, firewall }: NamespacePlan): Promise<void> {
  const inside = (command: string, words: readonly string[], options: CommandOptions = {}) =>
    world.run(command, words, { ...options, namespace: name })
  await inside('ipset', ['restore'], { input: text(firewall.ipsets) })
  if (firewall.nft.length > 0) await inside('nft', ['-f', '-'], { input: text(firewall.nft) })
  for (const [variant, lines] of Object.entries(firewall.iptables)) {
    await inside(`${variant}-restore`, ['-c'], { input: text(lines) })
  }
  for (const words of firewall.conntrack) await inside('conntrack', words)
}

async function batch(world: World, [command = '', ...words]: string[], lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  try {
    await world.run(command, [...words, '-batch', '-'], { input: text(lines) })
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${lines.map((line, at) => `${at + 1}: ${line}`).join('\n')}`)
  }
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

/** Opens the sockets of a namespace in one process that says when all of them are there, and ends with its input. */
const LISTENER = `
const net = require('node:net'), dgram = require('node:dgram')
const plan = JSON.parse(process.argv[1])
const once = (emitter, name) => new Promise((resolve, reject) => { emitter.once(name, resolve); emitter.once('error', reject) })
const settle = (promise) => promise.catch((error) => { if (error.code !== 'EADDRINUSE') throw error })
const main = async () => {
  for (const [host, port] of plan.tcp) { const s = net.createServer(); s.listen({ host, port, ipv6Only: host === '::' }); await settle(once(s, 'listening')) }
  for (const path of plan.unix) { const s = net.createServer(); s.listen(path); await once(s, 'listening') }
  for (const [host, port] of plan.udp) { const s = dgram.createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', ipv6Only: host === '::' }); s.bind(port, host); await settle(once(s, 'listening')) }
  for (const port of plan.connect) { const s = net.connect(port, '127.0.0.1'); await once(s, 'connect') }
  process.stdout.write('ready\\n')
  process.stdin.on('end', () => process.exit(0)).resume()
}
main()
`

async function listen(world: World, namespace: string, plan: SocketPlan): Promise<() => Promise<void>> {
  const words = ['-e', LISTENER, JSON.stringify(plan)]
  const child = world.start(process.execPath, words, { namespace, stdio: 'pipe' })
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const ready = new Promise<'ready'>((resolve) => child.stdout?.once('data', () => resolve('ready')))
  const first = await Promise.race([ready, ended])
  if (first !== 'ready') throw new Error(`listener in ${namespace}: exit ${first}: ${complaint}`)
  return async () => {
    child.stdin?.end()
    const status = await ended
    if (status !== 0) throw new Error(`listener in ${namespace}: exit ${status}: ${complaint}`)
  }
}
