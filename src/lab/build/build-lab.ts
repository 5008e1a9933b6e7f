import { messageOf, TsnetError } from '../../errors.ts'
import { requireNoFault } from '../faults/fault-record.ts'
import { planLab, type Step } from '../plan/plan.ts'
import type { ResolvedLab } from '../resolve/lab-object.ts'
import { Journal, readJournal } from './journal.ts'
import { LabBuilder } from './lab-builder.ts'
import { withLabLock } from './lab-lock.ts'
import { namespacePath } from './lab-paths.ts'
import { endProcessesIn, inodesOf } from './lab-processes.ts'
import {
  type BuiltLab,
  labCondition,
  makeStateFolder,
  NAMESPACE_KINDS,
  presentPart,
  readBuiltLab,
  writeBuiltLab,
} from './lab-state.ts'
import { preflight } from './preflight.ts'
import { type Progress, runSteps, takeBack } from './run-steps.ts'
import { type AgentCommand, launchServing, serveLab, stopServing } from './serve-lab.ts'
import { type Swept, sweepLab } from './sweep-lab.ts'

export interface BuildOptions {
  /** Of the lab file, for people. */
  readonly file: string
  readonly builtAt: string
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly agentCommand: AgentCommand
  /** One line about something that was put right on the way. */
  readonly note: (text: string) => void
}

/**
 * Builds a lab. What fails takes everything back; what an earlier, killed builder left of it goes first.
 *
 * @throws TsnetError `usage` when it is up, `unsupported` for what the kernel lacks, `failed` while another process
 * builds it
 */
export function upLab(resolved: ResolvedLab, options: BuildOptions): Promise<void> {
  const { name } = resolved
  return withLabLock(name, async () => {
    const condition = labCondition(name)
    if (condition === 'up' || condition === 'interrupted') {
      throw new TsnetError('usage', `lab ${name}: it is up already`, {
        hint: `tsnet-shoot lab apply changes it, tsnet-shoot lab down ${name} removes it`,
      })
    }
    preflight(resolved)
    if (condition !== 'absent') {
      await sweepLab(name)
      options.note(`lab ${name}: removed what an unfinished lab up had left`)
    }
    try {
      await build(undefined, resolved, options)
    } catch (error) {
      await sweepLab(name)
      throw error
    }
  })
}

/**
 * Changes a lab that is up into another version of it, and nothing of what both have. What fails leaves it as it was.
 *
 * @returns how many steps it took
 * @throws TsnetError `usage` when it is not up
 */
export function applyLab(
  name: string,
  resolve: (previous: ResolvedLab) => ResolvedLab,
  options: BuildOptions,
): Promise<number> {
  return withLabLock(name, async () => {
    requireNoFault(name)
    await takeBackUnfinished(name, options.note)
    const before = readBuiltLab(name).resolved
    const wanted = resolve(before)
    const present = presentPart(before)
    preflight(wanted)
    const lost = before.objects.length - present.objects.length
    if (lost > 0) options.note(`lab ${name}: ${lost} objects were removed from under it and are made again`)
    return build(present, wanted, options)
  })
}

async function build(from: ResolvedLab | undefined, to: ResolvedLab, options: BuildOptions): Promise<number> {
  const { file, builtAt, progress, signal, agentCommand: command } = options
  const { name } = to
  const steps = planLab(from, to)
  const leaving = inodesOf(removedNamespaces(name, steps))
  makeStateFolder(name)
  const journal = Journal.start(name, steps)
  const builder = new LabBuilder(name, from === undefined ? [to] : [from, to])
  const launched = from === undefined ? launchServing(to, command) : undefined
  try {
    await runSteps(builder, steps, { journal, progress, signal })
    await serveLab(builder, to, { command, launched })
  } catch (error) {
    launched?.kill()
    if (from === undefined) throw error
    const left = await takeBack(builder, { steps, begun: readJournal(name)?.begun ?? [] })
    await serveLab(builder, from, { command }).catch(
      (reason: unknown) => void options.note(`agent: ${messageOf(reason)}`),
    )
    if (left.length === 0) journal.finish()
    throw left.length === 0 ? error : leftOver(error, left)
  } finally {
    await builder.close()
  }
  await endProcessesIn(leaving)
  const built: BuiltLab = { format: 1, resolved: to, file, builtAt }
  writeBuiltLab(built)
  journal.finish()
  return steps.length
}

function removedNamespaces(lab: string, steps: readonly Step[]): readonly string[] {
  return steps.flatMap(({ action, object }) => {
    const isNamespace = object.kind === 'container' ? !object.hostNamespace : NAMESPACE_KINDS.has(object.kind)
    return action === 'remove' && isNamespace && 'name' in object ? [namespacePath(lab, object.name)] : []
  })
}

function leftOver(error: unknown, left: readonly string[]): TsnetError {
  const code = error instanceof TsnetError ? error.code : 'failed'
  return new TsnetError(code, `${messageOf(error)}; could not be taken back: ${left.join('; ')}`, { cause: error })
}

/** A killed `lab apply` is taken back before the next one. A killed `lab up` is not up. */
async function takeBackUnfinished(name: string, note: BuildOptions['note']): Promise<void> {
  const unfinished = readJournal(name)
  if (unfinished === undefined) return
  const { resolved } = readBuiltLab(name)
  const builder = new LabBuilder(name, [resolved])
  try {
    const left = await takeBack(builder, unfinished)
    if (left.length > 0) throw leftOver(new TsnetError('failed', `lab ${name}: an unfinished lab apply`), left)
    note(`lab ${name}: took back what an unfinished lab apply had done`)
  } finally {
    await builder.close()
  }
  Journal.start(name, []).finish()
}

/** Removes a lab and all that there is of it. @throws TsnetError `usage` when there is nothing of it */
export function downLab(name: string): Promise<Swept> {
  return withLabLock(name, async () => {
    if (labCondition(name) === 'absent') {
      throw new TsnetError('usage', `lab ${name}: it is not up`, { hint: 'tsnet-shoot lab ls lists those that are' })
    }
    await stopServing(name)
    return sweepLab(name)
  })
}
