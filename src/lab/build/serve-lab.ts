import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { TsnetError } from '../../errors.ts'
import { type LaunchedAgent, launchAgent, startAgent, stopAgent } from '../agent/agent-client.ts'
import type { AgentStatus } from '../agent/run-agent.ts'
import { writeServed } from '../agent/served-file.ts'
import { SERVED_FILE } from '../agent/served-state.ts'
import type { ResolvedLab } from '../resolve/lab-object.ts'
import type { LabBuilder } from './lab-builder.ts'
import { stateFolder } from './lab-paths.ts'
import { needsAgent, prepareServed } from './served.ts'

/** Program and arguments that run the agent of a lab. */
export type AgentCommand = (lab: string) => readonly string[]

/** Starts the agent's process while the lab is still being built; undefined for a lab that needs none. */
export function launchServing(resolved: ResolvedLab, command: AgentCommand): LaunchedAgent | undefined {
  const { name, objects } = resolved
  if (!objects.some(({ kind }) => kind === 'container' || kind === 'workload')) return undefined
  return launchAgent({ stateFolder: stateFolder(name), command: command(name) })
}

export interface ServeOptions {
  readonly command: AgentCommand
  readonly launched?: LaunchedAgent | undefined
}

/**
 * Has the agent serve what a lab has now; resolves when it does.
 *
 * @throws TsnetError `failed` naming what cannot be served
 */
export async function serveLab(
  builder: LabBuilder,
  resolved: ResolvedLab,
  { command, launched }: ServeOptions,
): Promise<void> {
  const folder = stateFolder(builder.lab)
  const served = await prepareServed(builder, resolved)
  if (!needsAgent(served)) {
    launched?.kill()
    await stopAgent(folder)
    rmSync(join(folder, SERVED_FILE), { force: true })
    return
  }
  writeServed(folder, served)
  const status = await startAgent({ stateFolder: folder, command: command(builder.lab), launched })
  const failed = failuresOf(status)
  if (failed.length > 0) throw new TsnetError('failed', `lab ${builder.lab}: ${failed.join('; ')}`)
}

/** No error when nothing is served. */
export async function stopServing(lab: string): Promise<void> {
  await stopAgent(stateFolder(lab))
}

function failuresOf({ dns, proxies, workloads }: AgentStatus): readonly string[] {
  return [
    ...dns.map((piece) => ({ what: `DNS of ${piece.key}`, ...piece })),
    ...proxies.map((piece) => ({ what: `published port ${piece.key}`, ...piece })),
    ...workloads.map((piece) => ({ what: `workload of ${piece.key}`, ...piece })),
  ].flatMap(({ what, state, detail }) => (state === 'failed' ? [`${what}: ${detail}`] : []))
}
