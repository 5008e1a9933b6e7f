import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConntrackEntry, HostSnapshot } from '../../src/model/snapshot.ts'
import { bundleProgram } from '../helpers/netns-program.ts'
import { openWorld, type World } from '../helpers/netns-world.ts'
import { planTopology } from '../helpers/topology.ts'
import { applyTopology, probeCapabilities } from '../helpers/topology-apply.ts'
import type { Capabilities, NamespacePlan, TopologyPlan } from '../helpers/topology-plan.ts'
import { inodeIn, type OracleContext, oracleContext } from './oracle/context.ts'
import { FACTS, type Ours } from './oracle/facts.ts'
import { compare, type Row } from './oracle/row.ts'

/** `SEED=17` repeats one topology, `LONG=1` takes hundreds; otherwise these run on every machine alike. */
const FIRST_SEED = 1
const COUNT = process.env['LONG'] === undefined ? 8 : 200
const SEEDS =
  process.env['SEED'] === undefined
    ? Array.from({ length: COUNT }, (_, position) => FIRST_SEED + position)
    : [Number(process.env['SEED'])]

let world: World
let capabilities: Capabilities
let program: string

beforeAll(async () => {
  world = await openWorld()
  capabilities = await probeCapabilities(world)
  program = await bundleProgram('test/system/oracle/take.ts')
})

afterAll(() => world.close())

test.each(SEEDS)('every row equals what the system tools say, in the random topology of SEED=%i', async (seed) => {
  const plan = planTopology(seed, capabilities)
  const remove = await applyTopology(world, plan)
  try {
    expect(await lastingDifferencesOf(plan)).toEqual([])
  } finally {
    await remove()
  }
})

/** What differs in two readings, one after the other: a mistake of ours stays, what only moved meanwhile does not. */
async function lastingDifferencesOf(plan: TopologyPlan): Promise<string[]> {
  const first = await differencesOf(plan)
  if (first.length === 0) return []
  const second = new Set(await differencesOf(plan))
  return first.filter((difference) => second.has(difference))
}

async function differencesOf(plan: TopologyPlan): Promise<string[]> {
  const contexts = await Promise.all(
    plan.namespaces.map((namespace) => oracleContext(world, namespace.name, variantsOf(namespace))),
  )
  const before = await askAll(contexts)
  const ours = await takeOurs(plan)
  const after = await askAll(contexts)
  return contexts.flatMap((context, position) =>
    Object.entries(FACTS).flatMap(([fact, { ours: rowsOf }]) => {
      const snapshot = rowsOf(ours(context.name))
      const [first, last] = [before[position]?.[fact], after[position]?.[fact]]
      const found = compare({ before: first ?? [], snapshot, after: last ?? [] })
      return found.map((difference) => `${context.name} ${fact}: ${difference}`)
    }),
  )
}

function variantsOf({ firewall }: NamespacePlan): string[] {
  return Object.keys(firewall.iptables)
}

/** Fact → rows, for each namespace. */
function askAll(contexts: readonly OracleContext[]): Promise<Record<string, Row[]>[]> {
  return Promise.all(
    contexts.map(async (context) => {
      const asked = Object.entries(FACTS).map(async ([fact, { oracle }]) => [fact, await oracle(context)] as const)
      return Object.fromEntries(await Promise.all(asked))
    }),
  )
}

async function takeOurs(plan: TopologyPlan): Promise<(name: string) => Ours> {
  const output = await world.run(process.execPath, [program])
  const taken = JSON.parse(output) as { snapshot: HostSnapshot; connections: [number, ConntrackEntry[]][] }
  const connections = new Map(taken.connections)
  const inodes = new Map<string, number>()
  for (const { name } of plan.namespaces) inodes.set(name, await inodeIn(world, `/run/netns/${name}`))
  const hidden = taken.snapshot.hidden.filter(({ namespace }) => [...inodes.values()].includes(namespace ?? 0))
  expect(hidden).toEqual([])
  return (name) => {
    const inode = inodes.get(name) ?? 0
    const namespace = taken.snapshot.namespaces.find((one) => one.inode === inode)
    if (!namespace) throw new Error(`the snapshot has no namespace ${name} (${inode})`)
    expect(namespace.names).toContain(name)
    return { namespace, connections: connections.get(inode) ?? [] }
  }
}
