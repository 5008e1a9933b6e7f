import { agentStatus } from './agent/agent-client.ts'
import type { AgentStatus } from './agent/run-agent.ts'
import { stateFolder } from './build/lab-paths.ts'
import { type BuiltLab, labCondition, presentPart, readBuiltLab } from './build/lab-state.ts'
import { describeObject } from './plan/describe-object.ts'

/** A lab that is up: what it is of, and what of it is not there any more. */
export interface InspectedLab extends BuiltLab {
  readonly condition: string
  /** What its agent serves; absent = there is none. */
  readonly agent?: AgentStatus
  /** Ids of objects that were removed from under it. */
  readonly lost: readonly string[]
}

/** @throws TsnetError `usage` when it is not up */
export async function inspectLab(name: string): Promise<InspectedLab> {
  const built = readBuiltLab(name)
  const present = new Set(presentPart(built.resolved).objects.map(({ id }) => id))
  const lost = built.resolved.objects.flatMap(({ id }) => (present.has(id) ? [] : [id]))
  const agent = await agentStatus(stateFolder(name))
  return { ...built, condition: labCondition(name), lost, ...(agent === undefined ? {} : { agent }) }
}

/** For people, a line an object. */
export function formatLab({ resolved, file, builtAt, condition, lost, agent }: InspectedLab): readonly string[] {
  const { name, description, objects, checks } = resolved
  const gone = new Set(lost)
  return [
    `${name}: ${condition}, built ${builtAt} from ${file}`,
    ...(description === undefined ? [] : [description]),
    ...objects.map((object) => `  ${describeObject(object)}${gone.has(object.id) ? ' (gone)' : ''}`),
    ...(agent === undefined ? [] : formatAgent(agent)),
    `  ${checks.length} checks`,
  ]
}

function formatAgent({ pid, dns, proxies, workloads }: AgentStatus): readonly string[] {
  return [
    `  agent: process ${pid}, names for ${dns.length} containers, ${proxies.length} proxied ports`,
    ...workloads.map(({ key, state, detail }) => `    ${key}: ${state}, ${detail}`),
  ]
}
