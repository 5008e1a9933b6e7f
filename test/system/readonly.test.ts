import { afterAll, beforeAll, expect, test } from 'vitest'
import { SHOW_KINDS } from '../../src/report/columns.ts'
import { loadedModules, namespaceFacts, settled } from '../helpers/netns-facts.ts'
import { builtProgram, bundleProgram } from '../helpers/netns-program.ts'
import { openWorld, type World } from '../helpers/netns-world.ts'
import { planTopology } from '../helpers/topology.ts'
import { applyTopology, probeCapabilities } from '../helpers/topology-apply.ts'
import type { TopologyPlan } from '../helpers/topology-plan.ts'

/** Topologies in which some namespaces have tables of one iptables back end, some of the other, some of none. */
const SEED = Number(process.env['SEED'] ?? 2)

let world: World
let plan: TopologyPlan
let remove: () => Promise<void>
let program: string
let generation: string

beforeAll(async () => {
  program = await builtProgram()
  generation = await bundleProgram('test/system/churn/generation.ts')
  world = await openWorld()
  plan = planTopology(SEED, await probeCapabilities(world))
  remove = await applyTopology(world, plan)
})

afterAll(async () => {
  await remove()
  await world.close()
})

const COMMANDS: readonly (readonly string[])[] = [
  ['snapshot'],
  ['ns'],
  ['topo'],
  ['snapshot', '--redact'],
  ...SHOW_KINDS.map((kind) => ['show', kind]),
  ...SHOW_KINDS.map((kind) => ['show', kind, '--json']),
]

test('no command that looks changes anything in any namespace, nor loads a module', { timeout: 170_000 }, async () => {
  const before = await settled(everything)
  for (const words of COMMANDS) {
    const { status, stderr } = await world.tryRun(process.execPath, [program, ...words])
    expect({ words, status, stderr: status === 0 ? '' : stderr }).toEqual({ words, status: 0, stderr: '' })
  }
  expect(await everything()).toEqual(before)
})

test('the comparison itself notices a table that a careless tool would register', async () => {
  const untouched = plan.namespaces.find(({ firewall }) => firewall.iptables['ip6tables-legacy'] === undefined)
  if (!untouched) throw new Error(`the topology of seed ${SEED} has no namespace without legacy tables`)
  const before = await namespaceFacts(world, untouched.name)
  await world.run('ip6tables-legacy', ['-t', 'mangle', '-L'], { namespace: untouched.name })
  expect(await namespaceFacts(world, untouched.name)).not.toEqual(before)
})

async function everything() {
  const names = plan.namespaces.map(({ name }) => name)
  const facts = []
  for (const name of names) facts.push([name, await namespaceFacts(world, name)])
  return {
    host: await namespaceFacts(world),
    namespaces: Object.fromEntries(facts),
    generations: JSON.parse(await world.run(process.execPath, [generation, ...names])),
    modules: await loadedModules(world),
  }
}
